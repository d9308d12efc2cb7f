"""What engines have open is read from their own rows: sweeps, people at posts, stock, people at home."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from shanzhi.city.modes import happenings, standing
from shanzhi.city.modes.models import Activation
from shanzhi.city.places.models import Place
from shanzhi.core.kit.clock import FixedClock
from shanzhi.core.kit.ids import uuid7
from shanzhi.scenes.isolation.models import Isolation
from shanzhi.work.orders.models import Order
from shanzhi.work.rosters.models import Roster
from shanzhi.work.stock.models import Entry, Store
from shanzhi.work.sweeps.models import PlaceCover, Sweep, SweepEvent

pytestmark = [pytest.mark.django_db, pytest.mark.once]


def test_each_line_is_open_until_its_engine_is_done(
    response: Callable[..., Activation], clock: FixedClock
) -> None:
    over, other, at = response("standing_down"), response("standing_down"), clock.now()
    place = Place.objects.get(id=over.place_ids[0])

    def lines(activation: Activation) -> dict[str, tuple[int, int]]:
        found = standing.checklist(activation.id, at)
        codes = {"posts", "stock", "orders", "sweeps", "isolations"}
        return {check.code: (state.open, state.total) for check, state in found if check.code in codes}

    assert lines(over) == {code: (0, 0) for code in ("posts", "stock", "orders", "sweeps", "isolations")}
    drafted: dict[str, Any] = {
        "place": place, "place_ids": [place.id], "activation_id": over.id, "until_at": at, "state": "issued",
        "drafted_by_id": uuid7(), "drafted_by": "示例", "drafted_at": at, "issued_at": at,
    }  # fmt: skip
    sweep = Sweep.objects.create(
        number="QM-1", title="示例行动", targets=["homes"], form="household", cadence="once", per_head=63, doors=100,
        **drafted,
    )  # fmt: skip
    SweepEvent.objects.create(sweep=sweep, verb="confirm", to_state="issued", actor_name="示例", at=at)
    PlaceCover.objects.create(sweep=sweep, turn=1, place=place, doors=100, visited=60, refused=5, absent=20)
    order = Order.objects.create(
        number="ZL-1",
        title="示例指令",
        sentence="请到岗",
        post_kinds=[],
        answers=[],
        ladder="none",
        people=3,
        **drafted,
    )
    roster = Roster.objects.create(
        name="示例值守", template="x", place_ids=[place.id], kinds=[], activation_id=over.id,
        from_on=at.date(), made_until=at.date(), made_by="示例", made_at=at,
    )  # fmt: skip
    store = Store.objects.create(place=place, code="S1", name="示例库", made_by="示例", made_at=at)
    entry: dict[str, Any] = {
        "area": "510107", "store": store, "item": "1010101", "group_id": uuid7(), "activation_id": over.id,
        "actor_name": "示例", "at": at,
    }  # fmt: skip
    Entry.objects.create(line=1, kind="issue", on_hand=-10, out=10, **entry)
    home = Isolation.objects.create(
        area="510107", number="JJ-1", place=place, activation_id=over.id, edition="x", name="示例某",
        state="isolating", basis="示例", document="示例", begun_on=at.date(),
        release_on=at.date(), monitored_until_on=at.date(),
        begun_by="示例", begun_at=at, content_hash=bytes(32),
    )  # fmt: skip
    assert lines(over) == {
        "posts": (1, 1), "stock": (1, 1), "orders": (1, 1), "sweeps": (1, 1), "isolations": (1, 1),
    }  # fmt: skip
    assert lines(other) == {code: (0, 0) for code in lines(other)}
    facts = {one.code: (one.number, one.of) for one in happenings.facts(over.id, at)}
    assert facts["sweeps-doors"] == (65, 100) and facts["stock-issued"] == (10, None)
    assert facts["isolations"] == (1, None) and facts["orders-people"] == (3, None)
    Sweep.objects.filter(id=sweep.id).update(state="ended")
    Order.objects.filter(id=order.id).update(state="ended")
    Roster.objects.filter(id=roster.id).update(ended_at=at, end_reason="收尾", ended_by="示例")
    Entry.objects.create(line=2, kind="return", on_hand=7, out=-7, **entry)
    assert lines(over)["stock"] == (1, 1)
    Entry.objects.create(line=3, kind="missing", out=-3, **entry)
    Isolation.objects.filter(id=home.id).update(state="released", ended_at=at + timedelta(hours=1))
    assert lines(over) == {code: (0, 1) for code in lines(over)}
    from shanzhi.base.access import SYSTEM

    told = [one.zh for one in happenings.of(over.id, SYSTEM, at)]
    assert "值守《示例值守》结束：收尾" in told and any(one.startswith("敲门行动 QM-1") for one in told)
    assert not any("示例某" in one for one in told)
