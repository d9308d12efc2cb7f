"""A small town of micro-grids in the demo district, and hands that run a campaign in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest
from django.db import connection, transaction

from shanzhi.base.access import SYSTEM, Actor
from shanzhi.city.compounds.models import Building, Compound, Floor, Membership
from shanzhi.city.people import actions as people
from shanzhi.city.people.models import Account
from shanzhi.city.people.queries import actor_for_account
from shanzhi.city.places.models import Place, PlaceClosure, PlaceVersion
from shanzhi.core.kit.clock import FixedClock
from shanzhi.core.kit.ids import uuid7
from shanzhi.core.kit.outcomes import Outcome
from shanzhi.edge.cli.demo import DISTRICT, PASSWORD
from shanzhi.scenes.sampling import actions, reading, taking
from shanzhi.scenes.sampling.drafting import Draft
from shanzhi.scenes.sampling.models import Campaign, Point, Ticket

SINCE = date(2025, 1, 1)
HOMES = 60
GRIDS = 6


@dataclass
class Town:
    """Micro-grids of `HOMES` homes each, in one grid."""

    community: Place
    district: Place
    microgrids: list[Place] = field(default_factory=list)


def _child(parent: Place, level: str, code: str, name: str, lon: float, lat: float) -> Place:
    place = Place.objects.create(
        level=level, code=code, name=name, pinyin=name, area=parent.area, lon=lon, lat=lat, opened_on=SINCE
    )
    PlaceVersion.objects.create(place=place, code=code, name=name, pinyin=name, from_on=SINCE)
    above = PlaceClosure.objects.filter(descendant=parent, to_on=None).values_list("ancestor_id", "depth")
    PlaceClosure.objects.bulk_create(
        [
            PlaceClosure(ancestor_id=ancestor, descendant=place, depth=depth + 1, from_on=SINCE)
            for ancestor, depth in above
        ]
        + [PlaceClosure(ancestor=place, descendant=place, depth=0, from_on=SINCE)]
    )
    return place


USERS = {
    "yiwu": "health_worker", "zhihui": "commander", "zhibanzhang": "shift_lead", "zhiban": "duty_officer",
    "shangji": "upper_authority", "liudiao": "tracer", "wangge": "grid_worker", "shouli": "acceptor",
}  # fmt: skip


@pytest.fixture
def city(db: None, clock: FixedClock, settings: Any) -> None:
    """The people of the demo city on a small tree: what these tests need of it, twenty times as quick."""
    people.load_post_kinds(settings.PACKS / "base" / "posts.yaml", actor=SYSTEM, at=clock.now())
    top = Place.objects.create(
        level="county", code=DISTRICT, name="示例区", pinyin="shi li qu", area=DISTRICT, opened_on=SINCE
    )
    PlaceVersion.objects.create(place=top, code=DISTRICT, name="示例区", pinyin="shi li qu", from_on=SINCE)
    PlaceClosure.objects.create(ancestor=top, descendant=top, depth=0, from_on=SINCE)
    street = _child(top, "street", f"{DISTRICT}001", "示例街道", 104.03, 30.63)
    for number in (1, 2):
        community = _child(
            street, "community", f"{DISTRICT}00100{number}", f"示例社区{number}", 104.03, 30.63
        )
        _child(community, "grid", f"{community.code}001", f"示例网格{number}", 104.03, 30.63)
    people.enrol(
        [people.Enrolment(name, f"示例{name}", kind, top.id, None) for name, kind in USERS.items()], PASSWORD,
        from_on=SINCE, actor=SYSTEM, at=clock.now(),
    )  # fmt: skip


@pytest.fixture
def town(city: None) -> Town:
    """Six micro-grids in a row, 200 m apart, under one grid of the demo district."""
    grid = Place.objects.filter(level="grid", area=DISTRICT).order_by("code")[0]
    above, district = Place.objects.get(code=grid.code[:12]), Place.objects.get(code=DISTRICT)
    made = Town(above, district)
    for number in range(GRIDS):
        lon, lat = 104.03 + number * 0.002, 30.63
        place = _child(
            grid, "microgrid", f"{grid.code[:15]}{number + 901}", f"示例微网格{number + 1}", lon, lat
        )
        compound = Compound.objects.create(
            area=place.area, name=f"示例{number + 1}小区", pinyin=f"shi li {number}", place=above, lon=lon, lat=lat,
            opened_on=SINCE,
        )  # fmt: skip
        house = Building.objects.create(
            area=place.area, compound=compound, name="1栋", lon=lon, lat=lat, opened_on=SINCE
        )
        for level in range(1, 7):
            floor = Floor.objects.create(
                area=place.area, building=house, stairwell="1单元", floor=level, top=level, homes=HOMES // 6,
                opened_on=SINCE,
            )  # fmt: skip
            Membership.objects.create(area=place.area, floor=floor, place=place, from_on=SINCE)
        made.microgrids.append(place)
    return made


@pytest.fixture
def who(city: None, clock: FixedClock) -> Callable[[str], Actor]:
    """An actor of the demo city by user name."""

    def find(username: str) -> Actor:
        account = Account.objects.get(username=username)
        found = actor_for_account(account.id, "desk", clock.now().date())
        assert found is not None
        return found

    return find


@dataclass
class Field:
    """A campaign under way and one of its points, with a phone there."""

    campaign: Campaign
    point: Point
    worker: UUID
    at: datetime

    def act(self, what: str, **more: Any) -> reading.GivenAct:
        return reading.check(
            reading.GivenAct(
                id=more.pop("id", None) or uuid7(), area=self.point.area, point=self.point.id, what=what,
                happened_at=more.pop("happened_at", self.at), **more,
            )
        )  # type: ignore[arg-type]  # fmt: skip

    def send(self, *acts: reading.GivenAct, by: UUID | None = None) -> list[Outcome]:
        with transaction.atomic(), connection.cursor() as cursor:
            listed = [reading.submission(by or self.worker, one) for one in acts]
            return taking.take(cursor, listed, self.at)

    def tube(self, barcode: str = "SL00000001", pooling: str = "ten", table: int = 1) -> UUID:
        made = self.act("tube", table=table, barcode=barcode, pooling=pooling)
        assert [one.status for one in self.send(made)] == ["stored"]
        return made.id

    def ticket(self, number: int = 0) -> Ticket:
        return Ticket.objects.filter(campaign=self.campaign).order_by("place__code", "ordinal")[number]

    def come(self, tube: UUID | None, number: int = 0, people: int = 2, **more: Any) -> Outcome:
        act = self.act("check_in", table=1, tube=tube, ticket=self.ticket(number).code, people=people, **more)
        return self.send(act)[0]


@pytest.fixture
def start(town: Town, who: Callable[[str], Actor], clock: FixedClock) -> Callable[..., Field]:
    """Draft, confirm and issue a campaign; its first slots have begun when it returns."""

    def begin(template: str = "round_ten", **changes: Any) -> Field:
        at = clock.now()
        given: dict[str, Any] = {"place_ids": [town.community.id], "first_on": date(2026, 3, 10)} | changes
        if template == "goods_usual":
            given = {"goods": "示例物资"} | given
        campaign = actions.create(Draft(template, **given), actor=who("yiwu"), at=at)
        actions.perform(campaign.id, "propose", actor=who("yiwu"), at=at)
        actions.perform(campaign.id, "issue", actor=who("zhihui"), at=at)
        campaign.refresh_from_db()
        clock.advance(datetime(2026, 3, 10, 2, 0, tzinfo=UTC) - at)  # 10:00 in Chengdu
        point = Point.objects.filter(campaign=campaign).order_by("number")[0]
        worker = Account.objects.get(username="yiwu").id
        return Field(campaign, point, worker, clock.now())

    return begin
