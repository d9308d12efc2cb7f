"""An order as Excel: how far it got by place, and who has not answered. No telephone numbers."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils.timezone import get_default_timezone, localdate

from shanzhi.city.places import queries as places
from shanzhi.city.places.models import Place
from shanzhi.core.documents import Column, Sheet, write_workbook
from shanzhi.work.orders import answering, queries
from shanzhi.work.orders.flow import Reach
from shanzhi.work.orders.models import Order, PlaceReach

MOST_PEOPLE = 50_000
MOST_PLACES = 20_000


def _column(zh: str, en: str, is_zh: bool, kind: str = "text") -> Column:
    return Column(zh if is_zh else en, kind)  # type: ignore[arg-type]


def workbook(order: Order, scope: list[UUID] | None, at: datetime, *, zh: bool) -> bytes:
    """Places, the silent, those who cannot, and answers, in sight of whoever has this `scope`."""
    on = localdate(order.issued_at or order.drafted_at)
    tops = order.place_ids if scope is None else scope
    rows = PlaceReach.objects.filter(order=order, place_id__in=places.ids_below(tops, on))[:MOST_PLACES]
    known = {place.id: place for place in Place.objects.filter(id__in=[row.place_id for row in rows])}
    lines: list[tuple[Any, ...]] = sorted(
        (
            known[row.place_id].code, known[row.place_id].name, row.people, row.sent, row.delivered, row.failed,
            row.sent - row.delivered - row.failed, row.acknowledged, row.done, row.cannot,
        )
        for row in rows
    )  # fmt: skip
    reached = Sheet(
        "各级到达" if zh else "Places",
        [
            _column("代码", "Code", zh), _column("区域", "Place", zh), _column("人数", "People", zh, "number"),
            _column("已发送", "Sent", zh, "number"), _column("送达", "Delivered", zh, "number"),
            _column("未送达", "Failed", zh, "number"), _column("等待", "Pending", zh, "number"),
            _column("收到", "Acknowledged", zh, "number"),
            _column("完成", "Done", zh, "number"), _column("无法执行", "Cannot", zh, "number"),
        ],
        lines,
    )  # fmt: skip
    people = queries.people(order, "silent", None, scope, limit=MOST_PEOPLE)
    silent = Sheet(
        "未回复名单" if zh else "No answer",
        [
            _column("姓名", "Name", zh), _column("岗位", "Post", zh), _column("区域", "Place", zh),
            _column("状态", "State", zh), _column("代理人", "Deputy", zh), _column("叫应", "Rung up by", zh),
        ],
        [
            (one.name, one.post, one.place, str(Reach(one.state).label).split(" ")[0 if zh else -1],
             one.deputy or "", one.called_by or "")
            for one in people
        ],
    )  # fmt: skip
    cannot = Sheet(
        "无法执行" if zh else "Cannot",
        [
            _column("姓名", "Name", zh), _column("岗位", "Post", zh), _column("区域", "Place", zh),
            _column("原因", "Reason", zh),
        ],
        [
            (one.name, one.post, one.place, one.reason or "")
            for one in queries.people(order, "cannot", None, scope, limit=MOST_PEOPLE)
        ],
    )  # fmt: skip
    answers = Sheet(
        "回复汇总" if zh else "Answers",
        [
            _column("问题", "Question", zh), _column("回复人数", "Answers", zh, "number"),
            _column("合计", "Sum", zh, "number"), _column("内容", "Content", zh),
        ],
        [
            (one.zh if zh else one.en, one.count, one.total,
             "；".join([*(f"{choice} {count}" for choice, count in one.choices), *one.texts]))
            for one in answering.answered(order, scope)
        ],
    )  # fmt: skip
    return write_workbook([reached, silent, cannot, answers], zone=get_default_timezone(), at=at)
