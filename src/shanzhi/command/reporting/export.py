"""The duty log, reports and the course of a response on paper, as Excel and as JSON."""

import json
from collections.abc import Sequence
from datetime import datetime

from django.utils.timezone import get_default_timezone, localtime

from shanzhi.city.modes.happenings import Fact
from shanzhi.city.modes.models import Activation
from shanzhi.command.reporting import reports, shapes
from shanzhi.command.reporting.facts import sentence
from shanzhi.command.reporting.flow import CLOSING, REPEATED, SENT
from shanzhi.command.reporting.models import UpwardReport
from shanzhi.core.documents import Column, Language, Paper, Sheet, write_workbook

_COLUMNS = [
    ("时间", "Time"), ("类型", "Kind"), ("来电单位", "Unit"), ("来电人", "Caller"), ("电话", "Telephone"),
    ("内容", "Content"), ("拟办", "Proposal"), ("批示", "Decision"), ("办理结果", "Result"), ("值班员", "Officer"),
    ("响应", "Response"), ("关联", "About"),
]  # fmt: skip


def _flat(entries: Sequence[shapes.DutyEntryOut], zh: bool) -> list[list[object]]:
    """A line each, additions below what they are about; telephones stay masked."""
    return [
        [
            one.called_at, ("　└ " if below else "") + (one.kind_zh if zh else one.kind_en), one.caller_unit,
            one.caller_name, one.caller_phone, one.content, one.proposal, one.instruction, one.result, one.officer,
            one.activation, one.subject_name,
        ]
        for first in entries
        for below, one in [(False, first), *((True, more) for more in first.more)]
    ]  # fmt: skip


def log_workbook(entries: Sequence[shapes.DutyEntryOut], at: datetime, *, zh: bool) -> bytes:
    """The duty log as Excel."""
    columns = [
        Column(one[0 if zh else 1], "datetime" if number == 0 else "text")
        for number, one in enumerate(_COLUMNS)
    ]
    sheet = Sheet("值班日志" if zh else "Duty log", columns, _flat(entries, zh))
    return write_workbook([sheet], zone=get_default_timezone(), at=at)


def log_paper(entries: Sequence[shapes.DutyEntryOut], at: datetime, language: Language) -> bytes:
    """The duty log on paper."""
    zh = language == "zh"
    made = Paper(
        "值班日志" if zh else "Duty log", language=language, at=at, zone=get_default_timezone(),
        header=f"{len(entries)} 条" if zh else f"{len(entries)} lines",
        footer="善治值班日志，电话已脱敏" if zh else "Shanzhi duty log, telephones masked",
    )  # fmt: skip
    made.table(
        [
            Column("时间" if zh else "Time", "datetime"), Column("来电" if zh else "Call"),
            Column("内容与办理" if zh else "What, and what was done", width=44),
            Column("值班员" if zh else "Officer"),
        ],
        [
            (
                row[0], " ".join(str(part) for part in (row[1], *row[2:5]) if part),
                "\n".join(
                    f"{label}{row[number]}"
                    for number, label in (
                        (5, ""), (6, "拟办：" if zh else "Proposal: "), (7, "批示：" if zh else "Decision: "),
                        (8, "结果：" if zh else "Result: "), (11, "关联：" if zh else "About: "),
                    )
                    if row[number]
                ),
                row[9],
            )
            for row in _flat(entries, zh)
        ],
    )  # fmt: skip
    return made.to_bytes()


def _name(report: UpwardReport, zh: bool) -> str:
    name = reports.label(report.kind)[0 if zh else 1]
    if report.kind in REPEATED:
        name += f"（第 {report.sequence} 期）" if zh else f" {report.sequence}"
    if report.is_zero:
        name += "·零报告" if zh else ", zero report"
    if report.version > 1:
        name += f" 第 {report.version} 版" if zh else f", version {report.version}"
    return name


def _fields(report: UpwardReport, zh: bool) -> list[tuple[str, object]]:
    facts: list[tuple[str, object]] = [("时间" if zh else "When", report.happened_at)]
    for name, (one_zh, one_en, _) in reports.FIELDS.items():
        if name not in {"recipient", "contact"} and (name != "lessons" or report.kind in CLOSING):
            facts.append((one_zh if zh else one_en, getattr(report, name) or None))
    return [
        *facts, ("联系人" if zh else "Contact", report.contact or None),
        ("起草人" if zh else "Drafted by", report.drafted_by),
        ("签发人" if zh else "Signed by", report.signed_by or None),
        ("签发时间" if zh else "Signed", report.signed_at), ("报送时间" if zh else "Sent", report.sent_at),
        ("报送方式" if zh else "Sent how", report.sent_how or None),
    ]  # fmt: skip


def report_paper(report: UpwardReport, at: datetime, language: Language) -> bytes:
    """A report as it goes out; before it is signed, and in a drill, it says so across the page."""
    zh, activation = language == "zh", report.activation
    made = Paper(
        "突发事件信息" + _name(report, zh) if zh else f"{_name(report, zh)} on an emergency", language=language,
        header=f"{activation.number} {activation.title}", at=at, zone=get_default_timezone(),
        footer=f"报送：{report.recipient}" if zh else f"To: {report.recipient}",
    )  # fmt: skip
    if activation.is_drill:
        made.watermark("演练" if zh else "Drill")
    elif not report.signed_by:
        made.watermark("草稿" if zh else "Draft")
    made.paragraph(f"{report.recipient}：" if zh else f"{report.recipient}:")
    made.facts(_fields(report, zh))
    if report.facts:
        made.heading("数据（签发时）" if zh else "Counts (when signed)", 2)
        made.facts([(one["zh"] if zh else one["en"], _fact(one, zh)) for one in report.facts], across=2)
    if report.state == SENT:
        made.paragraph(
            f"内容摘要（SHA-256）：{reports.digest_of(report)}"
            if zh
            else f"SHA-256: {reports.digest_of(report)}"
        )
    return made.to_bytes()


def _fact(stored: dict[str, object], zh: bool) -> str:
    fact = Fact(**stored)  # type: ignore[arg-type]
    if zh:
        return sentence(fact).removeprefix(fact.zh).strip()
    return f"{fact.number:,}" + (f" of {fact.of:,}" if fact.of else "")


def report_workbook(report: UpwardReport, at: datetime, *, zh: bool) -> bytes:
    """A report as Excel: one field a row."""
    columns = [Column("项目" if zh else "Field", width=18), Column("内容" if zh else "Content", width=80)]
    rows: list[tuple[object, object]] = [
        ("报送单位" if zh else "To whom", report.recipient), ("报告" if zh else "Report", _name(report, zh)),
        ("响应" if zh else "Response", f"{report.activation.number} {report.activation.title}"),
    ]  # fmt: skip
    for name, value in _fields(report, zh):
        rows.append((name, f"{localtime(value):%Y-%m-%d %H:%M}" if isinstance(value, datetime) else value))
    rows += [(one["zh"] if zh else one["en"], _fact(one, zh)) for one in report.facts]
    return write_workbook([Sheet(_name(report, zh), columns, rows)], zone=get_default_timezone(), at=at)


def report_json(report: UpwardReport) -> bytes:
    """A report for another program, with its digest."""
    said = {**reports.content_of(report), "digest": reports.digest_of(report)}
    return json.dumps(said, ensure_ascii=False, indent=2).encode()


def timeline_paper(
    activation: Activation, found: shapes.TimelineOut, at: datetime, language: Language
) -> bytes:
    """The course of a response on paper, with numbered pages."""
    zh, about = language == "zh", found.response
    made = Paper(
        "响应经过" if zh else "Course of the response", language=language, at=at, zone=get_default_timezone(),
        header=f"{about.number} {about.title}",
        footer=f"{len(found.lines)} 条" if zh else f"{len(found.lines)} lines",
    )  # fmt: skip
    if activation.is_drill:
        made.watermark("演练" if zh else "Drill")
    made.facts(
        [
            ("编号" if zh else "Number", about.number), ("名称" if zh else "Title", about.title),
            ("范围" if zh else "Places", "、".join(about.places)), ("状态" if zh else "State",
             about.state_zh if zh else about.state_en),
            ("启动" if zh else "Live", about.live_at), ("终止" if zh else "Ended", about.ended_at),
        ],
        across=2,
    )  # fmt: skip
    made.table(
        [Column("时间" if zh else "Time", "datetime"), Column("类别" if zh else "Kind"),
         Column("事项" if zh else "What", width=52), Column("谁" if zh else "Who")],
        [
            (line.at, line.kind_zh if zh else line.kind_en, line.zh if zh else line.en, line.who or None)
            for line in found.lines
        ],
    )  # fmt: skip
    return made.to_bytes()
