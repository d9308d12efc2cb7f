"""A flood warning at 22:00: plan, order, doors, raise, end, stand-down."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from tests.scenarios.flood_night import Night
from tests.work.conftest import HOMES, SHOPS, Town

from shanzhi.base.access import SYSTEM
from shanzhi.command.plans import packs
from shanzhi.core.kit.clock import FixedClock
from shanzhi.work.cases.models import Case
from shanzhi.work.orders.models import Order, Recipient, Rung
from shanzhi.work.sweeps.models import Sweep

pytestmark = pytest.mark.django_db
# 22:00 of a Monday in Shanghai.
NIGHT = CLOCK_STANDS_AT = datetime(2026, 3, 9, 14, 0, tzinfo=UTC)


@pytest.fixture
def town(city: None, clock: FixedClock) -> Town:
    made = Town(clock)
    packs.load_all(made.district, actor=SYSTEM, at=clock.now())
    return made


@pytest.fixture
def night(sign_in: Callable[[str], Any], town: Town, clock: FixedClock) -> Night:
    return Night(sign_in, town, clock)


def test_a_flood_warning_at_22(night: Night, town: Town, clock: FixedClock, sign_in: Any) -> None:
    row = night.switch_on(3)
    [order] = Order.objects.filter(activation_id=row["id"])
    people = Recipient.objects.filter(order=order, standing="own").count()
    assert order.issued_at == NIGHT and order.people == people > len(town.workers)
    # Six of them say 收到 within two minutes; the ladder asks the others at its own times, and nobody twice.
    night.step(2)
    assert night.answer(sorted(town.workers)) == len(town.workers)
    night.step()
    board = night.board(row["id"])
    shown = board["orders"][0]
    assert (shown["people"], shown["acknowledged"]) == (people, len(town.workers))
    assert sum(line["acknowledged"] for line in board["places"]) == len(town.workers)
    night.step(10)
    taken = [rung.kind for rung in Rung.objects.filter(order=order).exclude(started_at=None)]
    assert "deputy" in taken
    asked = (
        Recipient.objects.filter(order=order)
        .exclude(standing="own")
        .values_list("instead_of__account__username")
    )
    assert not {name for (name,) in asked} & set(town.workers)

    # The water rises: level II brings the doors, by the same two people.
    status, done = night.boss.post(f"/api/responses/{row['id']}/raise", {"level": 2, "reason": "水位超警"})
    assert status == 200, done
    night.step()
    sweep = Sweep.objects.get(activation_id=row["id"])
    doors = (HOMES + SHOPS) * len(town.micros)
    assert sweep.doors == doors and not sweep.is_drill
    walked = 0
    for name in sorted(town.workers):
        for mine in sign_in(name).get("/api/sweeps/mine")[1]["sweeps"]:
            pieces = {str(one.id): one for one in town.pieces(sweep.id)}
            items = []
            for n, door in enumerate(mine["doors"]):
                result = "help" if walked == 0 and n == 0 else "vacant"
                items.append(town.item(pieces[door["piece"]], door["door"], result))
            _, outcomes = sign_in(name).post("/api/sweeps/visits", {"items": items})
            assert {one["status"] for one in outcomes} == {"stored"}, outcomes
            walked += len(items)
    night.step(1)
    board = night.board(row["id"])
    assert board["sweeps"][0]["doors"] == doors
    assert (board["sweeps"][0]["done"], board["sweeps"][0]["help"]) == (walked, 1)
    assert board["help"][0]["kind"] == "door" and Case.objects.count() == 1
    # Whose doors they were does not matter: what nobody walked is named.
    missed = night.boss.get(f"/api/sweeps/{sweep.id}/missed")[1]["doors"]
    assert len(missed) == doors - walked

    # It is over: everything stops, but what is owed keeps the response from being finished.
    status, done = night.boss.post(f"/api/responses/{row['id']}/end", {"reason": "预警解除"})
    assert status == 200 and done["row"]["state"] == "standing_down", done
    assert Sweep.objects.get(id=sweep.id).state == "ended"
    assert not Order.objects.filter(activation_id=row["id"], state="issued").exists()
    status, refused = night.boss.post(f"/api/responses/{row['id']}/finish", {})
    assert status == 409, refused
    open_lines = [
        one for one in night.boss.get(f"/api/records/{row['id']}/stand-down")[1]["lines"] if one["open"]
    ]
    assert open_lines
    course = night.boss.get(f"/api/records/{row['id']}/timeline")[1]
    told = [one["zh"] for one in course["lines"]]
    assert any("提高级别" in one for one in told) and any("终止响应" in one for one in told)
