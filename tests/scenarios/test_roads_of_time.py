"""Extension, suspension, bundles, urging and supervision: what they do to the clocks, and when they are refused."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from shanzhi.base.clocks import actions as clocks
from shanzhi.base.clocks.models import ClockEvent
from shanzhi.core.kit.clock import FixedClock
from shanzhi.work.cases import actions
from shanzhi.work.cases.limits import stage_limits
from shanzhi.work.cases.models import Case

pytestmark = pytest.mark.django_db
TO_UNIT = ("accept", "file", "dispatch", "sign")


def shanghai(month: int, day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=UTC) - timedelta(hours=8)


def test_an_extension_adds_the_original_limit(case: Any, clock: FixedClock) -> None:
    case.walk(*TO_UNIT)
    assert case.clock("handle")["due_at"] == "2026-03-10T02:00:00Z"  # one working day from Monday 10:00
    case.only("ask_extend")
    case.refused("ask_extend", "note", note=" ")
    case.do("ask_extend", note="配件未到")
    assert (case.request("extend")["state"], case.see()["clock"]["name"]) == ("pending", "handle")
    assert case.queue("approvals", "fuzeren") and not case.queue("approvals", "paiqian")
    case.refused("ask_extend", "already-asked")
    case.refused("approve_extend", "not-your-turn")
    case.only("endorse_extend")
    case.do("endorse_extend")
    assert case.queue("approvals", "paiqian") and not case.queue("approvals", "fuzeren")
    case.refused("endorse_extend", "not-your-turn")
    case.only("approve_extend")
    after = case.do("approve_extend")
    assert (after["due_at"], after["extensions"], after["open_requests"]) == ("2026-03-11T02:00:00Z", 1, 0)
    assert case.clock("handle")["due_at"] == "2026-03-11T02:00:00Z"
    for verb in ("ask_extend", "endorse_extend", "approve_extend"):
        case.do(verb)
    assert case.clock("handle")["due_at"] == "2026-03-12T02:00:00Z"
    case.refused("ask_extend", "used-up")
    assert "申请延期" not in case.told()


def test_an_extension_that_is_not_granted(case: Any) -> None:
    case.walk(*TO_UNIT)
    due = case.clock("handle")["due_at"]
    case.do("ask_extend")
    case.only("decline_extend")
    case.refused("decline_extend", "note", note="")
    case.do("decline_extend", note="人手足够")
    assert (case.request("extend")["state"], case.request("extend")["answer"]) == ("refused", "人手足够")
    case.walk("ask_extend", "endorse_extend")
    case.only("refuse_extend")
    case.refused("refuse_extend", "note", note="")
    case.do("refuse_extend")
    assert (case.clock("handle")["due_at"], case.see()["extensions"]) == (due, 0)
    case.do("ask_extend")
    case.do("withdraw_extend")
    assert case.request("extend")["state"] == "withdrawn"
    case.refused("endorse_extend", "nothing-asked")


def test_an_extension_is_asked_for_in_time(case: Any, clock: FixedClock) -> None:
    case.walk(*TO_UNIT)
    clock.advance(timedelta(hours=23, minutes=59))
    case.do("ask_extend")
    clock.advance(timedelta(minutes=2))
    clocks.fire_due(clock.now())
    assert case.see()["clock"]["breached"] is True
    case.walk("endorse_extend", "approve_extend")  # asked in time, decided later
    assert case.see()["clock"]["breached"] is False
    clock.advance(timedelta(days=1))
    case.refused("ask_extend", "already-overdue")


def test_who_asked_does_not_endorse(case: Any, clock: FixedClock) -> None:
    from django.utils.timezone import localdate

    from shanzhi.base.access import SYSTEM
    from shanzhi.city.people import actions as people
    from shanzhi.city.people.models import Account, Unit

    unit = Unit.objects.get(code="DEMO-ROADS")
    people.appoint(
        Account.objects.get(username="chuzhi").id, "unit_lead", unit.place_id, unit.id,
        from_on=localdate(clock.now()), actor=SYSTEM, at=clock.now(),
    )  # fmt: skip
    case.walk(*TO_UNIT, "ask_extend")
    case.refused("endorse_extend", "same-person", who="chuzhi")
    case.do("endorse_extend")


def test_a_suspension_rests_and_wakes_by_itself(case: Any, clock: FixedClock) -> None:
    case.walk(*TO_UNIT)
    until = shanghai(3, 19, 18)
    case.only("ask_suspend", until_at=until.isoformat())
    case.refused("ask_suspend", "until_at", until_at=None)
    case.refused("ask_suspend", "until_at", until_at=(clock.now() - timedelta(minutes=1)).isoformat())
    case.refused("ask_suspend", "until_at", until_at=(clock.now() + timedelta(days=366)).isoformat())
    clock.advance(timedelta(hours=1))
    case.do("ask_suspend", until_at=until.isoformat(), note="等待产权单位答复")
    assert case.see()["state"] == "signed" and case.queue("approvals", "paiqian")
    case.only("approve_suspend")
    after = case.do("approve_suspend")
    assert (after["state"], after["clock"]["name"], after["due_at"]) == (
        "suspended", "suspend", "2026-03-19T10:00:00Z",
    )  # fmt: skip
    assert (case.clock("handle")["state"], case.told()) == ("paused", "经批准暂缓处理，到期自动恢复。")
    clock.advance(timedelta(days=5))
    assert actions.wake_suspended(clock.now()) == 0
    clock.advance(until - clock.now())
    assert actions.wake_suspended(clock.now()) == 1 and actions.wake_suspended(clock.now()) == 0
    after = case.see()
    # One working hour had passed: seven are left, from 18:00 on the 19th.
    assert (after["state"], after["due_at"], case.told()) == (
        "signed",
        "2026-03-20T09:00:00Z",
        "已恢复处理。",
    )
    assert after["timeline"][-1]["actor_name"] == "系统"
    case.refused("ask_suspend", "used-up", until_at=(clock.now() + timedelta(days=3)).isoformat())


def test_a_suspension_that_is_not_granted_or_ends_early(case: Any, clock: FixedClock) -> None:
    case.walk(*TO_UNIT)
    until = {"until_at": (clock.now() + timedelta(days=9)).isoformat()}
    case.do("ask_suspend", **until)
    case.only("refuse_suspend")
    case.refused("refuse_suspend", "note", note="")
    case.do("refuse_suspend")
    assert (case.see()["state"], case.clock("handle")["state"]) == ("signed", "running")
    case.do("ask_suspend", **until)
    case.do("approve_suspend")
    case.only("resume")
    case.refused("resume", "note", note="")
    clock.advance(timedelta(hours=2))
    after = case.do("resume")
    # 12:00 to 14:00 is no working time: two hours from 10:00 to 12:00 are given back.
    assert (after["state"], after["due_at"]) == ("signed", "2026-03-10T04:00:00Z")
    assert "wake" not in case.verbs("paiqian")


def test_urging_and_supervision_want_an_answer(case: Any, clock: FixedClock) -> None:
    case.refused("urge", "unknown-edge")
    case.walk(*TO_UNIT)
    case.only("urge", "zhibanzhang", "paiqian", "zhihui")
    case.only("supervise", "zhibanzhang")
    case.refused("urge", "note", note="")
    case.do("urge", note="居民再次来电")
    case.do("supervise", note="请今日答复")
    # Four working hours from Monday 10:00 end at 16:00; one working day on Tuesday 10:00.
    assert case.request("urge")["due_at"] == case.clock("urge")["due_at"] == "2026-03-09T08:00:00Z"
    assert case.request("supervise")["due_at"] == case.clock("supervise")["due_at"] == "2026-03-10T02:00:00Z"
    assert case.see()["clock"]["name"] == "handle"  # the case is due when it was
    assert case.queue("answers", "chuzhi") and case.queue("supervised", "zhihui")
    case.refused("urge", "already-asked")
    clock.advance(timedelta(hours=6))
    clocks.fire_due(clock.now())
    clocks.fire_due(clock.now())
    fired = set(ClockEvent.objects.filter(verb__in=["warn", "breach"]).values_list("clock__name", "verb"))
    assert fired >= {("urge", "warn"), ("urge", "breach")}
    case.only("answer_urge")
    case.refused("answer_urge", "note", note=" ")
    case.do("answer_urge", note="下午派人")
    assert (case.request("urge")["state"], case.request("urge")["answer"]) == ("answered", "下午派人")
    case.do("answer_supervise")
    assert not case.queue("answers", "chuzhi") and case.see()["open_requests"] == 0
    case.refused("answer_urge", "nothing-asked")


def test_what_nobody_answered_lapses_when_the_case_moves_on(case: Any) -> None:
    case.walk(*TO_UNIT)
    case.do("urge")
    case.do("ask_extend")
    case.walk("handle", "feed_back")
    assert [case.request(kind)["state"] for kind in ("urge", "extend")] == ["lapsed", "lapsed"]
    assert (case.clock("urge")["state"], case.see()["open_requests"]) == ("stopped", 0)


def test_a_bundle_is_due_together(
    case: Any, new_case: Callable[..., Any], sign_in: Callable[..., Any], clock: FixedClock
) -> None:
    other, third = new_case(), new_case()
    case.walk(*TO_UNIT)
    other.walk("accept", "file")
    area, due = case.receipt["area"], shanghai(3, 20, 18)
    body = {"area": area, "cases": [case.id, other.id], "name": "示例路口集中整治", "due_at": due.isoformat()}
    assert sign_in("chuzhi").post("/api/bundles", body)[0] == 403
    for wrong, field in (
        ({"name": " "}, "name"), ({"due_at": shanghai(3, 9, 9).isoformat()}, "due_at"),
        ({"cases": [case.id]}, "cases"),
    ):  # fmt: skip
        status, answer = sign_in("paiqian").post("/api/bundles", body | wrong)
        assert (status, answer["error"]["field"]) == (422, field)
    standing = case.see()
    status, answer = sign_in("paiqian").post("/api/bundles", body | {"cases": [case.id, third.id]})
    assert (status, answer["error"]["code"]) == (409, "unknown-edge")
    assert case.see() == standing  # all or none
    status, answer = sign_in("paiqian").post("/api/bundles", body)
    assert (status, answer["cases"]) == (201, 2)
    assert (case.see()["due_at"], case.see()["bundle"]["name"]) == (
        "2026-03-20T10:00:00Z",
        "示例路口集中整治",
    )
    assert [one["number"] for one in case.see()["bundle"]["cases"]] == [other.receipt["number"]]
    other.walk("dispatch")
    assert other.see()["due_at"] == "2026-03-20T10:00:00Z"
    case.refused("ask_extend", "no-own-limit")
    case.only("unbundle")
    after = case.do("unbundle")
    assert (after["due_at"], after["bundle"]) == ("2026-03-10T02:00:00Z", None)
    assert "unbundle" not in case.verbs("paiqian")


def test_what_stands_still_is_not_bundled(case: Any, new_case: Callable[..., Any], sign_in: Any) -> None:
    case.walk(*TO_UNIT, "ask_return", "approve_return")
    other = new_case()
    other.walk("accept", "file")
    body = {
        "area": case.receipt["area"],
        "cases": [case.id, other.id],
        "name": "批次",
        "due_at": "2026-04-01T00:00:00Z",
    }
    status, answer = sign_in("paiqian").post("/api/bundles", body)
    assert (status, answer["error"]["code"]) == (409, "no-own-limit")


CLOCKS = [
    ("accept", (), 15), ("verify", ("ask_verify",), 30), ("dispatch", ("accept", "file"), 15),
    ("inspect", (*TO_UNIT, "handle", "feed_back"), 30),
]  # fmt: skip


@pytest.mark.parametrize(("name", "before", "minutes"), CLOCKS, ids=[one[0] for one in CLOCKS])
def test_stage_limits_warn_and_breach(
    name: str, before: tuple[str, ...], minutes: int, case: Any, clock: FixedClock
) -> None:
    for verb in before:
        case.do(verb, who="shouli" if verb == "ask_verify" else "")
    share = stage_limits()[name].warn_share
    assert 0 < share < 1

    def fired() -> list[str]:
        while clocks.fire_due(clock.now()):
            pass
        rows = ClockEvent.objects.filter(clock__name=name, verb__in=["warn", "breach"]).order_by("at", "id")
        return list(rows.values_list("verb", flat=True))

    clock.advance(timedelta(minutes=minutes * share) - timedelta(seconds=1))
    assert fired() == []
    clock.advance(timedelta(seconds=1))
    assert fired() == ["warn"] and case.see()["clock"]["warn"] is True
    clock.advance(timedelta(minutes=minutes * (1 - share)) - timedelta(seconds=1))
    assert fired() == ["warn"]
    clock.advance(timedelta(seconds=1))
    assert fired() == ["warn", "breach"] and case.see()["clock"]["breached"] is True


def test_a_breach_between_two_rounds_is_told_of(case: Any, clock: FixedClock) -> None:
    clock.advance(timedelta(minutes=20))
    case.do("accept")  # the loop has not come round since 10:15
    rows = ClockEvent.objects.filter(clock__subject_id=UUID(case.id), clock__name="accept").order_by(
        "at", "id"
    )
    assert sorted(rows.values_list("verb", flat=True)) == ["breach", "start", "stop", "warn"]
    assert Case.objects.get(id=case.id).is_overdue is False  # only handling counts as overdue
