"""A drill compared with the real thing (演练与实战): the same plan, people, doors and ladder."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from tests.scenarios.flood_night import Night
from tests.work.conftest import Town

from shanzhi.base.access import SYSTEM
from shanzhi.base.messaging.models import Message
from shanzhi.command.plans import packs
from shanzhi.core.kit.clock import FixedClock
from shanzhi.work.orders.models import Order, Rung

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


def test_a_drill_does_what_the_real_thing_does_and_nothing_of_it_leaves(
    night: Night, town: Town, clock: FixedClock
) -> None:
    drill = night.switch_on(2, is_drill=True)
    night.step(2)
    answered = night.answer(sorted(town.workers)[:3])
    night.step()
    rehearsed = night.board(drill["id"])
    assert night.boss.post(f"/api/responses/{drill['id']}/end", {"reason": "演练结束"})[0] == 200
    assert rehearsed["response"]["is_drill"]
    assert set(Message.objects.values_list("via", flat=True)) <= {"sink"}

    real = night.switch_on(2)
    night.step(2)
    assert night.answer(sorted(town.workers)[:3]) == answered
    night.step()
    earnest = night.board(real["id"])
    assert not earnest["response"]["is_drill"]
    # The same people, doors and steps; the same answers tell the same.
    for one, other in zip(rehearsed["orders"], earnest["orders"], strict=True):
        assert {k: one[k] for k in ("title", "sentence", "people", "acknowledged")} == {
            k: other[k] for k in ("title", "sentence", "people", "acknowledged")
        }
    assert [one["doors"] for one in rehearsed["sweeps"]] == [one["doors"] for one in earnest["sweeps"]]
    rungs = [
        list(
            Rung.objects.filter(order__activation_id=one["id"])
            .order_by("order_id", "position")
            .values_list("kind", "after_seconds")
        )
        for one in (drill, real)
    ]
    assert rungs[0] == rungs[1]
    # Only the real one changes what residents and cases meet.
    assert Order.objects.filter(activation_id=drill["id"], is_drill=False).count() == 0
    assert Order.objects.filter(activation_id=real["id"], is_drill=True).count() == 0
