"""Sending back, reassigning, forwarding inside the unit: each as it is meant, and refused."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from shanzhi.core.kit.clock import FixedClock

pytestmark = pytest.mark.django_db
TO_UNIT = ("accept", "file", "dispatch")


def test_send_back_approved_same_unit_happy(case: Any, clock: FixedClock) -> None:
    case.walk(*TO_UNIT, "sign")
    cited = case.see("chuzhi")["conditions"][0]["id"]
    clock.advance(timedelta(hours=1))
    after = case.do("ask_return", condition_id=cited, note="不属本单位职责")
    assert (after["state"], after["clock"], case.clock("handle")["state"]) == ("returning", None, "paused")
    asked = case.request("return")
    assert (asked["state"], asked["cited"]["id"], asked["note"]) == ("pending", cited, "不属本单位职责")
    assert case.queue("approvals", "paiqian") and not case.queue("approvals", "zhibanzhang")
    assert case.queue("returning", "paiqian") and case.follow()["step"] == 2
    clock.advance(timedelta(minutes=30))
    after = case.do("approve_return")
    assert (after["state"], after["clock"]["name"], after["due_at"]) == (
        "filed", "dispatch", "2026-03-09T03:45:00Z",
    )  # fmt: skip
    assert case.queue("filed", "paiqian") and not case.queue("approvals", "paiqian")
    clock.advance(timedelta(minutes=10))
    after = case.do("dispatch", unit_id=_unit(case))
    # One working day from 10:00, and 40 minutes from 11:00 to 11:40 that stood still.
    assert (after["clock"]["name"], after["due_at"]) == ("handle", "2026-03-10T02:40:00Z")
    assert (case.clocks("handle"), case.request("return")["state"]) == (["running"], "approved")
    assert case.events()[-3:] == ["ask_return", "approve_return", "dispatch"]


def _unit(case: Any) -> str:
    return str(case.see("paiqian")["suggestion"]["unit_id"])


def test_send_back_approved_another_unit_happy(
    case: Any, unit_of: Callable[[str], Any], clock: FixedClock
) -> None:
    case.walk(*TO_UNIT, "ask_return", "approve_return")
    clock.advance(timedelta(minutes=60))
    other = unit_of("ORDER")
    after = case.do("dispatch", unit_id=str(other.id))
    assert (after["unit_name"], after["due_at"]) == (other.name, "2026-03-10T03:00:00Z")
    assert case.clocks("handle") == ["stopped", "running"]
    assert case.told() == f"已交给{other.name}处理。"


def test_send_back_refused_by_the_dispatcher_happy(case: Any, clock: FixedClock) -> None:
    case.walk(*TO_UNIT, "sign")
    clock.advance(timedelta(minutes=30))
    case.walk("ask_return")
    clock.advance(timedelta(minutes=45))
    after = case.do("refuse_return", note="属于本单位")
    assert (after["state"], after["due_at"], after["refused_returns"]) == (
        "dispatched", "2026-03-10T02:45:00Z", 1,
    )  # fmt: skip
    assert "暂停 03-09 10:30–03-09 11:15" in case.clock("handle")["sentence_zh"]
    assert (case.request("return")["state"], case.request("return")["answer"]) == ("refused", "属于本单位")
    assert case.queue("dispatched", "chuzhi")


def test_send_back_taken_back_happy(case: Any, clock: FixedClock) -> None:
    case.walk(*TO_UNIT, "ask_return")
    clock.advance(timedelta(minutes=20))
    after = case.do("withdraw_return")
    assert (after["state"], after["due_at"], after["refused_returns"]) == (
        "dispatched", "2026-03-10T02:20:00Z", 0,
    )  # fmt: skip
    assert case.request("return")["state"] == "withdrawn"


def test_send_back_after_two_refusals_the_shift_lead_rules_happy(
    case: Any, new_case: Callable[..., Any]
) -> None:
    other = new_case()
    for one in (case, other):
        one.walk(*TO_UNIT, "ask_return")
        one.refused("uphold_return", "not-yet-for-arbitration")
        one.refused("overrule_return", "not-yet-for-arbitration")
        one.walk("refuse_return", "ask_return", "refuse_return", "ask_return")
        one.refused("approve_return", "for-arbitration")
        one.refused("refuse_return", "for-arbitration")
        assert one.verbs("paiqian") == set() and one.see()["refused_returns"] == 2
        assert one.queue("approvals", "zhibanzhang") and not one.queue("approvals", "paiqian")
        one.only("uphold_return")
        one.only("overrule_return")
        one.needs("uphold_return", "note")
        one.needs("overrule_return", "note")
    after = case.do("uphold_return", note="职责不清，另行派遣")
    assert (after["state"], after["clock"]["name"]) == ("filed", "dispatch")
    after = other.do("overrule_return", note="由该单位处置")
    assert (after["state"], after["clock"]["name"], after["refused_returns"]) == ("dispatched", "handle", 3)
    other.walk("ask_return")
    other.refused("refuse_return", "for-arbitration")


def test_another_unit_begins_with_no_refusals(case: Any, unit_of: Callable[[str], Any]) -> None:
    case.walk(*TO_UNIT, "ask_return", "refuse_return", "ask_return", "refuse_return")
    after = case.do("reassign", unit_id=str(unit_of("ORDER").id))
    assert after["refused_returns"] == 0
    case.walk("ask_return")
    assert case.queue("approvals", "paiqian") and not case.queue("approvals", "zhibanzhang")
    assert case.walk("refuse_return")["refused_returns"] == 1


def test_send_back_refused(case: Any, appoint: Callable[..., str]) -> None:
    case.walk("accept", "file")
    case.refused("ask_return", "not-found", condition_id=None)  # no unit has it yet
    case.walk("dispatch")
    cited = case.see("chuzhi")["conditions"][0]["id"]
    for state in ("dispatched", "signed"):
        assert case.see()["state"] == state
        case.only("ask_return", condition_id=cited)
        case.needs("ask_return", "note", condition_id=cited)
        case.needs("ask_return", "condition_id")
        found = case.refused("ask_return", "not-found", condition_id=str(uuid4()))
        assert found["field"] == "condition_id"
        if state == "dispatched":
            case.walk("sign")
    case.refused("approve_return", "unknown-edge")
    case.walk("ask_return")
    for verb in ("approve_return", "refuse_return", "withdraw_return"):
        case.only(verb)
    case.needs("refuse_return", "note")
    for verb in ("ask_return", "sign", "handle", "reassign"):
        case.refused(verb, "unknown-edge", condition_id=cited)
    # A colleague takes back nobody else's request, and who asked decides in no other post.
    appoint("tongshi", "unit_handler", "ROADS")
    case.refused("withdraw_return", "not-yours", who="tongshi")
    appoint("chuzhi", "dispatcher")
    case.refused("approve_return", "same-person", who="chuzhi")
    assert case.do("approve_return")["state"] == "filed"


def test_reassign_happy(
    case: Any, unit_of: Callable[[str], Any], appoint: Callable[..., str], clock: FixedClock
) -> None:
    appoint("daolu", "unit_handler", "ROADS")
    appoint("zhifa", "unit_handler", "ORDER")
    case.walk(*TO_UNIT, "sign", "ask_extend")
    case.do("urge")
    case.do("ask_void")
    assert (case.status("daolu"), case.status("zhifa")) == (200, 404)
    clock.advance(timedelta(minutes=30))
    other = unit_of("ORDER")
    after = case.do("reassign", unit_id=str(other.id), note="改由执法队处置")
    assert (after["state"], after["unit_name"], after["assignee_name"]) == ("dispatched", other.name, "")
    # The whole limit, from now; the old unit's clock has ended.
    assert (after["due_at"], case.clocks("handle")) == ("2026-03-10T02:30:00Z", ["stopped", "running"])
    # What the old unit asked or owed is over; what the dispatcher asked stands.
    states = {kind: case.request(kind)["state"] for kind in ("extend", "urge", "void")}
    assert states == {"extend": "lapsed", "urge": "lapsed", "void": "pending"}
    assert (case.clock("urge")["state"], after["open_requests"]) == ("stopped", 1)
    assert not case.queue("approvals", "fuzeren") and not case.queue("answers", "chuzhi")
    assert case.told() == f"已转交{other.name}处理。"
    assert case.see()["timeline"][-1]["named"] == other.name
    assert (case.status("daolu"), case.status("zhifa")) == (404, 200)
    assert case.queue("dispatched", "zhifa") and not case.queue("open", "daolu")


def test_reassign_refused(case: Any, unit_of: Callable[[str], Any]) -> None:
    case.walk("accept", "file")
    other, own = str(unit_of("ORDER").id), _unit(case)
    case.refused("reassign", "unknown-edge", unit_id=other)
    case.walk("dispatch")
    case.only("reassign", unit_id=other)
    case.needs("reassign", "note", unit_id=other)
    case.needs("reassign", "unit_id")
    assert case.refused("reassign", "same-unit", unit_id=own)["field"] == "unit_id"
    assert case.refused("reassign", "not-found", unit_id=str(uuid4()))["field"] == "unit_id"
    case.walk("sign", "handle")
    case.refused("reassign", "unknown-edge", unit_id=other)


def test_forward_happy(case: Any, appoint: Callable[..., str]) -> None:
    colleague = appoint("tongshi", "unit_handler", "ROADS")
    case.walk(*TO_UNIT)
    assert colleague in [one["id"] for one in case.see("chuzhi")["colleagues"]]
    due = case.see()["due_at"]
    after = case.do("forward", assignee_id=colleague, note="请你处理")
    assert (after["state"], after["assignee_name"], after["due_at"]) == (
        "dispatched", "示例人员 tongshi", due,
    )  # fmt: skip
    assert case.queue("mine", "tongshi") and not case.queue("mine", "chuzhi")
    assert case.see()["timeline"][-1]["named"] == "示例人员 tongshi"
    assert "示例人员" not in case.told()  # residents read no names
    case.do("sign", who="tongshi")
    assert case.do("forward", who="tongshi", assignee_id=_account("chuzhi"))["state"] == "signed"
    assert case.queue("mine", "chuzhi") and not case.queue("mine", "tongshi")


def _account(username: str) -> str:
    from shanzhi.city.people.models import Account

    return str(Account.objects.get(username=username).id)


def test_forward_refused(case: Any, appoint: Callable[..., str]) -> None:
    stranger, colleague = (
        appoint("baojie", "unit_handler", "CLEANING"),
        appoint("tongshi", "unit_handler", "ROADS"),
    )
    case.walk("accept", "file")
    case.refused("forward", "not-found", assignee_id=colleague)  # no unit has it yet
    case.walk("dispatch")
    case.only("forward", assignee_id=colleague)
    case.refused_as("forward", 404, who="baojie", assignee_id=stranger)
    case.needs("forward", "assignee_id")
    # Not to another unit, not to the unit's head, not to somebody at a desk.
    for other in (stranger, _account("fuzeren"), _account("shouli"), str(uuid4())):
        case.needs("forward", "assignee_id", other)
    case.walk("sign", "handle")
    case.refused("forward", "unknown-edge", assignee_id=colleague)
