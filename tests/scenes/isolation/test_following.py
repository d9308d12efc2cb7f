"""Rosters, stores and isolations go on at the successor of a place that ended, and go back when that is undone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.utils.timezone import localdate

from shanzhi.city.places import touching
from shanzhi.city.places.models import Place
from shanzhi.core.kit.clock import FixedClock
from shanzhi.scenes.isolation.models import Isolation, Slot
from shanzhi.work.rosters.models import Roster, Shift
from shanzhi.work.stock.models import Store

pytestmark = pytest.mark.django_db
KINDS = ("rosters", "stock", "isolation")


def test_what_lies_at_a_place_goes_on_at_its_successor(
    sign_in: Callable[[str], Any],
    body: Callable[..., Any],
    response: Callable[..., Any],
    grid: Place,
    clock: FixedClock,
) -> None:  # fmt: skip
    on = localdate(clock.now())
    other = Place.objects.filter(level="grid", area=grid.area).exclude(id=grid.id).order_by("code").first()
    assert other is not None
    response()
    assert sign_in("yiwu").post("/api/isolation", body())[0] == 201
    store = Store.objects.create(
        code="示例K1", name="示例库", place=grid, made_by="示例", made_at=clock.now()
    )
    closed = Store.objects.create(
        code="示例K2", name="示例旧库", place=grid, made_by="示例", made_at=clock.now(), closed_at=clock.now()
    )
    asked = {"template": "flood_watch", "place_ids": [str(grid.id)], "from_on": on.isoformat()}
    status, made = sign_in("zhibanzhang").post(
        "/api/rosters", asked | {"to_on": f"{on.replace(day=on.day + 1)}"}
    )
    assert status == 201, made
    roster = Roster.objects.get(id=made["id"])

    def lies() -> set[Any]:
        return {
            *Isolation.objects.values_list("place_id", flat=True), *Slot.objects.values_list("place_id", flat=True),
            *Shift.objects.values_list("place_id", flat=True), Store.objects.get(id=store.id).place_id,
            *Roster.objects.get(id=roster.id).place_ids,
        }  # fmt: skip

    assert lies() == {grid.id}
    told = {one.kind: one.count for one in touching.touched([grid.id], on)}
    assert all(told[kind] for kind in KINDS) and told["stock"] == 1
    done = touching.follow({grid.id: other.id}, on)
    assert lies() == {other.id} and set(KINDS) <= set(done)
    assert Store.objects.get(id=closed.id).place_id == grid.id
    assert {one.kind for one in touching.ever(grid.id, on)} >= {"stock"}
    touching.unfollow({kind: done[kind] for kind in KINDS}, on)
    assert lies() == {grid.id}
