"""The duty log: written once, never changed, searched, handed over, taken away; who called is fenced."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.utils import DatabaseError
from pypdf import PdfReader
from python_calamine import CalamineWorkbook

from shanzhi.base.audit import queries as seals
from shanzhi.base.audit import sealer
from shanzhi.base.audit.models import AuditEntry
from shanzhi.base.retention import holdings
from shanzhi.base.retention.holdings import Scope
from shanzhi.city.modes.models import Activation
from shanzhi.command.reporting.models import DutyCaller, DutyEntry, Handover
from shanzhi.core.kit.clock import FixedClock
from shanzhi.core.kit.ids import uuid7

pytestmark = [pytest.mark.django_db, pytest.mark.once]
SignIn = Callable[[str], Any]


def _entry(**changes: Any) -> dict[str, Any]:
    return {
        "id": str(uuid7()), "kind": "call", "content": "示例河堤渗水，约两米宽。", "caller_unit": "示例街道办",
        "caller_name": "示例某", "caller_phone": "13800000000", "proposal": "派人查看",
    } | changes  # fmt: skip


def test_a_call_is_written_once_and_its_caller_is_masked(sign_in: SignIn, clock: FixedClock) -> None:
    officer, line = sign_in("zhiban"), _entry()
    status, body = officer.post("/api/duty-log", line)
    assert status == 201
    assert (body["caller_name"], body["caller_phone"]) == ("示*", "138****0000")
    assert officer.post("/api/duty-log", line)[1]["id"] == line["id"]  # a second click
    assert DutyEntry.objects.count() == DutyCaller.objects.count() == 1
    status, error = officer.post("/api/duty-log", line | {"content": "别的"})
    assert (status, error["error"]["code"]) == (409, "duty-entry-conflict")
    with connection.cursor() as cursor:
        cursor.execute("SELECT encode(phone, 'hex') FROM reporting_dutycaller")
        assert b"13800000000".hex() not in cursor.fetchone()[0]
    assert officer.get("/api/duty-log")[1]["total"] == 1


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"content": "", "proposal": ""}, "content"), ({"content": "长" * 2001}, "content"),
        ({"caller_phone": "不知道"}, "caller_phone"), ({"kind": "handover"}, "kind"),
        ({"called_at": "2026-03-09T03:00:00Z"}, "called_at"), ({"called_at": "2026-02-20T03:00:00Z"}, "called_at"),
        ({"activation_id": str(uuid7())}, "activation_id"), ({"place_id": str(uuid7())}, "place_id"),
        ({"subject_kind": "case", "subject_number": "没有"}, "subject_number"),
        ({"kind": "correction", "about_id": str(uuid7())}, "about_id"),
    ],
)  # fmt: skip
def test_what_is_wrong_names_its_field_and_writes_nothing(
    sign_in: SignIn, changes: dict[str, Any], field: str
) -> None:
    status, error = sign_in("zhiban").post("/api/duty-log", _entry(**changes))
    assert status >= 400 and error["error"]["field"] == field
    assert not DutyEntry.objects.exists() and not DutyCaller.objects.exists()


def test_only_who_keeps_the_log_reads_and_writes_it(sign_in: SignIn) -> None:
    for username in ("wangge", "shouli", "shangji"):
        person = sign_in(username)
        assert person.post("/api/duty-log", _entry())[0] == 403
        assert person.get("/api/duty-log")[0] == 403
    assert not DutyEntry.objects.exists()


def test_corrections_and_additions_are_lines_of_their_own(sign_in: SignIn, clock: FixedClock) -> None:
    officer = sign_in("zhiban")
    _, first = officer.post("/api/duty-log", _entry())
    clock.advance(timedelta(minutes=5))
    _, second = officer.post(
        "/api/duty-log",
        _entry(kind="correction", content="应为示例东堤", about_id=first["id"], caller_phone=""),
    )
    assert officer.post(
        "/api/duty-log", _entry(kind="addition", content="", result="已处置", about_id=first["id"])
    )[0] == 201  # fmt: skip
    status, error = officer.post(
        "/api/duty-log", _entry(kind="addition", content="再续", about_id=second["id"])
    )
    assert (status, error["error"]["field"]) == (422, "about_id")
    _, page = officer.get("/api/duty-log")
    assert [one["kind"] for one in page["entries"]] == ["call"]
    assert [(one["kind"], one["content"] or one["result"]) for one in page["entries"][0]["more"]] == [
        ("correction", "应为示例东堤"), ("addition", "已处置"),
    ]  # fmt: skip
    for statement in ("UPDATE reporting_dutyentry SET content = 'x'", "DELETE FROM reporting_dutyentry"):
        with (
            pytest.raises(DatabaseError, match="append-only"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement)


def test_search_finds_words_days_and_responses(
    sign_in: SignIn, response: Callable[..., Activation], clock: FixedClock
) -> None:
    officer, flood = sign_in("zhiban"), response()
    officer.post("/api/duty-log", _entry(content="示例桥积水", activation_id=str(flood.id)))
    officer.post("/api/duty-log", _entry(content="示例路树倒", instruction="请园林处理"))
    for query, count in (
        ("q=积水", 1), ("q=园林", 1), ("q=示例 树", 1), ("q=没有", 0), ("from_on=2026-03-09", 2),
        ("to_on=2026-03-08", 0),
        (f"response={flood.id}", 1), ("kind=note", 0), ("", 2),
    ):  # fmt: skip
        assert officer.get(f"/api/duty-log?{query}")[1]["total"] == count, query


def test_the_caller_is_shown_against_a_reason_that_is_recorded(sign_in: SignIn) -> None:
    officer = sign_in("zhiban")
    _, line = officer.post("/api/duty-log", _entry())
    address = f"/api/duty-log/{line['area']}/{line['id']}/reveal"
    status, error = officer.post(address, {"reason": " "})
    assert (status, error["error"]["field"]) == (422, "reason")
    assert not AuditEntry.objects.filter(event="reveal").exists()
    status, seen = officer.post(address, {"reason": "回电核实"})
    assert (status, seen) == (200, {"name": "示例某", "phone": "13800000000"})
    entry = AuditEntry.objects.get(event="reveal")
    assert entry.detail == {"of": "duty-caller", "reason": "回电核实"}
    assert sign_in("wangge").post(address, {"reason": "好奇"})[0] == 403


def test_a_shift_is_handed_over_by_two_people(sign_in: SignIn, clock: FixedClock) -> None:
    giver, taker = sign_in("zhiban"), sign_in("zhihui")
    status, error = giver.post("/api/duty-log/handovers", {"open_matters": ""})
    assert (status, error["error"]["field"]) == (422, "open_matters")
    status, row = giver.post("/api/duty-log/handovers", {"open_matters": "示例堤继续观察"})
    assert (status, row["state"], row["may_take"]) == (201, "given", False)
    status, error = giver.post("/api/duty-log/handovers", {"open_matters": "又一次"})
    assert (status, error["error"]["code"]) == (409, "handover-open")
    address = f"/api/duty-log/handovers/{row['id']}"
    assert giver.post(f"{address}/take", {})[1]["error"]["code"] == "handover-same-person"
    assert taker.post(f"{address}/withdraw", {})[1]["error"]["code"] == "handover-same-person"
    assert Handover.objects.get().state == "given"
    clock.advance(timedelta(minutes=3))
    status, done = taker.post(f"{address}/take", {})
    assert (status, done["state"], done["taken_at"] is not None) == (200, "taken", True)
    assert taker.post(f"{address}/take", {})[0] == 409
    lines = list(DutyEntry.objects.order_by("at").values_list("kind", "content"))
    assert [kind for kind, _ in lines] == ["handover", "handover"]
    assert lines[0][1] == "交班：示例堤继续观察" and lines[1][1].startswith("接班")


def test_it_is_taken_away_masked_and_that_is_recorded(sign_in: SignIn) -> None:
    officer = sign_in("zhiban")
    officer.post("/api/duty-log", _entry(content="=HYPERLINK(1)"))
    book = officer.client.get("/api/duty-log/export?format=xlsx")
    rows = CalamineWorkbook.from_filelike(io.BytesIO(book.content)).get_sheet_by_index(0).to_python()
    assert rows[1][4] == "138****0000" and rows[1][5] == "=HYPERLINK(1)"
    paper = officer.client.get("/api/duty-log/export?format=pdf").content
    text = PdfReader(io.BytesIO(paper)).pages[0].extract_text().replace("\0", "")
    assert "138****0000" in text and "13800000000" not in text
    assert AuditEntry.objects.filter(event="duty.exported").count() == 2


def test_callers_go_with_their_response_and_the_log_stays_whole(
    sign_in: SignIn, response: Callable[..., Activation], clock: FixedClock
) -> None:
    officer, flood = sign_in("zhiban"), response()
    officer.post("/api/duty-log", _entry(activation_id=str(flood.id)))
    officer.post("/api/duty-log", _entry())
    sealer.seal_all(clock.now())
    holding = holdings.known()["duty-callers"]
    assert holding.count(Scope(activation_id=flood.id)) == 1
    assert holding.destroy(Scope(activation_id=flood.id)).rows == 1
    assert DutyCaller.objects.get().activation_id is None
    assert seals.verify().problems == []
    assert DutyEntry.objects.count() == 2
