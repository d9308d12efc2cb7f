"""What the tests of reporting stand on: a response at the demo city's district, and its people."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils.timezone import localdate

from shanzhi.base.access import Actor
from shanzhi.city.modes.models import Activation, ActivationEvent
from shanzhi.city.people.models import Account, Post
from shanzhi.city.people.queries import actor_for_account
from shanzhi.core.kit.clock import FixedClock


@pytest.fixture
def who(city: None, clock: FixedClock) -> Callable[[str], Actor]:
    """Somebody of the demo city as an actor."""

    def find(username: str) -> Actor:
        found = actor_for_account(Account.objects.get(username=username).id, "desk", localdate(clock.now()))
        assert found is not None
        return found

    return find


@pytest.fixture
def response(city: None, clock: FixedClock) -> Callable[..., Activation]:
    """A response that is live (or in another state) where the commander stands."""

    def make(state: str = "live", **changes: Any) -> Activation:
        at, place = clock.now(), Post.objects.get(account__username="zhihui").place
        account = Account.objects.get(username="zhihui")
        given: dict[str, Any] = {
            "number": f"XY-{Activation.objects.count() + 1}", "plan": "flood", "plan_version": 1, "hazard": "flood",
            "title": "示例防汛响应", "level": 3, "state": state, "place_ids": [place.id], "basis": "示例条例",
            "document": "示例 1 号", "proposed_by_id": account.id, "proposed_by": "示例提请人", "proposed_at": at,
            "approved_by_id": account.id, "approved_by": "示例批准人", "live_at": at,
            "last_on": localdate(at) + timedelta(days=6), "ended_at": None if state == "live" else at,
            "content": {"level": 3, "zh": "", "en": "", "parts": {}},
        } | changes  # fmt: skip
        row = Activation.objects.create(**given)
        ActivationEvent.objects.create(
            activation=row, verb="approve", from_state="proposed", to_state="live", level=3, at=at,
            actor_name="示例批准人", made=[{"part": "sweeps", "zh": "敲门行动", "en": "Sweep", "count": 1200}],
        )  # fmt: skip
        return row

    return make
