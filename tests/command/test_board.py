"""The command board: its numbers reconcile, and everybody sees the part of it that lies below their post."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from tests.work.conftest import Town
from tests.work.live import actor_of, response

from shanzhi.base.access import SYSTEM
from shanzhi.city.people import actions as people
from shanzhi.city.places.models import Place
from shanzhi.core.kit.clock import FixedClock
from shanzhi.edge.cli.demo import PASSWORD
from shanzhi.work.orders import actions as orders
from shanzhi.work.orders import folding as receipts
from shanzhi.work.orders import noting, rollup
from shanzhi.work.orders.models import Order, Receipt, Recipient, Said
from shanzhi.work.orders.parts import OrdersPart
from shanzhi.work.sweeps import folding, following, sharing, turns
from shanzhi.work.sweeps.models import Sweep
from shanzhi.work.sweeps.parts import Sweeps

pytestmark = [pytest.mark.django_db, pytest.mark.once]
SignIn = Callable[[str], Any]
DOORS = 4 * 15  # homes and shops of the town


@dataclass
class Flood:
    """A response that is live in the district, with an order and a sweep."""

    id: UUID
    town: Town
    clock: FixedClock
    order: Order
    sweep: Sweep

    def answer(self, answer: str, *names: str, reason: str = "") -> None:
        """What the phones of some say, as a receipt of this moment, folded."""
        rows = Recipient.objects.filter(order=self.order, account__username__in=names)
        assert len(rows) == len(names)
        for row in rows:
            one = uuid4()
            noting.note([noting.Noted(one, row.area, row.id, answer, self.clock.now())])
            if reason:
                Said.objects.create(
                    id=one, area=row.area, recipient_id=row.id, reason=reason, at=self.clock.now()
                )
        self.clock.advance(timedelta(seconds=5))
        receipts.fold(self.clock.now())
        rollup.roll_up(self.clock.now())

    def visit(self, browser: Any, piece: int, results: dict[int, str]) -> None:
        """Doors of one micro-grid answered by a worker's phone, folded and followed up."""
        found = self.town.pieces(self.sweep.id)[piece]
        listed = []
        for door, result in results.items():
            item = self.town.item(found, door, result)
            if result == "visited":
                item["answers"] = {"state": "told", "people": 2, "carried": False}
            listed.append(item)
        status, outcomes = browser.post("/api/sweeps/visits", {"items": listed})
        assert status == 200 and {one["status"] for one in outcomes} == {"stored"}, outcomes
        folding.fold(self.clock.now())
        following.make_cases(self.clock.now())


@pytest.fixture
def flood(city: None, clock: FixedClock) -> Flood:
    town = Town(clock)
    live = response(clock.now())
    boss = actor_of("zhihui", clock.now())
    OrdersPart().begin([{"template": "flood_low_floors"}], live, boss, clock.now())
    Sweeps().begin([{"template": "flood_evacuation", "hours": 6}], live, boss, clock.now())
    turns.open_due(clock.now())
    sharing.share_all(clock.now())
    rollup.roll_up(clock.now())
    found = Flood(live.activation_id, town, clock, Order.objects.get(), Sweep.objects.get())
    clock.advance(timedelta(minutes=2))
    return found


def board(browser: Any, flood: Flood, query: str = "") -> dict[str, Any]:
    status, found = browser.get(f"/api/board/{flood.id}{query}")
    assert status == 200, found
    return dict(found)


def test_the_numbers_reconcile_from_the_top_to_a_micro_grid(sign_in: SignIn, flood: Flood) -> None:
    boss = sign_in("zhihui")
    before = board(boss, flood)
    assert before["orders"][0]["people"] == 8 and before["orders"][0]["acknowledged"] == 0
    assert (before["sweeps"][0]["doors"], before["sweeps"][0]["done"]) == (DOORS, 0)
    assert before["help"] == []
    flood.answer("delivered", "s3")
    flood.answer("acknowledged", "s0", "s1", "wangge")
    flood.clock.advance(timedelta(minutes=1))
    flood.answer("done", "s0")
    flood.answer("cannot", "s2", reason="示例：道路积水过不去")
    flood.visit(
        sign_in("s0"), 0, {0: "visited", 1: "visited", 2: "absent", 3: "refused", 4: "help", 5: "vacant"}
    )
    found = board(sign_in("zhihui"), flood)
    [order], [sweep] = found["orders"], found["sweeps"]
    # people = delivered + on the way; what is later is a part of what is earlier.
    assert (order["people"], order["delivered"], order["acknowledged"], order["cannot"]) == (8, 5, 4, 1)
    assert order["done"] == 1 <= order["working"] <= order["acknowledged"]
    # Whoever says that they cannot has answered too.
    said = Receipt.objects.filter(answer__in=["acknowledged", "cannot"]).values("recipient_id").distinct()
    assert order["acknowledged"] == said.count()
    # doors = done + remaining; who was out is still to be visited.
    named = {name: sweep[name] for name in ("visited", "absent", "refused", "vacant", "help", "wrong")}
    assert named == {"visited": 2, "absent": 1, "refused": 1, "vacant": 1, "help": 1, "wrong": 0}
    assert sweep["done"] == 5 and sweep["doors"] == sweep["done"] + sweep["remaining"] == DOORS
    # A response at one place begins below it: its own line would say no more than the head of the board.
    top = str(flood.town.district.id)
    assert top not in {one["place_id"] for one in found["places"]}
    assert [sum(one[name] for one in found["places"]) for name in ("doors", "done", "help")] == [DOORS, 5, 1]
    # Each place is the sum of those below it.
    line: dict[str, Any] = {
        "place_id": top, "has_below": True, "doors": DOORS, "done": 5, "help": 1, "people": 8,
    }  # fmt: skip
    seen = 0
    while line["has_below"]:
        below = board(sign_in("zhihui"), flood, f"?place={line['place_id']}")
        assert below["trail"][-1]["id"] == line["place_id"]
        for name in ("doors", "done", "help"):
            assert sum(one[name] for one in below["places"]) == line[name], name
        # People may stand at the place itself: those below are never more.
        assert sum(one["people"] for one in below["places"]) <= line["people"]
        line, seen = max(below["places"], key=lambda one: one["done"]), seen + 1
    assert (seen, line["level"], line["doors"], line["done"]) == (4, "microgrid", 15, 5)
    # The curve ends where the numbers stand, and never falls.
    curve = found["curve"]
    assert [curve[-1][name] for name in ("delivered", "acknowledged", "doors")] == [5, 4, 5]
    for name in ("delivered", "acknowledged", "working", "doors"):
        assert [one[name] for one in curve] == sorted(one[name] for one in curve)


def test_calls_for_help_come_from_workers_and_from_doors(sign_in: SignIn, flood: Flood) -> None:
    flood.answer("cannot", "s2", reason="示例：道路积水过不去")
    flood.clock.advance(timedelta(minutes=1))
    flood.visit(sign_in("s0"), 0, {4: "help", 5: "visited"})
    found = board(sign_in("zhihui"), flood)["help"]
    micro = {
        n: one.name for n, one in enumerate(Place.objects.filter(id__in=[m.id for m in flood.town.micros]))
    }
    assert len(micro) == 4
    assert [(one["kind"], one["kind_zh"], one["text"]) for one in found] == [
        ("door", "住户求助", ""),
        ("cannot", "无法执行", "示例：道路积水过不去"),
    ]
    assert [one["address"] for one in found] == [f"/sweeps/{flood.sweep.id}", f"/orders/{flood.order.id}"]
    # What a door said in its own words stands behind the sweep, not on a wall.
    assert "送药" not in str(found)
    # Below another grid there is neither.
    other = board(sign_in("zhihui"), flood, f"?place={flood.town.grids[1].id}")["help"]
    assert [one["kind"] for one in other] == ["cannot"]
    assert board(sign_in("zhihui"), flood, f"?place={flood.town.micros[1].id}")["help"] == []


def test_who_stands_elsewhere_sees_nothing_and_who_stands_below_their_part(
    sign_in: SignIn, flood: Flood
) -> None:
    """A response of one street: another street knows nothing of it; a community in it sees itself."""
    now, grid = flood.clock.now(), flood.town.grids[0]
    streets = list(Place.objects.filter(level="street", area=grid.area).order_by("code"))
    mine = next(one for one in streets if grid.code.startswith(one.code[:9]))
    other = next(one for one in streets if one != mine)
    community = Place.objects.get(level="community", code=grid.code[:12])
    people.enrol(
        [
            people.Enrolment("far", "示例指挥甲", "commander", other.id, None),
            people.Enrolment("near", "示例指挥乙", "commander", community.id, None),
            people.Enrolment("plain", "示例员", "security_admin", mine.id, None),
        ],
        PASSWORD, from_on=flood.town.on, actor=SYSTEM, at=now,
    )  # fmt: skip
    live = response(now, [mine.id])
    boss = actor_of("zhihui", now)
    OrdersPart().begin([{"template": "flood_low_floors"}], live, boss, now)
    rollup.roll_up(now)
    flood.answer("acknowledged", "s0")
    far, near = sign_in("far"), sign_in("near")
    assert str(live.activation_id) not in {one["id"] for one in far.get("/api/board")[1]}
    assert far.get(f"/api/board/{live.activation_id}")[0] == 404
    assert sign_in("plain").get("/api/board")[0] == 403
    # The district's response is theirs too, as far as it lies below them: nobody there, no door.
    assert far.get(f"/api/board/{flood.id}?place={mine.id}")[0] == 404
    theirs = board(far, flood)
    assert theirs["orders"][0]["people"] == 0 and theirs["help"] == [] and theirs["curve"] == []
    assert all(one["doors"] == 0 for one in theirs["sweeps"])
    part = board(near, flood)
    assert part["orders"][0]["acknowledged"] == 1 and part["orders"][0]["people"] == 6
    assert part["sweeps"][0]["doors"] == DOORS and part["curve"] == []
    assert {one["place_id"] for one in part["places"]} == {str(grid.id) for grid in flood.town.grids}
    assert near.get(f"/api/board/{flood.id}?place={flood.town.district.id}")[0] == 404


def test_the_order_and_the_sweep_in_focus_can_be_chosen(sign_in: SignIn, flood: Flood) -> None:
    boss, now = actor_of("zhihui", flood.clock.now()), flood.clock.now()
    live = response(now)
    for template in ("flood_duty", "flood_low_floors"):
        OrdersPart().begin([{"template": template}], live, boss, now)
        flood.clock.advance(timedelta(minutes=1))
    rollup.roll_up(flood.clock.now())
    found = sign_in("zhihui").get(f"/api/board/{live.activation_id}")[1]
    # The newest in force is in focus; an ended one stands behind those in force.
    by_title = {one["title"]: one for one in found["orders"]}
    assert set(by_title) == {"防汛值守", "低洼户转移"}
    orders.perform(UUID(found["order_id"]), "end", actor=boss, at=flood.clock.now(), reason="示例：已完成")
    after = sign_in("zhihui").get(f"/api/board/{live.activation_id}")[1]
    assert after["order_id"] != found["order_id"] == after["orders"][-1]["id"]
    chosen = sign_in("zhihui").get(f"/api/board/{live.activation_id}?order={found['order_id']}")[1]
    assert chosen["order_id"] == found["order_id"] and len(chosen["orders"]) == 2
    # An order of another response is none of this one's: the newest stays in focus.
    strange = sign_in("zhihui").get(f"/api/board/{live.activation_id}?order={flood.order.id}")[1]
    assert strange["order_id"] == after["order_id"] and strange["sweep_id"] is None


def test_the_board_costs_as_much_for_many_as_for_few(sign_in: SignIn, flood: Flood) -> None:
    boss = sign_in("zhihui")
    board(boss, flood)
    with CaptureQueriesContext(connection) as few:
        board(boss, flood)
    flood.answer("acknowledged", "s0", "s1", "s3", "s4")
    flood.answer("cannot", "s2", reason="示例")
    flood.visit(sign_in("s0"), 0, dict.fromkeys(range(15), "help"))
    boss = sign_in("zhihui")
    with CaptureQueriesContext(connection) as many:
        found = board(boss, flood)
    assert len(found["help"]) == 16 and found["sweeps"][0]["done"] == 15
    assert len(many) == len(few) <= 60
