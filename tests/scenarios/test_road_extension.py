"""Extension (延期): asked for in time, by the unit's head and the dispatcher, at most twice."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from shanzhi.core.kit.clock import FixedClock

pytestmark = pytest.mark.django_db
TO_UNIT = ("accept", "file", "dispatch", "sign")
GRANT = ("ask_extend", "endorse_extend", "approve_extend")


def test_extension_happy(case: Any, clock: FixedClock) -> None:
    case.walk(*TO_UNIT)
    told = case.follow()["timeline"]
    assert case.see()["due_at"] == "2026-03-10T02:00:00Z"  # one working day from Monday 10:00
    clock.advance(timedelta(hours=1))
    after = case.do("ask_extend", note="配件未到")
    assert (after["state"], after["clock"]["name"], after["due_at"]) == (
        "signed", "handle", "2026-03-10T02:00:00Z",
    )  # fmt: skip
    asked = case.request("extend")
    assert (asked["state"], asked["consents"], asked["consents_needed"]) == ("pending", 0, 2)
    assert case.queue("approvals", "fuzeren") and not case.queue("approvals", "paiqian")
    case.do("endorse_extend")
    assert case.request("extend")["consents"] == 1
    assert case.queue("approvals", "paiqian") and not case.queue("approvals", "fuzeren")
    after = case.do("approve_extend")
    # Two limits from the start, three after the next: nothing is lost by the time it took to decide.
    assert (after["due_at"], after["extensions"], after["open_requests"]) == ("2026-03-11T02:00:00Z", 1, 0)
    assert case.clock("handle")["due_at"] == case.follow()["due_at"] == "2026-03-11T02:00:00Z"
    assert not case.queue("approvals", "paiqian")
    case.do("handle")  # and again while the result is to be fed back
    after = case.walk(*GRANT)
    assert (after["due_at"], after["extensions"]) == ("2026-03-12T02:00:00Z", 2)
    assert case.request("extend")["decided_name"] == "派遣员丙"
    assert case.clocks("handle") == ["running"] and case.follow()["timeline"] == told
    assert case.events()[-3:] == list(GRANT)


def test_extension_moves_the_warning_too(case: Any, clock: FixedClock, fired: Callable[..., Any]) -> None:
    case.walk(*TO_UNIT, *GRANT)
    # 80 percent of two working days from Monday 10:00: 12.8 hours, Tuesday 16:48.
    clock.advance(timedelta(days=1, hours=6, minutes=47, seconds=59))
    assert fired(case.id) == [] and case.see()["clock"]["warn"] is False
    clock.advance(timedelta(seconds=1))
    assert fired(case.id) == [("handle", "warn")] and case.see()["clock"]["warn"] is True


def test_extension_not_granted_happy(case: Any) -> None:
    case.walk(*TO_UNIT)
    case.do("ask_extend")
    case.do("decline_extend", note="人手足够")
    asked = case.request("extend")
    assert (asked["state"], asked["answer"], asked["decided_name"]) == (
        "refused", "人手足够", "处置负责人癸",
    )  # fmt: skip
    case.walk("ask_extend", "endorse_extend", "refuse_extend")
    assert case.request("extend")["state"] == "refused"
    case.walk("ask_extend", "withdraw_extend")
    assert case.request("extend")["state"] == "withdrawn"
    seen = case.see()
    assert (seen["due_at"], seen["extensions"], seen["open_requests"]) == ("2026-03-10T02:00:00Z", 0, 0)
    assert not case.queue("approvals", "fuzeren") and not case.queue("approvals", "paiqian")
    case.walk(*GRANT, *GRANT)  # what was not granted does not count
    case.refused("ask_extend", "used-up")


def test_extension_refused(case: Any, appoint: Callable[..., str]) -> None:
    case.walk(*TO_UNIT[:-1])
    case.only("ask_extend")
    case.needs("ask_extend", "note")
    for verb in ("endorse_extend", "decline_extend", "approve_extend", "refuse_extend", "withdraw_extend"):
        case.refused(verb, "nothing-asked")
    case.walk("ask_extend")
    case.refused("ask_extend", "already-asked")
    for verb in ("approve_extend", "refuse_extend"):
        case.refused(verb, "not-your-turn")
    for verb in ("endorse_extend", "decline_extend", "withdraw_extend"):
        case.only(verb)
    case.needs("decline_extend", "note")
    appoint("tongshi", "unit_handler", "ROADS")
    case.refused("withdraw_extend", "not-yours", who="tongshi")
    case.walk("endorse_extend")
    for verb in ("endorse_extend", "decline_extend"):
        case.refused(verb, "not-your-turn")
    for verb in ("approve_extend", "refuse_extend"):
        case.only(verb)
    case.needs("refuse_extend", "note")


def test_extension_third_refused(case: Any) -> None:
    case.walk(*TO_UNIT, *GRANT, *GRANT)
    assert "ask_extend" not in case.verbs("chuzhi")
    assert "2 次" in case.refused("ask_extend", "used-up")["message_zh"]


def test_extension_too_late_refused(case: Any, clock: FixedClock, fired: Callable[..., Any]) -> None:
    case.walk(*TO_UNIT)
    clock.advance(timedelta(hours=24) - timedelta(seconds=1))
    case.do("ask_extend")
    case.do("withdraw_extend")
    assert "ask_extend" in case.verbs("chuzhi")
    clock.advance(timedelta(seconds=1))
    assert "ask_extend" not in case.verbs("chuzhi")
    case.refused("ask_extend", "already-overdue")  # whether or not the clock loop has come round
    assert fired(case.id) == [("handle", "breach"), ("handle", "warn")]
    case.refused("ask_extend", "already-overdue")


def test_extension_asked_in_time_and_granted_later_happy(
    case: Any, clock: FixedClock, fired: Callable[..., Any]
) -> None:
    case.walk(*TO_UNIT)
    clock.advance(timedelta(hours=23, minutes=59))
    case.do("ask_extend")
    clock.advance(timedelta(minutes=2))
    fired(case.id)
    assert case.see()["clock"]["breached"] is True and case.queue("overdue", "chuzhi")
    case.walk("endorse_extend", "approve_extend")
    assert case.see()["clock"]["breached"] is False and not case.queue("overdue", "chuzhi")
    after = case.walk("handle", "feed_back")
    assert after["is_overdue"] is False  # the limit that was granted was kept


@pytest.mark.parametrize(("post", "unit", "verb"), [
    ("unit_lead", "ROADS", "endorse_extend"), ("dispatcher", "", "approve_extend"),
])  # fmt: skip
def test_extension_by_whoever_asked_refused(
    post: str, unit: str, verb: str, case: Any, appoint: Callable[..., str]
) -> None:
    appoint("chuzhi", post, unit)
    case.walk(*TO_UNIT, "ask_extend")
    if verb == "approve_extend":
        case.walk("endorse_extend")
    assert verb not in case.verbs("chuzhi")
    case.refused(verb, "same-person", who="chuzhi")
    case.do(verb)


def test_extension_by_whoever_endorsed_refused(case: Any, appoint: Callable[..., str]) -> None:
    appoint("fuzeren", "dispatcher")
    case.walk(*TO_UNIT, "ask_extend", "endorse_extend")
    case.refused("approve_extend", "same-person", who="fuzeren")
    case.do("approve_extend")


def test_another_unit_may_be_extended_anew(case: Any, unit_of: Callable[[str], Any]) -> None:
    case.walk(*TO_UNIT, *GRANT, *GRANT)
    after = case.do("reassign", unit_id=str(unit_of("ORDER").id))
    assert (after["extensions"], after["due_at"]) == (0, "2026-03-10T02:00:00Z")
    assert case.walk(*GRANT)["due_at"] == "2026-03-11T02:00:00Z"
