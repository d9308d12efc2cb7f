"""What the tests of plans, boards and reporting share."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils.timezone import localdate
from tests.city.modes_case import Shrinking

from shanzhi.base.access import SYSTEM, Actor
from shanzhi.city.modes import parts
from shanzhi.city.modes.contents import PART_CODES
from shanzhi.city.modes.models import Activation, ActivationEvent
from shanzhi.city.people.models import Account, Post
from shanzhi.city.people.queries import actor_for_account
from shanzhi.city.places.models import Place
from shanzhi.command.plans import packs
from shanzhi.core.kit.clock import FixedClock


class Anything(Shrinking):
    """A part that takes whatever items a plan has, and names them by what they hold."""

    def check(self, items: Any) -> None:
        """Whatever is there."""

    @staticmethod
    def _named(items: Any) -> Any:
        return [{"name": ",".join(f"{one[key]}" for key in sorted(one))} for one in items]

    def preview(self, items: Any, *rest: Any) -> Any:
        return super().preview(self._named(items), *rest)

    def begin(self, items: Any, *rest: Any) -> Any:
        return super().begin(self._named(items), *rest)

    def shrink(self, items: Any, *rest: Any) -> Any:
        return super().shrink(self._named(items), *rest)


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The real notices and screens, and a part of the test for every engine."""
    known = dict(parts.known())
    for code in PART_CODES:
        if code not in {"notices", "screens"}:
            known[code] = Anything(code)
    monkeypatch.setattr(parts._PARTS, "by_code", known)
    return known


@pytest.fixture
def district(city: None) -> Place:
    return Place.objects.get(code="510107")


@pytest.fixture
def plans(district: Place, clock: Any) -> Place:
    """The plans of the pack, in force in the demo district."""
    assert packs.load_all(district, actor=SYSTEM, at=clock.now()) == len(packs.files())
    return district


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
