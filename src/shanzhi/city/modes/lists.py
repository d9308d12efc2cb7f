"""The list of responses to take along (导出响应列表)."""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from django.conf import settings

from shanzhi.city.modes import shown
from shanzhi.city.modes.models import Activation
from shanzhi.core.documents import Head, Sheet, columns_of, write_workbook

MOST_EXPORTED = 5000
_HEADS: tuple[Head, ...] = (
    ("编号", "Number", "text"), ("名称", "Title", "text"), ("级别", "Level", "text"), ("状态", "State", "text"),
    ("范围", "Places", "text"), ("演练", "Drill", "text"), ("限制出门", "Confines people", "text"),
    ("法律依据", "Legal basis", "text"), ("文号", "Document", "text"), ("提请人", "Proposed by", "text"),
    ("提请时间", "Proposed", "datetime"), ("批准人", "Approved by", "text"), ("启动时间", "Live", "datetime"),
    ("最后一天", "Last day", "datetime"), ("终止时间", "Ended", "datetime"),
)  # fmt: skip


def as_workbook(rows: Sequence[Activation], at: datetime, *, zh: bool) -> bytes:
    """One sheet, a response a row: what its page says to whoever sees it."""
    lines = []
    for row, out in zip(rows, shown.rows_out(rows), strict=True):
        yes = "是" if zh else "yes"
        lines.append(
            (
                out.number, out.title if zh else out.title_en,
                f"{out.numeral} {out.level_zh if zh else out.level_en}", out.state_zh if zh else out.state_en,
                "、".join(one.name for one in out.places), yes if out.is_drill else "",
                yes if out.is_compulsory else "", row.basis, row.document, out.proposed_by, out.proposed_at,
                row.approved_by, out.live_at, out.last_on, out.ended_at,
            )
        )  # fmt: skip
    sheet = Sheet("应急响应" if zh else "Responses", columns_of(_HEADS, zh=zh), lines)
    return write_workbook([sheet], zone=ZoneInfo(settings.TIME_ZONE), at=at)
