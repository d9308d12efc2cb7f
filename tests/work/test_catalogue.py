"""The catalogue: real conditions, versions with dates, units by place, limits that a human must answer."""

from __future__ import annotations

import io
import json
from collections import Counter
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.db.utils import DatabaseError
from django.utils.timezone import localdate

from shanzhi.base.access import SYSTEM, Actor
from shanzhi.city.people.models import Unit
from shanzhi.city.places.models import Place
from shanzhi.core.kit.clock import FixedClock
from shanzhi.core.kit.errors import InvalidInput, NotFound, Refused
from shanzhi.core.worktime import Limit
from shanzhi.core.worktime import Unit as TimeUnit
from shanzhi.work.catalogue import actions, queries
from shanzhi.work.catalogue.errors import LimitAlreadyPlain
from shanzhi.work.catalogue.limits import parse_limit
from shanzhi.work.catalogue.models import CatalogueVersion, Condition, Kind
from shanzhi.work.catalogue.rows import COLUMNS, ConditionRow, read_conditions

pytestmark = pytest.mark.once

HEADINGS = list(COLUMNS)


def line(**changes: str) -> list[str]:
    row = {
        "类型": "部件", "大类代码": "9", "大类名称": "试验大类", "小类代码": "1", "小类名称": "试验井盖",
        "处置单位": "示例单位", "主管部门": "示例部门", "立案条件": "缺失", "结案条件": "补齐",
        "处置时限": "2紧急工作时",
    } | changes  # fmt: skip
    return [row[heading] for heading in HEADINGS]


def csv_of(*lines: list[str], encoding: str = "utf-8-sig") -> bytes:
    return "\n".join(",".join(cells) for cells in [HEADINGS, *lines]).encode(encoding)


def excel_of(*lines: list[str]) -> bytes:
    made = io.BytesIO()
    with xlsxwriter.Workbook(made) as book:
        sheet = book.add_worksheet()
        for number, cells in enumerate([HEADINGS, *lines]):
            sheet.write_row(number, 0, cells)
    return made.getvalue()


def load(content: bytes, at: datetime, dry_run: bool = False, on: date | None = None) -> actions.ImportReport:
    return actions.import_conditions(
        read_conditions(content), dry_run=dry_run, actor=SYSTEM, at=at, effective_on=on
    )


@pytest.mark.django_db
def test_the_519_real_conditions_come_in(shared_data: Path, clock: FixedClock) -> None:
    content = (shared_data / "rules" / "city_mgmt_standards_519.csv").read_bytes()
    trial = load(content, clock.now(), dry_run=True)
    assert (trial.rows, trial.created, trial.errors, trial.dry_run) == (519, 519, [], True)
    assert (Kind.objects.count(), Condition.objects.count(), CatalogueVersion.objects.count()) == (0, 0, 0)
    report = load(content, clock.now())
    assert (report.created, report.changed, report.unchanged, report.version) == (519, 0, 0, 1)
    # Pinned: the one limit that is not plain, and how many are read by convention.
    assert [(item.limit_text, item.row) for item in report.open_limits] == [
        (item.limit_text, item.row) for item in trial.open_limits
    ]
    assert [item.limit_text for item in report.open_limits] == ["1紧急工作时制止"]
    assert report.read_as_working_time == {"天": 412, "小时": 61}
    assert Kind.objects.count() == 190
    stored = Condition.objects.values_list("usable", "limit_unit")
    assert Counter(stored) == {
        (True, "working_day"): 412, (True, "working_hour"): 61, (True, "emergency_hour"): 45, (False, ""): 1,
    }  # fmt: skip
    again = load(content, clock.now())
    assert (again.created, again.changed, again.unchanged, again.version) == (0, 0, 519, None)
    assert Condition.objects.count() == 519


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("2紧急工作时", Limit(2, TimeUnit.emergency_hour)),
        ("1紧急工作日", Limit(24, TimeUnit.emergency_hour)),
        ("5个工作日", Limit(5, TimeUnit.working_day)),
        ("４ 工作时", Limit(4, TimeUnit.working_hour)),
        ("0.5工作日", Limit(0.5, TimeUnit.working_day)),
        ("7自然日", Limit(7, TimeUnit.calendar_day)),
        ("30分钟", Limit(30, TimeUnit.minute)),
        ("种植季节15工作日", None),
        ("1紧急工作时制止", None),
        ("立即", None),
        ("0工作日", None),
        ("", None),
        ("5-7工作日", None),
    ],
)
def test_limits_are_read_or_left_to_a_human(text: str, limit: Limit | None) -> None:
    assert parse_limit(text) == limit


@pytest.mark.django_db
@pytest.mark.parametrize("make", [csv_of, excel_of, lambda *lines: csv_of(*lines, encoding="gb18030")])
def test_csv_and_excel_are_told_apart_by_content(make: Callable[..., bytes], clock: FixedClock) -> None:
    report = load(make(line(), line(立案条件="破损", 处置时限="4工作时")), clock.now())
    assert (report.created, report.errors) == (2, [])
    assert list(Kind.objects.values_list("code", "name")) == [("010901", "试验井盖")]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"类型": "人员"}, "family"),
        ({"小类名称": ""}, "name"),
        ({"大类代码": "x"}, "major_code"),
        ({"立案条件": ""}, "filing_rule"),
        ({"小类名称": "井" * 121}, "name"),
    ],
)
def test_a_wrong_row_is_named_and_nothing_is_written(
    changes: dict[str, str], field: str, clock: FixedClock
) -> None:
    report = load(
        csv_of(line(), line(立案条件="破损", **changes) if "立案条件" not in changes else line(**changes)),
        clock.now(),
    )
    assert {(error.row, error.field) for error in report.errors} == {(3, field)}
    assert all(error.message_zh and error.message_en for error in report.errors)
    assert (Kind.objects.count(), Condition.objects.count()) == (0, 0)


@pytest.mark.django_db
def test_the_same_rule_twice_is_an_error(clock: FixedClock) -> None:
    report = load(csv_of(line(), line()), clock.now())
    assert [(error.row, error.field) for error in report.errors] == [(3, "filing_rule")]


@pytest.mark.parametrize(
    "content", [b"", b"PK\x03\x04 no excel", "类型,小类名称\n部件,x".encode(), b"\xff\xfe\x00\x81"]
)
def test_a_file_that_cannot_be_read_names_the_file(content: bytes) -> None:
    with pytest.raises(InvalidInput) as refused:
        read_conditions(content)
    assert refused.value.field == "file"


@pytest.mark.django_db
def test_a_new_version_holds_from_its_day_and_the_old_stays(clock: FixedClock) -> None:
    today = localdate(clock.now())
    load(csv_of(line(), line(立案条件="破损", 处置时限="4工作时")), clock.now())
    later = today + timedelta(days=10)
    report = load(csv_of(line(处置时限="1紧急工作时")), clock.now(), on=later)
    assert (report.changed, report.version) == (1, 2)
    before = queries.conditions_for_kind("010901", today)
    after = queries.conditions_for_kind("010901", later)
    assert [(rule.filing_rule, rule.limit_text) for rule in before] == [
        ("缺失", "2紧急工作时"),
        ("破损", "4工作时"),
    ]
    assert [(rule.filing_rule, rule.limit_text) for rule in after] == [("缺失", "1紧急工作时")]
    kind_id = before[0].kind_id
    in_force = [queries.version_by_kind(on, [kind_id])[kind_id] for on in (today, later)]
    assert [version == before[0].version_id for version in in_force] == [True, False]
    assert queries.condition(before[0].id).limit_text == "2紧急工作时"
    assert before[0].key == after[0].key


@pytest.mark.django_db
def test_a_rule_in_force_cannot_be_rewritten(clock: FixedClock) -> None:
    load(csv_of(line()), clock.now())
    with pytest.raises(DatabaseError), transaction.atomic():
        Condition.objects.update(limit_amount=99)
    with pytest.raises(DatabaseError), transaction.atomic():
        Condition.objects.all().delete()
    assert Condition.objects.get().limit_amount == 2


@pytest.mark.django_db
def test_a_limit_that_is_not_plain_waits_for_a_human(clock: FixedClock) -> None:
    load(csv_of(line(处置时限="种植季节15工作日")), clock.now())
    (rule,) = queries.waiting_for_answer(localdate(clock.now()))
    assert (rule.usable, rule.limit_amount, rule.limit_text) == (False, None, "种植季节15工作日")
    assert queries.conditions_for_kind("010901", localdate(clock.now()), usable_only=True) == []
    for amount, unit in ((0, "working_day"), (15, "fortnight")):
        with pytest.raises(InvalidInput):
            actions.answer_limit(rule.id, amount=amount, unit=unit, actor=SYSTEM, at=clock.now())
    with pytest.raises(Refused):
        actions.answer_limit(
            rule.id, amount=15, unit="working_day", actor=Actor(None, "", "desk"), at=clock.now()
        )
    assert queries.condition(rule.id).usable is False
    answered = actions.answer_limit(rule.id, amount=15, unit="working_day", actor=SYSTEM, at=clock.now())
    assert (answered.usable, answered.limit_amount, answered.limit_text) == (True, 15, "种植季节15工作日")
    with pytest.raises(LimitAlreadyPlain):
        actions.answer_limit(rule.id, amount=9, unit="working_day", actor=SYSTEM, at=clock.now())
    with pytest.raises(NotFound):
        queries.condition(Kind.objects.get().id)
    # The same words in a later list keep the answer.
    report = load(csv_of(line(处置时限="种植季节15工作日", 结案条件="换新")), clock.now())
    assert report.open_limits == [] or queries.waiting_for_answer(localdate(clock.now())) == []


@pytest.mark.django_db
def test_the_responsible_unit_comes_from_the_place_or_from_above(city: None, clock: FixedClock) -> None:
    on = localdate(clock.now())
    district = Place.objects.get(code="510107")
    grid = Place.objects.filter(level="grid").order_by("code")[0]
    street = Place.objects.get(code=grid.code[:9])
    rule = queries.conditions_for_kind("010137", on)[0]
    unit, why_zh, why_en = queries.responsible_unit(rule.id, grid.id, on)
    assert (unit and unit.code, "武侯区" in why_zh, "武侯区" in why_en) == ("DEMO-ROADS", True, True)
    cleaning, order = Unit.objects.get(code="DEMO-CLEANING"), Unit.objects.get(code="DEMO-ORDER")
    actions.set_responsible(
        code="010137", place_id=street.id, unit_id=cleaning.id, on=on, actor=SYSTEM, at=clock.now()
    )
    assert queries.responsible_unit(rule.id, grid.id, on)[0] == cleaning
    assert queries.responsible_unit(rule.id, district.id, on)[0] == Unit.objects.get(code="DEMO-ROADS")
    actions.set_responsible(
        code="010137", place_id=street.id, unit_id=order.id, on=on, actor=SYSTEM, at=clock.now(),
        rule=rule.filing_rule,
    )  # fmt: skip
    assert queries.responsible_unit(rule.id, grid.id, on)[0] == order
    assert queries.responsible_unit(rule.id, grid.id, on - timedelta(days=1))[0] == Unit.objects.get(
        code="DEMO-ROADS"
    )


@pytest.mark.django_db
def test_a_live_case_keeps_its_limit(
    report: Callable[..., dict[str, Any]], sign_in: Callable[..., Any], clock: FixedClock
) -> None:
    receipt = report()
    address = f"/api/cases/{receipt['area']}/{receipt['id']}"
    sign_in("shouli").post(f"{address}/actions/accept", {"version": 1})
    _, seen = sign_in("zhibanzhang").get(address)
    chosen = seen["conditions"][-1]
    _, filed = sign_in("zhibanzhang").post(
        f"{address}/actions/file", {"version": 2, "condition_id": chosen["id"]}
    )
    rules = queries.conditions_for_kind("010137", localdate(clock.now()))
    rows = [
        ConditionRow(
            row=number, family="部件", major_code="1", major="公用设施", minor_code="37", name="路灯",
            filing_rule=rule.filing_rule, closing_rule=rule.closing_rule, limit_text="9工作日",
        )
        for number, rule in enumerate(rules, start=2)
    ]  # fmt: skip
    assert actions.import_conditions(rows, dry_run=False, actor=SYSTEM, at=clock.now()).changed == len(rows)
    _, after = sign_in("zhibanzhang").get(address)
    assert after["condition"] == filed["condition"] and after["condition"]["limit_text"] != "9工作日"
    # A rule that is no longer in force cannot be filed under.
    other = report()
    address = f"/api/cases/{other['area']}/{other['id']}"
    sign_in("shouli").post(f"{address}/actions/accept", {"version": 1})
    status, answer = sign_in("zhibanzhang").post(
        f"{address}/actions/file", {"version": 2, "condition_id": chosen["id"]}
    )
    assert (status, answer["error"]["field"]) == (404, "condition_id")


def test_through_the_interface(sign_in: Callable[..., Any], resident: Any) -> None:
    status, groups = resident.get("/api/kinds")
    assert status == 200
    assert {"code": "010137", "zh": "路灯不亮", "en": "Street light out"} in groups[0]["kinds"]
    assert resident.get("/api/catalogue/conditions")[0] == 401
    admin = sign_in("xitong")
    _, page = admin.get("/api/catalogue/conditions?q=路灯")
    assert {item["kind"] for item in page["items"]} == {"010137"}
    token = {"X-CSRFToken": admin.client.cookies["csrftoken"].value}

    def send(who: Any, dry: str, headers: dict[str, str]) -> tuple[int, Any]:
        upload = SimpleUploadedFile("列表.csv", csv_of(line()), "text/csv")
        answer = who.client.post(f"/api/catalogue/import{dry}", {"file": upload}, headers=headers)
        return answer.status_code, json.loads(answer.content)

    status, report = send(admin, "?dry_run=1", token)
    assert (status, report["created"], report["dry_run"]) == (201, 1, True)
    assert not Kind.objects.filter(code="010901").exists()
    assert send(admin, "", {})[1]["error"]["code"] == "csrf-failed"
    status, report = send(admin, "", token)
    assert (status, report["created"], report["version"]) == (201, 1, 2)
    worker = sign_in("wangge")
    refused = send(worker, "", {"X-CSRFToken": worker.client.cookies["csrftoken"].value})
    assert (refused[0], refused[1]["error"]["code"]) == (403, "refused")
