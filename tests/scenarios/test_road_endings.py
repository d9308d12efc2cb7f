"""Void and special close: asked for by one, decided by another; everything stops."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from shanzhi.core.kit.clock import FixedClock

pytestmark = pytest.mark.django_db
TO_SIGNED = ("accept", "file", "dispatch", "sign")
TO_INSPECTED = (*TO_SIGNED, "handle", "feed_back", "inspect")
UNTIL = "2026-03-19T10:00:00Z"


def _suspend(case: Any) -> None:
    case.walk(*TO_SIGNED)
    case.do("ask_suspend", until_at=UNTIL)
    case.do("approve_suspend")


@pytest.mark.parametrize("number", range(1, 5), ids=TO_SIGNED)
def test_void_happy(number: int, case: Any, clock: FixedClock) -> None:
    case.walk(*TO_SIGNED[:number])
    standing = case.see()
    case.do("ask_void", who="shouli", note="重复登记")
    seen = case.see()
    assert (seen["state"], seen["clock"]) == (standing["state"], standing["clock"])  # it goes on meanwhile
    assert case.queue("approvals", "zhibanzhang") and not case.queue("approvals", "paiqian")
    clock.advance(timedelta(minutes=5))
    after = case.do("approve_void", note="经核实为重复登记")
    assert (after["state"], after["clock"], after["close_zh"]) == ("void", None, "")
    assert {one["state"] for one in after["clocks"]} == {"stopped"}
    told = case.follow()
    assert (told["step"], told["state_public_zh"], told["allowed_actions"]) == (0, "已作废", [])
    assert case.told() == "经审核，本件作废：经核实为重复登记"
    assert case.queue("closed", "zhihui") and not case.queue("open", "zhihui")
    assert case.request("void")["state"] == "approved" and case.rate(solved=True) == 409
    assert case.events()[-2:] == ["ask_void", "approve_void"]


def test_void_while_suspended_happy(case: Any) -> None:
    _suspend(case)
    case.walk("ask_void", "approve_void")
    assert case.see()["state"] == "void" and case.clocks("suspend") == case.clocks("handle") == ["stopped"]


def test_void_not_granted_happy(case: Any) -> None:
    case.walk("accept", "ask_void")
    case.do("refuse_void", note="应当办理")
    assert (case.see()["state"], case.request("void")["answer"]) == ("accepted", "应当办理")
    case.walk("ask_void", "withdraw_void")
    assert (case.request("void")["state"], case.see()["open_requests"]) == ("withdrawn", 0)
    case.walk("ask_void", "file")  # what waits goes with the case
    assert case.request("void")["state"] == "pending" and case.queue("approvals", "zhibanzhang")
    case.walk("dispatch", "sign", "handle")
    assert case.request("void")["state"] == "lapsed"  # too late: it is done


def test_void_refused(case: Any, appoint: Callable[..., str]) -> None:
    case.refused("ask_void", "unknown-edge")
    case.walk("accept")
    case.only("ask_void", "shouli")
    case.needs("ask_void", "note")
    for verb in ("approve_void", "refuse_void", "withdraw_void"):
        case.refused(verb, "nothing-asked")
    case.walk("ask_void")
    case.refused("ask_void", "already-asked", who="shouli")
    for verb in ("approve_void", "refuse_void"):
        case.only(verb)
        case.needs(verb, "note")
    case.refused("withdraw_void", "not-yours", who="shouli")
    appoint("paiqian", "shift_lead")
    assert "approve_void" not in case.verbs("paiqian")
    case.refused("approve_void", "same-person", who="paiqian")
    case.walk("approve_void")
    case.refused("file", "unknown-edge", condition_id=None)


@pytest.mark.parametrize("number", [3, 4, 6, 7], ids=["dispatched", "signed", "inspecting", "inspected"])
def test_special_close_happy(number: int, case: Any, clock: FixedClock) -> None:
    case.walk(*TO_INSPECTED[:number])
    standing = case.see()
    case.do("ask_special", note="已纳入拆迁")
    assert case.see()["clock"] == standing["clock"] and case.queue("approvals", "zhibanzhang")
    clock.advance(timedelta(minutes=5))
    after = case.do("approve_special", note="该处已纳入拆迁，不再修复。")
    assert (after["state"], after["clock"], after["close_zh"]) == ("closed", None, "特殊结案")
    assert {one["state"] for one in after["clocks"]} == {"stopped"}
    told = case.follow()
    assert (told["step"], told["state_public_zh"], told["allowed_actions"]) == (5, "已办结", ["rate"])
    assert case.told() == "经批准特殊结案：该处已纳入拆迁，不再修复。"
    assert case.queue("closed", "zhihui") and not case.queue("open", "zhihui")
    assert case.request("special")["state"] == "approved" and case.rate(solved=True) == 200


def test_special_close_takes_duplicates_along_happy(case: Any, new_case: Callable[..., Any]) -> None:
    other = new_case()
    other.do("merge", master_id=case.id)
    _suspend(case)
    case.walk("ask_special", "approve_special")
    assert case.clocks("suspend") == case.clocks("handle") == ["stopped"]
    assert (case.see()["close_zh"], other.see()["close_zh"]) == ("特殊结案", "并案结案")


def test_special_close_after_its_limit_is_overdue_too(case: Any, clock: FixedClock) -> None:
    case.walk(*TO_SIGNED)
    clock.advance(timedelta(days=1, seconds=1))
    after = case.walk("ask_special", "approve_special")
    assert (after["close_zh"], after["is_overdue"]) == ("特殊结案", True)


def test_special_close_not_granted_happy(case: Any) -> None:
    case.walk(*TO_SIGNED, "ask_special")
    case.do("refuse_special", note="应当修复")
    assert (case.see()["state"], case.request("special")["answer"]) == ("signed", "应当修复")
    case.walk("ask_special", "withdraw_special")
    assert case.request("special")["state"] == "withdrawn" and case.clocks("handle") == ["running"]
    assert case.see()["open_requests"] == 0 and not case.queue("approvals", "zhibanzhang")


def test_special_close_refused(case: Any, appoint: Callable[..., str]) -> None:
    case.walk("accept", "file")
    case.refused("ask_special", "unknown-edge")
    case.walk("dispatch")
    case.only("ask_special")
    case.needs("ask_special", "note")
    for verb in ("approve_special", "refuse_special", "withdraw_special"):
        case.refused(verb, "nothing-asked")
    case.walk("ask_special")
    case.refused("ask_special", "already-asked")
    for verb in ("approve_special", "refuse_special"):
        case.only(verb)
        case.needs(verb, "note")
    appoint("lingyiwei", "dispatcher")
    case.refused("withdraw_special", "not-yours", who="lingyiwei")
    appoint("paiqian", "shift_lead")
    assert "approve_special" not in case.verbs("paiqian")
    case.refused("approve_special", "same-person", who="paiqian")
    case.walk("approve_special")
    case.refused("ask_special", "unknown-edge")
