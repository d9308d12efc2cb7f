"""The list of plans to take along (导出预案列表)."""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils.timezone import localdate

from shanzhi.command.plans import shown
from shanzhi.command.plans.models import Plan
from shanzhi.core.documents import Head, Sheet, columns_of, write_workbook

_HEADS: tuple[Head, ...] = (
    ("代码", "Code", "text"), ("名称", "Name", "text"), ("灾种", "Hazard", "text"), ("区域", "Place", "text"),
    ("现行版本", "Version in force", "number"), ("施行时间", "In force since", "datetime"),
    ("现行规则版本", "Edition of the rules", "text"), ("级别", "Levels", "text"),
    ("在编版本", "Version being written", "number"), ("在编状态", "Its state", "text"),
    ("响应中", "Live responses", "number"),
)  # fmt: skip


def as_workbook(rows: Sequence[Plan], at: datetime, *, zh: bool) -> bytes:
    """One sheet, a plan a row."""
    lines = [
        (
            one.code, one.zh if zh else one.en, one.hazard_zh if zh else one.hazard_en, one.place, one.number,
            one.in_force_at, (one.edition.zh if zh else one.edition.en) if one.edition else "",
            ("、" if zh else ", ").join(f"{of.numeral} {of.zh if zh else of.en}" for of in one.levels),
            one.open_number, one.open_zh if zh else one.open_en, one.live,
        )
        for one in shown.rows_out(rows, localdate(at))
    ]  # fmt: skip
    sheet = Sheet("预案" if zh else "Plans", columns_of(_HEADS, zh=zh), lines)
    return write_workbook([sheet], zone=ZoneInfo(settings.TIME_ZONE), at=at)
