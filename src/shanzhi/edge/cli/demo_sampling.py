"""Sampling in the demo district (演示采样): a round under way with results of its first hours, one to be confirmed.

Everything is invented; nobody has a name.
"""

from __future__ import annotations

import random
from datetime import datetime, time, timedelta
from uuid import UUID, uuid5

from django.conf import settings
from django.db import connection, transaction
from django.utils.timezone import localdate, localtime

from shanzhi.base.access import Actor
from shanzhi.city.people.models import Account
from shanzhi.city.people.queries import actor_for_account
from shanzhi.city.places.models import Place
from shanzhi.core.kit.ids import uuid7
from shanzhi.edge.cli.demo import DISTRICT
from shanzhi.scenes.sampling import actions, reading, results, rollup, slots, taking
from shanzhi.scenes.sampling.drafting import Draft
from shanzhi.scenes.sampling.models import Allocation, Campaign, Point, Ticket, Tube

HOURS_AGO = 2
OPEN_HOURS = 11
LATEST = 12
_SHARE = 0.7  # of the doors due by now that have come


def seed_sampling() -> None:
    """Make them unless there are campaigns already."""
    if Campaign.objects.exists():
        return
    now = settings.SHANZHI_CLOCK.now()
    communities = _communities()
    if not communities:
        return
    # Eleven hours on the day, whatever the time is: fewer would leave doors without a slot.
    opens = time(min(max(localtime(now).hour - HOURS_AGO, 0), LATEST))
    closes = time(opens.hour + OPEN_HOURS)
    begun = now - timedelta(hours=HOURS_AGO + 12)
    begun = max(begun, localtime(now).replace(hour=0, minute=0, second=1, microsecond=0))
    first, second = _actor("yiwu", begun), _actor("zhihui", begun)
    round_one = actions.create(
        Draft(
            "round_ten", [one.id for one in communities[:2]], localdate(now), opens=opens, closes=closes,
            people_per_point=2000,
        ),
        actor=first, at=begun,
    )  # fmt: skip
    actions.perform(round_one.id, "propose", actor=first, at=begun)
    actions.perform(round_one.id, "issue", actor=second, at=begun)
    round_one.refresh_from_db()
    _come(round_one, now)
    _results(round_one, second, now)
    goods = actions.create(
        Draft(
            "goods_usual", [one.id for one in communities[:1]], localdate(now) + timedelta(days=1),
            goods="每户一份：蔬菜 5 千克、米 2.5 千克（示例）",
        ),
        actor=first, at=now,
    )  # fmt: skip
    actions.perform(goods.id, "propose", actor=first, at=now)
    rollup.roll_up(now)


def _communities() -> list[Place]:
    """Those of the district that are divided into micro-grids: where the demo's grid worker stands first."""
    divided = Place.objects.filter(level="microgrid", area=DISTRICT, closed_on=None)
    codes = sorted({code[:12] for code in divided.values_list("code", flat=True)})
    return list(Place.objects.filter(code__in=codes, closed_on=None).order_by("code")[:3])


def _actor(username: str, at: datetime) -> Actor:
    found = actor_for_account(Account.objects.get(username=username).id, "desk", localdate(at))
    assert found is not None
    return found


def _come(campaign: Campaign, now: datetime) -> None:
    """Most of those due by now have come, ten to a tube, tubes closed and handed over by the hour."""
    chance = random.Random(7)
    due = slots.begun(campaign, now)
    worker = Account.objects.get(username="yiwu").id
    tickets: dict[UUID, list[Ticket]] = {}
    for ticket in Ticket.objects.filter(campaign=campaign).order_by("place_id", "ordinal"):
        tickets.setdefault(ticket.place_id, []).append(ticket)
    for point in Point.objects.filter(campaign=campaign).order_by("number"):
        items: list[reading.GivenAct] = []
        tube: reading.GivenAct | None = None
        filled, made = 0, 0
        full: list[UUID] = []
        for piece in Allocation.objects.filter(campaign=campaign, point=point, slot__lt=due).order_by("slot"):
            start, end = slots.span(campaign, piece.slot)
            end = min(end, now - timedelta(seconds=30))
            for ticket in tickets[piece.place_id][piece.first : piece.first + piece.doors]:
                if chance.random() > _SHARE or end <= start:
                    continue
                people = chance.choice((1, 2, 2, 3, 3, 4))
                at = start + (end - start) * chance.random()
                table = 1 + made % point.tables
                if tube is None or filled + people > 10:
                    if tube is not None:
                        items.append(_act(point, "close", at, tube=tube.id))
                        full.append(tube.id)
                    made += 1
                    tube = _act(
                        point,
                        "tube",
                        at,
                        table=table,
                        barcode=f"SL{point.number:03d}{made:05d}",
                        pooling="ten",
                    )
                    items.append(tube)
                    filled = 0
                items.append(
                    _act(
                        point,
                        "check_in",
                        at,
                        table=tube.table,
                        people=people,
                        ticket=ticket.code,
                        tube=tube.id,
                    )
                )
                filled += people
        if full[:-3]:
            box = full[: max(1, len(full) // 2)]
            items.append(
                _act(
                    point,
                    "box",
                    now - timedelta(minutes=20),
                    tubes=box[:200],
                    label=f"X{point.number:03d}-01",
                    taken_by="示例检测所",
                )
            )
        items.append(_act(point, "queue", now - timedelta(minutes=2), people=chance.randint(10, 60)))
        _store(items, worker, now)


def _act(point: Point, what: str, at: datetime, **more: object) -> reading.GivenAct:
    return reading.GivenAct(
        id=uuid5(point.id, f"{what}{uuid7()}"), area=point.area, point=point.id, what=what, happened_at=at, **more  # type: ignore[arg-type]
    )  # fmt: skip


def _store(items: list[reading.GivenAct], worker: UUID, now: datetime) -> None:
    for start in range(0, len(items), 1000):
        listed = [reading.submission(worker, reading.check(one)) for one in items[start : start + 1000]]
        with transaction.atomic(), connection.cursor() as cursor:
            taking.take(cursor, listed, now)


def _results(campaign: Campaign, actor: Actor, now: datetime) -> None:
    """The tubes handed over are negative, but one."""
    tubes = list(Tube.objects.filter(campaign=campaign, state="handed").order_by("barcode"))
    if not tubes:
        return
    lines = ["条码,结果", *(f"{one.barcode},{'阳性' if n == 1 else '阴性'}" for n, one in enumerate(tubes))]
    results.import_results(campaign.id, "\n".join(lines).encode(), actor=actor, at=now, dry_run=False)
