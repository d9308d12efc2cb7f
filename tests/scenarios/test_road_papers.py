"""What goes with a case: its file on paper, its list as Excel, its number, and what a duplicate's reporter reads."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from python_calamine import CalamineWorkbook

from shanzhi.base.audit.models import AuditEntry
from shanzhi.core.kit.clock import FixedClock

pytestmark = pytest.mark.django_db
TO_CLOSE = ("accept", "file", "dispatch", "sign", "handle", "feed_back", "inspect", "close")


def test_the_case_file_and_the_list_go_with_whoever_sees_them(case: Any, desks: Any, tmp_path: Any) -> None:
    case.walk(*TO_CLOSE)
    client = desks("zhibanzhang").client
    paper = client.get(f"{case.address}/file")
    assert (paper.status_code, paper["Content-Type"], paper.content[:5]) == (200, "application/pdf", b"%PDF-")
    assert case.number in paper["Content-Disposition"]
    assert desks("shenji").client.get(f"{case.address}/file").status_code == 403
    listed = client.get("/api/cases/export?queue=closed")
    path = tmp_path / "list.xlsx"
    path.write_bytes(listed.content)
    heading, line = CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0).to_python()
    assert (heading[0], line[0], line[2]) == ("案件号", case.number, "已结案")
    assert client.get("/api/cases/export?queue=none").status_code == 422
    events = list(AuditEntry.objects.filter(event__startswith="cases.").values_list("event", flat=True))
    assert sorted(events) == ["cases.exported", "cases.file-printed"]


def test_a_case_is_found_by_its_number_to_merge_with(case: Any, desks: Any) -> None:
    assert [one["id"] for one in desks("shouli").get(f"/api/cases/numbers/{case.number}")[1]] == [case.id]
    assert desks("chuzhi").get(f"/api/cases/numbers/{case.number}")[1] == []
    assert desks("shouli").get("/api/cases/numbers/0")[1] == []


def test_a_duplicates_reporter_reads_of_the_masters_steps(
    case: Any, new_case: Callable[..., Any], clock: FixedClock
) -> None:
    case.walk("accept", "file")
    clock.advance(timedelta(minutes=5))
    other = new_case()
    clock.advance(timedelta(minutes=1))
    other.do("merge", master_id=case.id)
    clock.advance(timedelta(minutes=1))
    case.walk("dispatch", "sign")
    unit = case.see()["unit_name"]
    told = [one["text_zh"] for one in other.follow()["timeline"]]
    assert told[2:] == [f"已交给{unit}处理。", f"{unit}已开始处理。"]
    assert (other.follow()["step"], other.follow()["due_at"]) == (3, case.follow()["due_at"])
    case.walk("handle")
    case.do("feed_back", note="已补平。")
    clock.advance(timedelta(minutes=1))
    case.walk("inspect", "close")
    told = [one["text_zh"] for one in other.follow()["timeline"]]
    assert "处理结果：已补平。" in told and told.count("已办结，请您评价。") == 1
