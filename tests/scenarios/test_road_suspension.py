"""Suspension (缓办): once, at most a year, and it resumes by itself with the time that was left."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shanzhi.core.kit.clock import FixedClock
from shanzhi.work.cases import actions

pytestmark = pytest.mark.django_db
TO_UNIT = ("accept", "file", "dispatch", "sign")
UNTIL = datetime(2026, 3, 19, 10, 0, tzinfo=UTC)  # Thursday 18:00 in Shanghai


def test_suspension_happy(case: Any, clock: FixedClock, fired: Callable[..., Any]) -> None:
    case.walk(*TO_UNIT)
    clock.advance(timedelta(hours=1))
    after = case.do("ask_suspend", until_at=UNTIL.isoformat(), note="等待产权单位答复")
    assert (after["state"], after["clock"]["name"]) == ("signed", "handle")
    assert case.request("suspend")["until_at"] == "2026-03-19T10:00:00Z"
    assert case.queue("approvals", "paiqian") and case.queue("signed", "chuzhi")
    after = case.do("approve_suspend")
    assert (after["state"], after["clock"]["name"], after["due_at"]) == (
        "suspended", "suspend", "2026-03-19T10:00:00Z",
    )  # fmt: skip
    assert (case.clock("handle")["state"], case.told()) == ("paused", "经批准暂缓处理，到期自动恢复。")
    assert (case.follow()["step"], case.follow()["due_at"]) == (3, None)
    assert case.queue("suspended", "chuzhi") and not case.queue("approvals", "paiqian")
    # Long past what would have been its limit: the clock stands still.
    clock.advance(timedelta(days=5))
    assert actions.wake_suspended(clock.now()) == 0 and fired(case.id) == []
    assert not case.queue("overdue", "zhihui") and not case.queue("due_soon", "zhihui")
    clock.advance(UNTIL - clock.now() - timedelta(seconds=1))
    assert actions.wake_suspended(clock.now()) == 0
    clock.advance(timedelta(seconds=1))
    assert actions.wake_suspended(clock.now()) == 1 and actions.wake_suspended(clock.now()) == 0
    after = case.see()
    # One working hour had passed: seven are left, from 18:00 on the 19th to Friday 17:00.
    assert (after["state"], after["clock"]["name"], after["due_at"]) == (
        "signed", "handle", "2026-03-20T09:00:00Z",
    )  # fmt: skip
    assert (case.clock("suspend")["state"], case.clocks("handle")) == ("stopped", ["running"])
    assert (case.told(), after["timeline"][-1]["actor_name"]) == ("已恢复处理。", "系统")
    assert case.events()[-3:] == ["ask_suspend", "approve_suspend", "wake"]
    assert case.queue("signed", "chuzhi")
    # 6.4 of its 8 hours: Friday 15:24.
    clock.advance(datetime(2026, 3, 20, 7, 23, 59, tzinfo=UTC) - clock.now())
    assert ("handle", "warn") not in fired(case.id)
    clock.advance(timedelta(seconds=1))
    assert ("handle", "warn") in fired(case.id)
    assert case.walk("handle", "feed_back")["is_overdue"] is False


def test_suspension_ended_early_happy(case: Any, clock: FixedClock) -> None:
    case.walk(*TO_UNIT)
    case.do("ask_suspend", until_at=UNTIL.isoformat())
    case.do("approve_suspend")
    clock.advance(timedelta(hours=2))
    after = case.do("resume", note="产权单位已答复")
    # 12:00 to 14:00 is no working time: two hours from 10:00 to 12:00 are given back.
    assert (after["state"], after["due_at"]) == ("signed", "2026-03-10T04:00:00Z")
    assert (case.clock("suspend")["state"], case.told()) == ("stopped", "已恢复处理。")
    clock.advance(UNTIL - clock.now())
    assert actions.wake_suspended(clock.now()) == 0


def test_suspension_not_granted_happy(case: Any) -> None:
    case.walk(*TO_UNIT)
    until = {"until_at": UNTIL.isoformat()}
    case.do("ask_suspend", **until)
    case.do("refuse_suspend", note="不符合条件")
    assert (case.see()["state"], case.clock("handle")["state"]) == ("signed", "running")
    assert case.request("suspend")["answer"] == "不符合条件"
    case.do("ask_suspend", **until)
    case.do("withdraw_suspend")
    assert case.request("suspend")["state"] == "withdrawn" and case.see()["open_requests"] == 0
    case.do("ask_suspend", **until)  # what was not granted does not count
    assert case.do("approve_suspend")["state"] == "suspended"


def test_suspension_refused(case: Any, clock: FixedClock, appoint: Callable[..., str]) -> None:
    until = {"until_at": UNTIL.isoformat()}
    case.walk(*TO_UNIT[:-1])
    case.refused("ask_suspend", "unknown-edge", **until)
    case.walk("sign")
    case.only("ask_suspend", **until)
    case.needs("ask_suspend", "note", **until)
    case.needs("ask_suspend", "until_at")
    for wrong in (timedelta(0), timedelta(minutes=-1), timedelta(days=365, seconds=1)):
        case.needs("ask_suspend", "until_at", (clock.now() + wrong).isoformat())
    for verb in ("approve_suspend", "refuse_suspend", "withdraw_suspend"):
        case.refused(verb, "nothing-asked")
    case.do("ask_suspend", until_at=(clock.now() + timedelta(days=365)).isoformat())
    case.refused("ask_suspend", "already-asked", **until)
    for verb in ("approve_suspend", "refuse_suspend", "withdraw_suspend"):
        case.only(verb)
    case.needs("refuse_suspend", "note")
    appoint("chuzhi", "dispatcher")
    assert "approve_suspend" not in case.verbs("chuzhi")
    case.refused("approve_suspend", "same-person", who="chuzhi")
    case.do("approve_suspend")
    case.only("resume", "chuzhi")
    case.needs("resume", "note")
    case.only_the_program("wake")
    for verb in ("handle", "ask_extend", "urge", "reassign"):
        case.refused(verb, "unknown-edge")


def test_suspension_twice_refused(case: Any, clock: FixedClock, unit_of: Callable[[str], Any]) -> None:
    until = {"until_at": UNTIL.isoformat()}
    case.walk(*TO_UNIT)
    case.do("ask_suspend", **until)
    case.walk("approve_suspend", "resume")
    assert "ask_suspend" not in case.verbs("chuzhi")
    case.refused("ask_suspend", "used-up", **until)
    case.do("reassign", unit_id=str(unit_of("ORDER").id))
    case.walk("sign")
    case.refused("ask_suspend", "used-up", **until)  # once a case, whoever has it


def test_what_is_overdue_stays_overdue_while_it_rests(case: Any, clock: FixedClock) -> None:
    case.walk(*TO_UNIT)
    clock.advance(timedelta(days=1, hours=1))
    case.do("ask_suspend", until_at=UNTIL.isoformat())
    case.do("approve_suspend")
    clock.advance(timedelta(days=1))
    after = case.walk("resume", "handle", "feed_back")
    assert after["is_overdue"] is True and case.clock("handle")["due_at"] == "2026-03-10T02:00:00Z"
