"""Two approvers at once: one decides, everything is made once, and one plan is live once at a place."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.utils.timezone import localdate

from shanzhi.base.access import Actor, ActorPost
from shanzhi.base.access.capabilities import PLAN_VIEW, RESPONSE_APPROVE
from shanzhi.city.modes import actions
from shanzhi.city.modes.models import Activation, ActivationEvent
from shanzhi.city.people.models import Account
from shanzhi.city.places.models import Place
from shanzhi.command.plans.models import Notice
from shanzhi.core.kit.clock import FixedClock
from shanzhi.core.kit.errors import ShanzhiError

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def proposed(
    sign_in: Callable[[str], Any], plans: Place, installed: Any, clock: FixedClock
) -> Callable[[], UUID]:
    def make() -> UUID:
        body = {
            "level": 4, "place_ids": [str(plans.id)], "document": "示例汛〔2026〕3号",
            "last_on": (localdate(clock.now()) + timedelta(days=2)).isoformat(),
        }  # fmt: skip
        status, made = sign_in("zhibanzhang").post("/api/plans/flood/propose", body)
        assert status == 201, made
        return UUID(made["id"])

    return make


def _at_once(deeds: list[Callable[[], object]]) -> list[str]:
    barrier, found = threading.Barrier(len(deeds)), []

    def run(deed: Callable[[], object]) -> None:
        barrier.wait()
        try:
            deed()
            found.append("done")
        except ShanzhiError as error:
            found.append(error.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(deed,)) for deed in deeds]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(found)


def _approver(username: str, place: Place) -> Actor:
    account = Account.objects.get(username=username).id
    post = ActorPost(account, "commander", place.id, None, frozenset({PLAN_VIEW, RESPONSE_APPROVE}))
    return Actor(account, username, "desk", (post,))


def test_of_two_approvers_one_decides_and_of_two_responses_one_is_live(
    proposed: Callable[[], UUID], plans: Place, clock: FixedClock
) -> None:
    first, second = proposed(), proposed()
    people = [_approver(name, plans) for name in ("zhihui", "shangji")]

    def approve(which: UUID, who: Actor) -> Callable[[], object]:
        return lambda: actions.perform(which, "approve", actions.Given(), actor=who, at=clock.now())

    assert _at_once([approve(first, one) for one in people]) == ["done", "unknown-edge"]
    assert (Notice.objects.count(), ActivationEvent.objects.filter(verb="approve").count()) == (1, 1)
    assert _at_once([approve(second, one) for one in people]) == ["response-already-live"] * 2
    Activation.objects.filter(id=first).update(state="ended", ended_at=clock.now())
    third = proposed()
    both = [approve(second, people[0]), approve(third, people[1])]
    assert _at_once(both) == ["done", "response-already-live"]
    assert Activation.objects.filter(state="live").count() == 1
