"""After the unit is done: rework, an appeal against overdue, and what the resident calls not solved."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from shanzhi.core.kit.clock import FixedClock

pytestmark = pytest.mark.django_db
TO_INSPECT = ("accept", "file", "dispatch", "sign", "handle", "feed_back")
TO_CLOSE = (*TO_INSPECT, "inspect", "close")
APPEAL = ("ask_appeal", "endorse_appeal", "approve_appeal")


@pytest.fixture
def late(case: Any, clock: FixedClock) -> Any:
    """A case that took longer than its limit, closed."""
    case.walk("accept", "file", "dispatch", "sign")
    clock.advance(timedelta(days=1, seconds=1))
    case.walk("handle", "feed_back", "inspect", "close")
    return case


def test_rework_happy(case: Any, clock: FixedClock, photo: str) -> None:
    case.walk(*TO_INSPECT)
    assert case.see()["due_at"] == "2026-03-09T02:30:00Z"  # 30 minutes to inspect
    clock.advance(timedelta(minutes=30))
    after = case.do("rework", note="灯仍不亮", photos=[photo])
    assert (after["state"], after["clock"]["name"], after["due_at"]) == (
        "signed", "handle", "2026-03-10T02:30:00Z",
    )  # fmt: skip
    assert case.clocks("handle") == ["stopped", "running"] and case.clocks("inspect") == ["stopped"]
    assert case.queue("signed", "chuzhi") and not case.queue("inspecting", "wangge")
    assert case.told() == "现场核查发现还没处理好，已要求重新处理。" and case.follow()["step"] == 3
    assert [one["stage"] for one in case.see()["photos"]] == ["check"]
    after = case.walk("handle", "feed_back", "inspect", "close")
    assert (after["state"], after["close_zh"]) == ("closed", "正常结案")
    assert case.events()[-5:] == ["rework", "handle", "feed_back", "inspect", "close"]


def test_rework_refused(case: Any, appoint: Callable[..., str]) -> None:
    case.walk(*TO_INSPECT[:-1])
    case.refused("rework", "unknown-edge")
    case.walk("feed_back")
    case.only("rework")
    case.needs("rework", "note")
    appoint("chuzhi", "grid_worker")
    for verb in ("rework", "inspect"):
        assert verb not in case.verbs("chuzhi")
        case.refused(verb, "same-person", who="chuzhi")
    case.walk("inspect")
    case.refused("rework", "unknown-edge")


def test_appeal_happy(late: Any, clock: FixedClock) -> None:
    seen = late.see()
    assert (seen["is_overdue"], seen["is_exempt"], seen["close_zh"]) == (True, False, "超时结案")
    told = late.follow()
    after = late.do("ask_appeal", note="停电期间无法施工")
    assert (after["state"], after["clock"]) == ("closed", None)
    assert late.queue("approvals", "paiqian") and not late.queue("approvals", "zhibanzhang")
    assert late.rate(solved=True) == 200  # the resident goes on meanwhile
    late.do("endorse_appeal")
    assert late.queue("approvals", "zhibanzhang") and not late.queue("approvals", "paiqian")
    after = late.do("approve_appeal")
    # Raw is kept; it is exempt in the statistics only.
    assert (after["is_overdue"], after["is_exempt"], after["close_zh"]) == (True, True, "超时结案")
    assert (after["state"], after["open_requests"], late.request("appeal")["state"]) == (
        "rated", 0, "approved",
    )  # fmt: skip
    assert late.clock("handle")["due_at"] == "2026-03-10T02:00:00Z"
    assert len(late.follow()["timeline"]) == len(told["timeline"]) + 1
    assert not late.queue("approvals", "zhibanzhang")
    late.refused("ask_appeal", "used-up")


@pytest.mark.parametrize("refuse", [("decline_appeal",), ("endorse_appeal", "refuse_appeal")])
def test_appeal_not_granted_happy(refuse: tuple[str, ...], late: Any) -> None:
    late.walk("ask_appeal", "withdraw_appeal")
    assert late.request("appeal")["state"] == "withdrawn"
    late.walk("ask_appeal", *refuse)
    seen = late.see()
    assert (seen["is_overdue"], seen["is_exempt"], seen["open_requests"]) == (True, False, 0)
    assert late.request("appeal")["state"] == "refused"
    assert "ask_appeal" not in late.verbs("chuzhi")
    late.refused("ask_appeal", "used-up")  # once, however it was decided


def test_appeal_refused(late: Any, appoint: Callable[..., str]) -> None:
    late.only("ask_appeal")
    late.needs("ask_appeal", "note")
    for verb in ("endorse_appeal", "approve_appeal", "withdraw_appeal"):
        late.refused(verb, "nothing-asked")
    late.walk("ask_appeal")
    late.refused("ask_appeal", "already-asked")
    for verb in ("approve_appeal", "refuse_appeal"):
        late.refused(verb, "not-your-turn")
    for verb in ("endorse_appeal", "decline_appeal", "withdraw_appeal"):
        late.only(verb)
    late.needs("decline_appeal", "note")
    appoint("chuzhi", "dispatcher")
    appoint("chuzhi", "shift_lead")
    appoint("paiqian", "shift_lead")
    late.refused("endorse_appeal", "same-person", who="chuzhi")
    late.walk("endorse_appeal")
    for verb in ("endorse_appeal", "decline_appeal"):
        late.refused(verb, "not-your-turn")
    for who in ("chuzhi", "paiqian"):  # neither who asked nor who endorsed
        assert "approve_appeal" not in late.verbs(who)
        late.refused("approve_appeal", "same-person", who=who)
    late.only("approve_appeal", "chuzhi", "paiqian")
    late.needs("refuse_appeal", "note")


def test_appeal_of_what_was_in_time_refused(case: Any, clock: FixedClock) -> None:
    case.walk("accept", "file", "dispatch", "sign")
    case.refused("ask_appeal", "unknown-edge")  # not before it is closed
    clock.advance(timedelta(days=1))  # to the very second is in time
    case.walk("handle", "feed_back", "inspect", "close")
    assert case.see()["is_overdue"] is False and "ask_appeal" not in case.verbs("chuzhi")
    case.refused("ask_appeal", "never-overdue")


def test_not_solved_reopened_happy(case: Any) -> None:
    case.walk(*TO_CLOSE)
    assert case.rate(solved=False) == 200
    assert case.queue("unsolved", "paiqian") and case.see()["rating"]["solved"] is False
    after = case.do("reopen", note="重新安排")
    assert (after["state"], after["clock"]["name"], after["due_at"], after["close_zh"]) == (
        "filed", "dispatch", "2026-03-09T02:15:00Z", "",
    )  # fmt: skip
    assert (case.told(), case.follow()["step"]) == ("您反映问题还没解决，已重新安排处理。", 2)
    assert case.follow()["allowed_actions"] == [] and case.follow()["rated"] is False
    assert case.queue("filed", "paiqian") and not case.queue("unsolved", "paiqian")
    assert not case.queue("closed", "zhihui")
    after = case.walk("dispatch")
    assert (after["due_at"], case.clocks("handle")) == ("2026-03-10T02:00:00Z", ["stopped", "running"])
    case.walk("sign", "handle", "feed_back", "inspect", "close")
    assert case.rate(solved=True) == 200 and case.see()["rating"]["solved"] is True
    case.refused("reopen", "rated-solved")
    assert not case.queue("unsolved", "paiqian")


def test_not_solved_and_never_filed_reopened_happy(
    case: Any, draw: Callable[[float], None], photo: str
) -> None:
    draw(0.0)
    case.do("self_handle", photos=[photo])
    case.do("confirm_self")
    assert case.rate(solved=False) == 200
    case.only("reopen_unfiled")
    case.needs("reopen_unfiled", "note")
    case.refused("reopen", "never-filed")
    after = case.do("reopen_unfiled")
    assert (after["state"], after["clock"], after["close_zh"]) == ("accepted", None, "")
    assert case.told() == "您反映问题还没解决，已重新安排处理。" and case.queue("accepted", "zhibanzhang")
    assert case.walk("file", "dispatch")["clock"]["name"] == "handle"


def test_reopening_refused(case: Any, appoint: Callable[..., str]) -> None:
    case.walk(*TO_CLOSE)
    case.refused("reopen", "unknown-edge")  # nobody said anything yet
    assert case.rate(solved=False) == 200 and case.rate(solved=True) == 409  # said once
    case.only("reopen")
    case.needs("reopen", "note")
    case.refused("reopen_unfiled", "was-filed")
    appoint("zhibanzhang", "dispatcher")  # whoever closed does not decide on it
    assert "reopen" not in case.verbs("zhibanzhang")
    case.refused("reopen", "same-person", who="zhibanzhang")
    case.walk("reopen")
    case.refused("reopen", "unknown-edge")


def test_an_appeal_lapses_when_the_case_is_reopened(late: Any) -> None:
    late.walk("ask_appeal")
    assert late.rate(solved=False) == 200
    late.walk("reopen")
    assert (late.request("appeal")["state"], late.see()["open_requests"]) == ("lapsed", 0)
    late.walk("dispatch", "sign", "handle", "feed_back", "inspect", "close")
    assert late.see()["close_zh"] == "超时结案"  # it was overdue once, and that is kept
    late.walk(*APPEAL)
    assert late.see()["is_exempt"] is True
