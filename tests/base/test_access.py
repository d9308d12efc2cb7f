"""The gate: what it refuses, and how often somebody without an account may knock."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from shanzhi.base.access import ANONYMOUS, SYSTEM, Actor, ActorPost
from shanzhi.base.access.api import ApiController
from shanzhi.base.access.capabilities import CASE_ACCEPT, CASE_VIEW
from shanzhi.base.access.rates import Rates
from shanzhi.core.kit.errors import Refused, TooManyAttempts
from shanzhi.core.kit.ids import uuid7

pytestmark = pytest.mark.once


def test_a_class_without_a_gate_does_not_load() -> None:
    with pytest.raises(TypeError, match="needs a gate"):
        type("Open", (ApiController,), {})
    with pytest.raises(TypeError, match="needs a gate"):
        type("Odd", (ApiController,), {"gate": "case.everything"})


def test_posts_grant_and_nothing_else_does() -> None:
    place, unit = uuid7(), uuid7()
    post = ActorPost(uuid7(), "unit_handler", place, unit, frozenset({CASE_VIEW}))
    actor = Actor(uuid7(), "某人", "desk", (post,))
    actor.require(CASE_VIEW)
    with pytest.raises(Refused) as refused:
        actor.require(CASE_ACCEPT)
    assert "受理" in refused.value.sentence("zh")
    assert (actor.place_ids(CASE_VIEW), actor.unit_ids(CASE_VIEW)) == ((place,), (unit,))
    assert (actor.place_ids(CASE_ACCEPT), actor.unit_ids(CASE_ACCEPT)) == ((), ())
    assert ANONYMOUS.all_capabilities == frozenset() and SYSTEM.can(CASE_ACCEPT)


def test_an_address_may_knock_so_often_a_minute(monkeypatch: Any) -> None:
    import time

    now = [600.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    rates = Rates()
    for _ in range(3):
        rates.check("reports", "192.0.2.1", 3)
    with pytest.raises(TooManyAttempts):
        rates.check("reports", "192.0.2.1", 3)
    rates.check("reports", "192.0.2.2", 3)
    rates.check("media", "192.0.2.1", 3)
    now[0] += 60
    rates.check("reports", "192.0.2.1", 3)


def test_the_public_door_has_a_limit_and_the_desk_has_none(
    sign_in: Callable[..., Any], resident: Any, settings: Any, monkeypatch: Any
) -> None:
    from shanzhi.base.access import api

    desk = sign_in("shouli")
    settings.SHANZHI_ANONYMOUS_RATES = True
    monkeypatch.setattr(api, "RATES", Rates())

    def send(who: Any) -> int:
        body = {"id": str(uuid7()), "kind": "010137", "text": "路灯", "lon": 104.031, "lat": 30.631}
        return int(who.post("/api/reports", body)[0])

    assert [send(resident) for _ in range(31)] == [201] * 30 + [429]
    assert {send(desk) for _ in range(32)} == {201}
    assert resident.get("/api/kinds")[0] == 200
