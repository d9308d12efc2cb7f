"""Voiding, special close, overdue appeal, and many cases at once: each as it is meant, and refused."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from python_calamine import CalamineWorkbook

from shanzhi.base.access import SYSTEM
from shanzhi.base.audit.models import AuditEntry
from shanzhi.core.kit.clock import FixedClock
from shanzhi.core.kit.errors import ShanzhiError
from shanzhi.work.cases import actions
from shanzhi.work.cases.models import Case, CaseEvent

pytestmark = pytest.mark.django_db
TO_UNIT = ("accept", "file", "dispatch", "sign")
TO_CLOSE = (*TO_UNIT, "handle", "feed_back", "inspect", "close")


@pytest.mark.parametrize(
    ("kind", "before", "state", "close", "sentence"),
    [
        ("void", ("accept",), "void", "", "经审核，本件作废：重复录入"),
        ("void", TO_UNIT, "void", "", "经审核，本件作废：重复录入"),
        ("special", TO_UNIT, "closed", "特殊结案", "经批准特殊结案：重复录入"),
        ("special", (*TO_UNIT, "handle", "feed_back"), "closed", "特殊结案", "经批准特殊结案：重复录入"),
    ],
    ids=["void-accepted", "void-signed", "special-signed", "special-inspecting"],
)
def test_an_end_by_consent(
    kind: str, before: tuple[str, ...], state: str, close: str, sentence: str, case: Any
) -> None:
    case.walk(*before)
    case.only(f"ask_{kind}", *(["shouli"] if kind == "void" else []))
    case.refused(f"ask_{kind}", "note", note=" ")
    case.do(f"ask_{kind}", who="paiqian")
    assert case.queue("approvals", "zhibanzhang") and case.see()["state"] == before_state(before)
    case.only(f"approve_{kind}")
    case.refused(f"approve_{kind}", "note", note="")
    after = case.do(f"approve_{kind}", note="重复录入")
    assert (after["state"], after["close_zh"], after["clock"], after["due_at"]) == (state, close, None, None)
    assert {clock["state"] for clock in after["clocks"]} == {"stopped"}
    assert case.told() == sentence
    assert case.queue("closed", "zhihui") and not case.queue("approvals", "zhibanzhang")


def before_state(before: tuple[str, ...]) -> str:
    return {"accept": "accepted", "sign": "signed", "feed_back": "inspecting"}[before[-1]]


@pytest.mark.parametrize("kind", ["void", "special"])
def test_an_end_that_is_not_granted(kind: str, case: Any) -> None:
    case.walk(*TO_UNIT)
    case.do(f"ask_{kind}", who="paiqian")
    case.only(f"refuse_{kind}")
    case.refused(f"refuse_{kind}", "note", note="")
    after = case.do(f"refuse_{kind}", note="应正常办理")
    assert (after["state"], after["clock"]["name"], case.request(kind)["answer"]) == (
        "signed", "handle", "应正常办理",
    )  # fmt: skip
    case.do(f"ask_{kind}", who="paiqian")
    assert case.do(f"withdraw_{kind}", who="paiqian")["open_requests"] == 0


def test_only_who_asked_withdraws(case: Any) -> None:
    case.walk("accept")
    case.do("ask_void", who="shouli")
    case.refused("withdraw_void", "not-yours", who="paiqian")
    assert "withdraw_void" not in case.verbs("paiqian")
    case.do("withdraw_void", who="shouli")


def _overdue(case: Any, clock: FixedClock) -> None:
    case.walk(*TO_UNIT)
    clock.advance(timedelta(days=3))
    case.walk("handle", "feed_back", "inspect", "close")


def test_an_appeal_exempts_and_keeps_the_truth(case: Any, clock: FixedClock) -> None:
    _overdue(case, clock)
    assert (case.see()["close_zh"], case.see()["is_overdue"]) == ("超时结案", True)
    case.only("ask_appeal")
    case.refused("ask_appeal", "note", note="")
    case.do("ask_appeal", note="停电三日")
    assert case.queue("approvals", "paiqian")
    case.refused("approve_appeal", "not-your-turn")
    case.only("endorse_appeal")
    case.do("endorse_appeal")
    case.only("approve_appeal")
    after = case.do("approve_appeal")
    assert (after["is_overdue"], after["is_exempt"], after["state"], after["close_zh"]) == (
        True, True, "closed", "超时结案",
    )  # fmt: skip
    case.refused("ask_appeal", "used-up")
    assert case.told() == "已办结，请您评价。"


@pytest.mark.parametrize("by", ["decline_appeal", "refuse_appeal"])
def test_an_appeal_that_is_not_granted(by: str, case: Any, clock: FixedClock) -> None:
    _overdue(case, clock)
    case.rate(solved=True)
    case.do("ask_appeal")
    if by == "refuse_appeal":
        case.do("endorse_appeal")
    case.only(by)
    case.refused(by, "note", note="")
    after = case.do(by)
    assert (after["is_exempt"], after["state"], case.request("appeal")["state"]) == (
        False,
        "rated",
        "refused",
    )
    case.refused("ask_appeal", "used-up")


def test_what_was_in_time_is_not_appealed(case: Any) -> None:
    case.walk(*TO_CLOSE)
    assert case.see()["close_zh"] == "正常结案"
    case.refused("ask_appeal", "never-overdue")


def test_many_at_once_and_one_that_is_refused(
    case: Any, new_case: Callable[..., Any], sign_in: Callable[..., Any]
) -> None:
    others = [new_case() for _ in range(3)]
    others[1].walk("accept")
    listed = [
        {"area": one.receipt["area"], "id": one.id, "version": one.see()["version"]}
        for one in (case, *others)
    ]
    for who in ("chuzhi", "zhihui"):
        status, answer = sign_in(who).post("/api/cases/many/accept", {"cases": listed})
        assert (status, answer["done"], len(answer["refused"])) == (200, 0, 4)
    status, answer = sign_in("shouli").post("/api/cases/many/accept", {"cases": listed})
    assert (status, answer["done"]) == (200, 3)
    [refused] = answer["refused"]
    assert (refused["id"], refused["code"]) == (others[1].id, "unknown-edge")
    assert refused["message_zh"] == "当前状态为“待立案”，不能执行“受理”。"
    status, answer = sign_in("shouli").post("/api/cases/many/accept", {"cases": listed})
    assert {one["code"] for one in answer["refused"]} == {"version-conflict", "unknown-edge"}
    for wrong in ([], listed * 60):
        status, answer = sign_in("shouli").post("/api/cases/many/accept", {"cases": wrong})
        assert (status, answer["error"]["field"]) == (422, "cases")


def test_steps_of_one_case_keep_their_order_and_are_done_once(case: Any, clock: FixedClock) -> None:
    area, case_id, at = case.receipt["area"], UUID(case.id), clock.now()
    rule = case.walk("accept") and case.see("zhibanzhang")["conditions"][-1]["id"]
    unit = str(case.do("file", condition_id=rule) and case.see("paiqian")["suggestion"]["unit_id"])
    steps = [
        actions.Step(case_id, "dispatch", SYSTEM, at, None, actions.Given(unit_id=UUID(unit)), uuid4()),
        actions.Step(case_id, "sign", SYSTEM, at, None, actions.Given(), uuid4()),
        actions.Step(case_id, "sign", SYSTEM, at, None, actions.Given(), uuid4()),
        actions.Step(case_id, "handle", SYSTEM, at, None, actions.Given(note="已办"), uuid4()),
    ]
    for _ in range(2):
        outcomes = actions.perform_many(area, steps)
        codes = [one.code if isinstance(one, ShanzhiError) else "done" for one in outcomes]
        assert codes == ["done", "done", "unknown-edge", "done"]
        assert Case.objects.get(id=case_id).state == "handled"
        assert CaseEvent.objects.filter(case_id=case_id).count() == 6


def test_the_case_file_and_the_list_go_with_whoever_sees_them(
    case: Any, sign_in: Callable[..., Any], tmp_path: Any
) -> None:
    case.walk(*TO_CLOSE)
    client = sign_in("zhibanzhang").client
    paper = client.get(f"{case.address}/file")
    assert (paper.status_code, paper["Content-Type"], paper.content[:5]) == (200, "application/pdf", b"%PDF-")
    assert case.receipt["number"] in paper["Content-Disposition"]
    assert sign_in("shenji").client.get(f"{case.address}/file").status_code == 403
    listed = client.get("/api/cases/export?queue=closed")
    path = tmp_path / "list.xlsx"
    path.write_bytes(listed.content)
    heading, line = CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0).to_python()
    assert (heading[0], line[0], line[2]) == ("案件号", case.receipt["number"], "已结案")
    assert client.get("/api/cases/export?queue=none").status_code == 422
    events = list(AuditEntry.objects.filter(event__startswith="cases.").values_list("event", flat=True))
    assert sorted(events) == ["cases.exported", "cases.file-printed"]
