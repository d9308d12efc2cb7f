"""Side roads of a case: each as it is meant, and refused to whoever may not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils.timezone import localdate

from shanzhi.base.access import SYSTEM
from shanzhi.core.kit.clock import FixedClock

pytestmark = pytest.mark.django_db

ROADS = [
    ((), "reject", "rejected"),
    (("accept",), "decline", "declined"),
    (("accept", "file", "dispatch"), "ask_return", "returning"),
    (("accept", "file", "dispatch", "sign"), "ask_return", "returning"),
    (("accept", "file", "dispatch", "ask_return"), "approve_return", "filed"),
    (("accept", "file", "dispatch", "ask_return"), "refuse_return", "dispatched"),
    (("accept", "file", "dispatch", "sign", "handle", "feed_back"), "rework", "signed"),
]


@pytest.mark.parametrize(("before", "verb", "state"), ROADS, ids=[f"{r[1]}-{len(r[0])}" for r in ROADS])
def test_only_who_may_and_with_a_reason(before: tuple[str, ...], verb: str, state: str, case: Any) -> None:
    case.walk(*before)
    case.only(verb)
    if verb != "approve_return":
        case.refused(verb, "note", note=" ")
    if verb == "ask_return":
        case.refused(verb, "condition_id", condition_id=None)
    assert case.walk(verb)["state"] == state


def test_what_is_not_taken_up_says_why(case: Any) -> None:
    case.send("reject", note="不属于本区管辖，请拨打示例热线。")
    told = case.follow()
    assert (told["step"], told["state_public_zh"], told["allowed_actions"]) == (0, "未受理", [])
    assert told["timeline"][-1]["text_zh"] == "未受理：不属于本区管辖，请拨打示例热线。"
    assert case.see("shouli")["allowed_actions"] == []
    assert case.clock("accept")["state"] == "stopped"
    assert case.send("accept")[1]["error"]["code"] == "unknown-edge"


def test_what_is_not_filed_says_why(case: Any) -> None:
    case.walk("accept")
    case.send("decline", note="现场未见所述情况。")
    told = case.follow()
    assert (told["step"], told["timeline"][-1]["text_zh"]) == (0, "未立案：现场未见所述情况。")


def test_a_refused_return_resumes_the_rest_of_the_time(case: Any, clock: FixedClock) -> None:
    case.walk("accept", "file", "dispatch")
    due = case.clock("handle")["due_at"]
    clock.advance(timedelta(minutes=30))
    case.walk("ask_return")
    assert case.see("zhihui")["clock"] is None
    assert case.clock("handle")["state"] == "paused"
    clock.advance(timedelta(minutes=45))
    after = case.walk("refuse_return")
    assert (after["clock"]["name"], case.clock("handle")["state"]) == ("handle", "running")
    # One working day from 10:00, and 45 minutes that stood still.
    assert (due, case.clock("handle")["due_at"]) == ("2026-03-10T02:00:00Z", "2026-03-10T02:45:00Z")
    assert "暂停 03-09 10:30–03-09 11:15" in case.clock("handle")["sentence_zh"]
    assert case.walk("sign", "handle", "feed_back")["state"] == "inspecting"


def test_back_at_the_same_unit_the_rest_runs_on(case: Any, clock: FixedClock) -> None:
    case.walk("accept", "file", "dispatch", "sign")
    clock.advance(timedelta(minutes=60))
    case.walk("ask_return")
    clock.advance(timedelta(minutes=20))
    case.walk("approve_return")
    assert case.see("zhihui")["clock"]["name"] == "dispatch"
    clock.advance(timedelta(minutes=10))
    case.walk("dispatch")
    assert case.clock("handle")["due_at"] == "2026-03-10T02:30:00Z"


def test_another_unit_has_the_whole_limit(case: Any, clock: FixedClock) -> None:
    from shanzhi.city.people.models import Unit

    case.walk("accept", "file", "dispatch", "ask_return", "approve_return")
    clock.advance(timedelta(minutes=60))
    other = Unit.objects.get(code="DEMO-ORDER")
    status, after = case.send("dispatch", unit_id=str(other.id))
    assert (status, after["unit_name"]) == (200, other.name)
    assert [one["state"] for one in after["clocks"] if one["name"] == "handle"] == ["stopped", "running"]
    assert case.clock("handle")["due_at"] == "2026-03-10T03:00:00Z"


def test_a_failed_inspection_goes_back_to_the_unit(case: Any, clock: FixedClock) -> None:
    case.walk("accept", "file", "dispatch", "sign", "handle", "feed_back")
    clock.advance(timedelta(minutes=30))
    after = case.walk("rework")
    assert (after["state"], after["clock"]["name"]) == ("signed", "handle")
    assert [one["state"] for one in after["clocks"] if one["name"] == "handle"] == ["stopped", "running"]
    assert case.follow()["timeline"][-1]["text_zh"] == "现场核查发现还没处理好，已要求重新处理。"
    assert case.walk("handle", "feed_back", "inspect", "close")["state"] == "closed"


def test_not_solved_is_reopened_by_somebody_else(case: Any, sign_in: Callable[..., Any]) -> None:
    case.walk("accept", "file", "dispatch", "sign", "handle", "feed_back", "inspect", "close")
    assert case.send("reopen")[1]["error"]["code"] == "unknown-edge"
    assert case.rate(solved=False) == 200
    queues = {queue["code"]: queue["count"] for queue in sign_in("paiqian").get("/api/queues")[1]}
    assert queues["unsolved"] == 1
    assert sign_in("paiqian").get("/api/cases?queue=unsolved")[1]["items"][0]["state"] == "rated"
    case.only("reopen")
    after = case.walk("reopen")
    assert (after["state"], after["clock"]["name"], after["rating"]["solved"]) == ("filed", "dispatch", False)
    assert case.follow()["step"] == 2
    case.walk("dispatch", "sign", "handle", "feed_back", "inspect", "close")
    assert case.rate(solved=True) == 200
    assert case.see("zhihui")["rating"]["solved"] is True
    assert case.send("reopen")[1]["error"]["code"] == "rated-solved"
    assert case.see("paiqian")["allowed_actions"] == []
    assert sign_in("paiqian").get("/api/cases?queue=unsolved")[1]["items"] == []


def test_whoever_closed_does_not_decide_on_reopening(case: Any, clock: FixedClock) -> None:
    from shanzhi.city.people import actions as people
    from shanzhi.city.people.models import Account
    from shanzhi.city.places.models import Place

    people.appoint(
        Account.objects.get(username="zhibanzhang").id, "dispatcher", Place.objects.get(code="510107").id,
        from_on=localdate(clock.now()), actor=SYSTEM, at=clock.now(),
    )  # fmt: skip
    case.walk("accept", "file", "dispatch", "sign", "handle", "feed_back", "inspect", "close")
    case.rate(solved=False)
    status, answer = case.send("reopen", who="zhibanzhang")
    assert (status, answer["error"]["code"]) == (403, "same-person")
    assert case.see("zhibanzhang")["allowed_actions"] == []
