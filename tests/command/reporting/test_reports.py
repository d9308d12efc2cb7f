"""Reports upward: filled from the ledger, signed by a second person, never changed, against the clock."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from django.db.utils import DatabaseError
from hypothesis import given
from hypothesis import strategies as st
from pypdf import PdfReader
from python_calamine import CalamineWorkbook

from shanzhi.base.access import Actor
from shanzhi.base.audit import sealer
from shanzhi.base.clocks import actions as clocks
from shanzhi.base.clocks.models import Clock
from shanzhi.base.retention import actions as retention
from shanzhi.base.retention.jobs import go_on_destroying
from shanzhi.city.modes import actions as modes
from shanzhi.city.modes import standing
from shanzhi.city.modes.models import Activation
from shanzhi.command.reporting import due, packs, reports
from shanzhi.command.reporting.errors import (
    ReportFixed,
    ReportNotForNow,
    ReportOpen,
    ReportSecondPerson,
)
from shanzhi.command.reporting.flow import HANDOVER, REPORT
from shanzhi.command.reporting.jobs import keep_report_clocks
from shanzhi.command.reporting.models import DutyCaller, ReportEvent, UpwardReport
from shanzhi.core.flow import UnknownEdge
from shanzhi.core.kit.clock import FixedClock
from shanzhi.core.kit.errors import InvalidInput, NotFound, Refused
from shanzhi.core.kit.ids import uuid7

pytestmark = [pytest.mark.django_db, pytest.mark.once]
Response = Callable[..., Activation]
Who = Callable[[str], Actor]
FILLED = {"losses": "无", "trend": "平稳", "next_steps": "继续巡查", "contact": "示例值班员"}


def test_the_tables_are_sound() -> None:
    assert REPORT.check() == HANDOVER.check() == []


def _sent(flood: Activation, kind: str, who: Who, clock: FixedClock, **more: Any) -> UpwardReport:
    at = clock.now()
    report = reports.draft(flood.id, kind, actor=who("zhiban"), at=at, **more)
    reports.edit(
        report.id, FILLED | {"lessons": "预警再提前"}, report.happened_at, actor=who("zhiban"), at=at
    )
    reports.perform(report.id, "sign", actor=who("zhihui"), at=at)
    return reports.perform(report.id, "send", actor=who("zhiban"), at=at, sent_how="传真，已收")


def test_a_first_report_is_filled_signed_and_sent(response: Response, who: Who, clock: FixedClock) -> None:
    flood, officer, boss, at = response(), who("zhiban"), who("zhihui"), clock.now()
    report = reports.draft(flood.id, "first", actor=officer, at=at)
    assert (report.happened_at, report.nature) == (at, "示例防汛响应，Ⅲ级")
    assert report.measures.startswith("启动Ⅲ级响应（XY-1）") and report.location
    with pytest.raises(InvalidInput) as missing:
        reports.perform(report.id, "sign", actor=boss, at=at)
    assert missing.value.field == "losses"
    reports.edit(report.id, FILLED, at, actor=officer, at=at)
    with pytest.raises(ReportSecondPerson):
        reports.perform(report.id, "sign", actor=officer, at=at)
    assert UpwardReport.objects.get().state == "draft"
    reports.perform(report.id, "sign", actor=boss, at=at)
    with pytest.raises(ReportFixed):
        reports.edit(report.id, {"losses": "一人"}, at, actor=officer, at=at)
    with pytest.raises(InvalidInput) as how:
        reports.perform(report.id, "send", actor=officer, at=at)
    assert how.value.field == "sent_how"
    report = reports.perform(report.id, "send", actor=officer, at=at, sent_how="传真，已收")
    assert (report.state, report.signed_by, report.losses) == ("sent", boss.name, "无")
    digests = set(ReportEvent.objects.filter(verb="send").values_list("digest", flat=True))
    assert digests == {reports.digest_of(UpwardReport.objects.get())}


def test_who_corrected_it_last_does_not_sign_it(response: Response, who: Who, clock: FixedClock) -> None:
    flood, at = response(), clock.now()
    report = reports.draft(flood.id, "first", actor=who("zhiban"), at=at)
    reports.edit(report.id, FILLED, at, actor=who("zhihui"), at=at)
    with pytest.raises(ReportSecondPerson):
        reports.perform(report.id, "sign", actor=who("zhihui"), at=at)
    assert reports.perform(report.id, "sign", actor=who("zhibanzhang"), at=at).state == "signed"


def test_what_was_sent_is_never_changed_but_corrected(
    response: Response, who: Who, clock: FixedClock
) -> None:
    flood = response()
    first = _sent(flood, "first", who, clock)
    for change in ({"losses": "一人"}, {"state": "draft"}):
        with pytest.raises(DatabaseError, match="not changed"), transaction.atomic():
            UpwardReport.objects.filter(id=first.id).update(**change)
    with pytest.raises(UnknownEdge):
        reports.perform(first.id, "send_back", actor=who("zhihui"), at=clock.now(), reason="改")
    second = _sent(flood, "first", who, clock, corrects=first.id)
    assert (second.sequence, second.version, second.state) == (1, 2, "sent")
    assert UpwardReport.objects.get(id=first.id).losses == "无"
    with pytest.raises(NotFound):
        reports.draft(flood.id, "follow", actor=who("zhiban"), at=clock.now(), corrects=first.id)


def test_drafts_have_their_time(response: Response, who: Who, clock: FixedClock) -> None:
    flood, officer, at = response(), who("zhiban"), clock.now()
    for kind, error in (("final", ReportNotForNow), ("summary", ReportNotForNow), ("other", InvalidInput)):
        with pytest.raises(error):
            reports.draft(flood.id, kind, actor=officer, at=at)
    with pytest.raises(Refused):
        reports.draft(flood.id, "first", actor=who("shangji"), at=at)
    with pytest.raises(NotFound):
        reports.draft(flood.id, "first", actor=who("wangge"), at=at)
    assert not UpwardReport.objects.exists()
    reports.draft(flood.id, "daily", actor=officer, at=at)
    with pytest.raises(ReportOpen):
        reports.draft(flood.id, "daily", actor=officer, at=at)
    over = response("standing_down")
    with pytest.raises(ReportNotForNow):
        reports.draft(over.id, "first", actor=officer, at=at)


def test_a_zero_report_says_so(response: Response, who: Who, clock: FixedClock) -> None:
    report = reports.draft(response().id, "daily", actor=who("zhiban"), at=clock.now(), is_zero=True)
    assert (report.is_zero, report.losses, report.trend) == (True, "无新增。", "平稳。")


def test_clocks_warn_turn_red_and_follow_each_other(response: Response, who: Who, clock: FixedClock) -> None:
    flood, begun = response(), clock.now()
    assert keep_report_clocks(timestamp=0) == 2
    assert keep_report_clocks(timestamp=0) == 0  # again: nothing

    def running() -> dict[str, Any]:
        return {kind: found.due_at - begun for kind, found in due.standing(flood).items()}

    # 10:00 in the morning: the first report by noon, the day's at 17:00.
    assert running() == {"first": timedelta(hours=2), "daily": timedelta(hours=7)}
    clock.advance(timedelta(minutes=90))
    clocks.fire_due(clock.now())
    row = Clock.objects.get(name="report-first")
    assert row.warned_at is not None and row.breached_at is None
    clock.advance(timedelta(minutes=45))
    clocks.fire_due(clock.now())
    assert Clock.objects.get(name="report-first").breached_at is not None
    report = _sent(flood, "first", who, clock)
    assert report.due_at == begun + timedelta(hours=2)
    assert running() == {"follow": timedelta(minutes=135 + 720), "daily": timedelta(hours=7)}
    _sent(flood, "daily", who, clock)
    assert running()["daily"] == timedelta(hours=31)
    Activation.objects.filter(id=flood.id).update(state="standing_down", ended_at=clock.now())
    keep_report_clocks(timestamp=0)
    assert set(due.standing(flood)) == {"final", "summary"}
    _sent(flood, "final", who, clock)
    assert set(due.standing(flood)) == {"summary"}


@given(st.integers(0, 365 * 24 * 60), st.integers(1, 4))
def test_every_rule_gives_a_moment_after_its_beginning(minutes: int, level: int) -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    for hazard in ("flood", "epidemic"):
        for rule in packs.scheme_of(hazard).reports:
            first, again = rule.due_after(level, at, None), rule.due_after(level, at, at + timedelta(hours=1))
            assert (first is not None) == (rule.kind != "follow")
            assert (again is not None) == (rule.kind in {"follow", "daily"})
            assert first is None or first > at
            if rule.daily_at and again is not None and first is not None:
                assert again >= first - timedelta(days=1) and again > at


def test_it_leaves_as_pdf_excel_and_json(
    response: Response, who: Who, clock: FixedClock, sign_in: Callable[[str], Any]
) -> None:
    report = _sent(response(), "first", who, clock)
    reader = sign_in("shangji").client
    pdf = PdfReader(io.BytesIO(reader.get(f"/api/upward-reports/{report.id}/file/pdf").content))
    assert "初报" in pdf.pages[0].extract_text().replace("\0", "")
    book = reader.get(f"/api/upward-reports/{report.id}/file/xlsx").content
    rows = CalamineWorkbook.from_filelike(io.BytesIO(book)).get_sheet_by_index(0).to_python()
    assert ["伤亡损失", "无"] in rows
    said = json.loads(reader.get(f"/api/upward-reports/{report.id}/file/json").content)
    assert (said["losses"], said["digest"]) == ("无", reports.digest_of(UpwardReport.objects.get()))
    assert reader.get(f"/api/upward-reports/{report.id}/file/exe").status_code == 422
    assert sign_in("wangge").client.get(f"/api/upward-reports/{report.id}/file/pdf").status_code == 403


def test_through_the_api_a_page_draws_what_may_be_done(
    response: Response, sign_in: Callable[[str], Any], clock: FixedClock
) -> None:
    flood, officer, boss = response(), sign_in("zhiban"), sign_in("zhihui")
    keep_report_clocks(timestamp=0)
    _, page = officer.get(f"/api/records/{flood.id}/reports")
    assert [one["kind"] for one in page["may_draft"]] == ["first", "daily"]
    assert [(one["kind"], one["state"]) for one in page["due"]] == [
        ("first", "running"),
        ("daily", "running"),
    ]
    status, page = officer.post(f"/api/records/{flood.id}/reports/drafts", {"kind": "first"})
    assert status == 201 and [one["kind"] for one in page["may_draft"]] == ["follow", "daily"]
    [report] = page["reports"]
    assert [one["verb"] for one in report["allowed"]] == ["drop"]  # the writer does not sign
    body = {"happened_at": report["happened_at"], "fields": FILLED}
    assert officer.post(f"/api/upward-reports/{report['id']}/content", body)[0] == 200
    _, seen = boss.get(f"/api/records/{flood.id}/reports")
    assert [one["verb"] for one in seen["reports"][0]["allowed"]] == ["sign", "drop"]
    assert boss.post(f"/api/upward-reports/{report['id']}/sign", {})[0] == 200
    assert officer.post(f"/api/upward-reports/{report['id']}/send", {"sent_how": "政务内网"})[0] == 200
    clock.advance(timedelta(hours=13))
    officer = sign_in("zhiban")
    _, page = officer.get(f"/api/records/{flood.id}/reports")
    assert ("follow", "breached") in [(one["kind"], one["state"]) for one in page["due"]]
    _, course = officer.get(f"/api/records/{flood.id}/timeline")
    said = [line["zh"] for line in course["lines"]]
    assert said[0].startswith("批准启动") and said[1] == "敲门行动 1,200"
    assert "初报登记已报送：政务内网" in said
    _, only = officer.get(f"/api/records/{flood.id}/timeline?kinds=reports")
    assert {line["kind"] for line in only["lines"]} == {"reports"}
    paper = PdfReader(io.BytesIO(officer.client.get(f"/api/records/{flood.id}/timeline/paper").content))
    assert "第 1 页 共" in paper.pages[0].extract_text().replace("\0", "")


def test_standing_down_waits_for_reports_and_the_day_of_destruction(
    response: Response, who: Who, clock: FixedClock, sign_in: Callable[[str], Any]
) -> None:
    over, boss = response("standing_down"), who("zhihui")
    at = clock.now()

    def still() -> list[str]:
        return [check.code for check, state in standing.checklist(over.id, at) if state.open]

    assert {"final-report", "closing-report", "destruction"} <= set(still())
    with pytest.raises(standing.StillOpen) as refused:
        modes.perform(over.id, "finish", modes.Given(), actor=boss, at=at)
    assert "总结报告签发 1 项" in refused.value.params["lines_zh"]
    assert Activation.objects.get(id=over.id).state == "standing_down"
    _sent(over, "final", who, clock)
    summary = _sent(over, "summary", who, clock)
    assert summary.lessons == "预警再提前"
    run = retention.plan(
        over.id, at.date() + timedelta(days=30), "个人信息保护法第四十七条", actor=boss, at=at
    )
    assert still() == []
    _, page = sign_in("zhihui").get(f"/api/records/{over.id}/stand-down")
    assert page["may_finish"] is True
    detail = next(line["detail_zh"] for line in page["lines"] if line["code"] == "destruction")
    assert run.number in detail and str(run.due_on) in detail
    assert modes.perform(over.id, "finish", modes.Given(), actor=boss, at=at).state == "ended"


def test_a_response_is_destroyed_at_the_desk_by_two_sides(
    response: Response, who: Who, clock: FixedClock, sign_in: Callable[[str], Any]
) -> None:
    """Through the API, with the real holdings: from the call that was taken to the certificate."""
    over, officer, boss, auditor = (
        response("standing_down"),
        sign_in("zhiban"),
        sign_in("zhihui"),
        sign_in("shenji"),
    )
    call = {
        "id": str(uuid7()), "content": "示例", "caller_name": "示例某", "caller_phone": "13800000000",
        "activation_id": str(over.id),
    }  # fmt: skip
    assert officer.post("/api/duty-log", call)[0] == 201
    body = {"activation_id": str(over.id), "due_on": "2026-03-09", "basis": "收集目的已实现"}
    assert officer.post("/api/retention/runs", body)[0] == 403
    status, run = boss.post("/api/retention/runs", body)
    assert status == 201 and [line["counted"] for line in run["items"]] == [None] * len(run["items"])
    address = f"/api/retention/runs/{run['id']}"
    _, run = boss.post(f"{address}/count", {})
    assert {line["holding"]: line["counted"] for line in run["items"]}["duty-callers"] == 1
    assert boss.post(f"{address}/sign", {})[0] == 200
    status, error = boss.post(f"{address}/sign", {})
    assert (status, error["error"]["code"]) == (403, "destruction-second-signer")
    _, run = auditor.post(f"{address}/sign", {})
    assert (run["state"], [one["role"] for one in run["signatures"]]) == ("signed", ["command", "audit"])
    assert go_on_destroying(timestamp=0) == 1
    sealer.seal_all(clock.now())
    _, run = auditor.get(address)
    assert (run["state"], run["check"]["right"], run["destroyed"]) == ("done", True, 1)
    assert not DutyCaller.objects.exists()
    for lang, words in (("zh", "个人信息销毁证书"), ("en", "Certificate of destruction")):
        pdf = PdfReader(io.BytesIO(auditor.client.get(f"{address}/paper?lang={lang}").content))
        text = "".join(one.extract_text() for one in pdf.pages).replace("\0", "")
        assert words in text and run["digest"][:20] in text.replace("\n", "")
    _, page = auditor.get("/api/retention")
    held = {one["code"]: one for one in page["holdings"]}
    assert held["duty-callers"]["rows"] == 0 and held["messages"]["days"] == 30
    assert [one["number"] for one in page["runs"]] == [run["number"]]
    assert officer.get("/api/retention")[0] == officer.get(address)[0] == 403
    _, course = officer.get(f"/api/records/{over.id}/timeline")
    assert any("证书生成" in line["zh"] for line in course["lines"])
    status, hold = boss.post(
        "/api/retention/holds", {"holding": "messages", "reason": "诉讼", "document": "示例 1 号"}
    )
    assert (status, hold["may_lift"]) == (201, False)
    assert boss.post(f"/api/retention/holds/{hold['id']}/lift", {"reason": "结束"})[0] == 403
    status, hold = auditor.post(f"/api/retention/holds/{hold['id']}/lift", {"reason": "已结案"})
    assert (status, hold["in_force"]) == (200, False)
