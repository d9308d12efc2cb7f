"""Surge posting in the demo city (演示下沉): invented people of the demo units, some at their postings already."""

from datetime import date, datetime, timedelta

from django.conf import settings
from django.utils.timezone import localdate

from shanzhi.base.access import SYSTEM
from shanzhi.city.compounds.models import Compound
from shanzhi.city.people.models import Unit
from shanzhi.city.places.models import Place
from shanzhi.city.surge import actions
from shanzhi.city.surge.models import Need
from shanzhi.edge.cli import demo

_NAMES = "甲乙丙丁戊己庚辛壬癸"
_SKILLS = (("driving",), ("medical",), (), ("carrying", "driving"), ("computing",))
_DAYS = 14


def seed_surge(*, at: datetime | None = None) -> None:
    """State a few needs, offer a few people, and post those for the first need; a second run changes nothing."""
    now = at or settings.SHANZHI_CLOCK.now()
    if Need.objects.exists():
        return
    on = localdate(now)
    until = on + timedelta(days=_DAYS)
    homes = list(Place.objects.filter(level="community", area=demo.DISTRICT).order_by("code")[:4])
    units = list(Unit.objects.filter(place__code=demo.DISTRICT).order_by("code"))
    first = Compound.objects.filter(place=homes[0]).order_by("name").first()
    actions.state_need(
        actions.NewNeed(
            4, on, until, "到社区报到，协助卡口值守", homes[0].id, (first.area, first.id) if first else None,
            ("driving",),
        ),
        actor=SYSTEM, at=now,
    )  # fmt: skip
    _offer(units[:2], homes, "下沉", 2, until, now)
    _, postings = actions.assign((), on, actor=SYSTEM, at=now)
    for posting in postings[:2]:
        actions.perform(posting.area, posting.id, "report_in", actor=SYSTEM, at=now)
    for place, people, skills in (
        (homes[1], 6, ("medical",)),
        (homes[2], 3, ()),
        (homes[3], 5, ("carrying",)),
    ):
        need = actions.NewNeed(people, on, until, "逐户登记，发放物资", place.id, skills=skills)
        actions.state_need(need, actor=SYSTEM, at=now)
    _offer(units, homes, "支援", 3, until, now)


def _offer(units: list[Unit], homes: list[Place], title: str, each: int, until: date, now: datetime) -> None:
    number = 0
    for unit in units:
        listed = []
        for _ in range(each):
            listed.append(
                actions.NewOffer(
                    name=f"{title}干部{_NAMES[number]}", phone=f"028-0001-{number:04d}",
                    skills=_SKILLS[number % len(_SKILLS)], home_id=homes[number % len(homes)].id,
                    from_on=localdate(now), to_on=until,
                )
            )  # fmt: skip
            number += 1
        actions.offer_people(unit.id, listed, actor=SYSTEM, at=now)
