"""Not accepted, verified on the spot, not filed: each as it is meant, and refused."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from shanzhi.core.kit.clock import FixedClock
from shanzhi.core.kit.ids import uuid7

pytestmark = pytest.mark.django_db


def test_not_accepted_happy(case: Any, clock: FixedClock) -> None:
    assert case.queue("reported", "shouli") and case.see()["due_at"] == "2026-03-09T02:15:00Z"
    clock.advance(timedelta(minutes=7))
    after = case.do("reject", note="不属于本区管辖，请拨打示例热线。")
    assert (after["state"], after["clock"], after["due_at"]) == ("rejected", None, None)
    accept = case.clock("accept")
    assert (accept["state"], accept["due_at"], accept["stopped_at"]) == (
        "stopped", "2026-03-09T02:15:00Z", "2026-03-09T02:07:00Z",
    )  # fmt: skip
    told = case.follow()
    assert (told["step"], told["state_public_zh"], told["allowed_actions"]) == (0, "未受理", [])
    assert case.told() == "未受理：不属于本区管辖，请拨打示例热线。"
    assert case.events() == ["report", "reject"]
    assert case.queue("closed", "shouli") and not case.queue("open", "shouli")
    assert not case.queue("reported", "shouli")


def test_not_accepted_refused(case: Any) -> None:
    case.only("reject")
    case.needs("reject", "note")
    case.refused("reject", "version-conflict", version=2)
    case.walk("accept")
    case.refused("reject", "unknown-edge")
    case.walk("decline")
    case.refused("reject", "unknown-edge")
    assert case.rate(solved=True) == 409


def test_verified_true_happy(case: Any, clock: FixedClock) -> None:
    clock.advance(timedelta(minutes=5))
    after = case.do("ask_verify")
    # 30 minutes day and night, from 10:05 in Shanghai.
    assert (after["state"], after["clock"]["name"], after["due_at"]) == (
        "verifying", "verify", "2026-03-09T02:35:00Z",
    )  # fmt: skip
    assert (case.clock("accept")["state"], case.told()) == ("stopped", "正在派人到现场核实。")
    assert case.queue("verifying", "wangge") and case.follow()["step"] == 1
    clock.advance(timedelta(minutes=12))
    after = case.do("verify_true", note="情况属实")
    assert (after["state"], after["clock"], case.told()) == ("accepted", None, "现场核实情况属实。")
    assert case.clock("verify")["stopped_at"] == "2026-03-09T02:17:00Z"
    assert case.queue("accepted", "zhibanzhang") and not case.queue("verifying", "wangge")
    assert case.walk("file")["state"] == "filed"
    assert case.events() == ["report", "ask_verify", "verify_true", "file"]


def test_verified_untrue_happy(case: Any) -> None:
    case.walk("accept")
    case.do("ask_verify", who="zhibanzhang")  # before filing, the shift lead may have it looked at as well
    after = case.do("verify_untrue", who="xuncha", note="现场未见积水。")
    assert (after["state"], after["clock"], after["close_zh"]) == ("untrue", None, "")
    told = case.follow()
    assert (told["step"], told["state_public_zh"], told["allowed_actions"]) == (0, "未立案", [])
    assert case.told() == "工作人员到现场核实，未发现您反映的情况：现场未见积水。"
    assert case.clock("verify")["state"] == "stopped"
    assert case.queue("closed", "zhihui") and not case.queue("open", "zhihui")
    case.refused("accept", "unknown-edge")


def test_verification_refused(case: Any) -> None:
    case.only("ask_verify")
    case.refused("verify_true", "unknown-edge", who="wangge")
    case.do("ask_verify")
    case.only("verify_true")
    case.only("verify_untrue")
    case.needs("verify_untrue", "note")
    for verb in ("accept", "reject", "ask_verify", "file"):
        case.refused(verb, "unknown-edge", condition_id=None)
    case.do("verify_true")
    standing = case.see()
    assert case.send("ask_verify", who="shouli")[0] == 403  # once accepted, the shift lead sends
    assert case.see() == standing and "ask_verify" in case.verbs("zhibanzhang")


def test_verification_by_whoever_reported_refused(desks: Any, new_case: Callable[..., Any]) -> None:
    case = new_case()
    body = {"id": str(uuid7()), "kind": "010137", "text": "路灯不亮", "lon": 104.031, "lat": 30.631}
    status, receipt = desks("wangge").post("/api/reports", body)
    assert status == 201
    own = type(case)(receipt, desks, case.resident)
    for one in (case, own):
        one.do("ask_verify")
    assert "verify_true" in case.verbs("wangge")  # what a resident reported
    assert own.verbs("wangge") == set()
    own.refused("verify_true", "same-person", who="wangge")
    own.refused("verify_untrue", "same-person", who="wangge")
    assert own.do("verify_true", who="xuncha")["state"] == "accepted"


def test_not_filed_happy(case: Any) -> None:
    case.walk("accept")
    assert case.see()["clock"] is None and case.queue("accepted", "zhibanzhang")
    after = case.do("decline", note="现场未见所述情况。")
    assert (after["state"], after["clock"], after["condition"]) == ("declined", None, None)
    told = case.follow()
    assert (told["step"], told["state_public_zh"], told["allowed_actions"]) == (0, "未立案", [])
    assert case.told() == "未立案：现场未见所述情况。"
    assert case.events() == ["report", "accept", "decline"]
    assert case.queue("closed", "zhibanzhang") and not case.queue("open", "zhibanzhang")


def test_not_filed_refused(case: Any) -> None:
    case.refused("decline", "unknown-edge")
    case.walk("accept")
    case.only("decline")
    case.needs("decline", "note")
    case.needs("decline", "note", "长" * 1001)
    case.walk("file")
    case.refused("decline", "unknown-edge")
