"""What is typed into a campaign, checked: each error names its field, and nothing is written before all is right."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from django.utils.timezone import localdate

from shanzhi.city.places import queries as places
from shanzhi.core.kit.errors import InvalidInput
from shanzhi.core.kit.texts import text_of
from shanzhi.scenes.sampling import packs
from shanzhi.scenes.sampling.flow import Kind

MOST_PLACES = 100
FURTHEST = timedelta(days=60)


@dataclass(frozen=True)
class Draft:
    """A campaign as it is typed; what is None comes from the template."""

    template: str
    place_ids: Sequence[UUID]
    first_on: date
    title: str = ""
    goods: str = ""
    days: int | None = None
    opens: time | None = None
    closes: time | None = None
    slot_minutes: int | None = None
    table_rate: int | None = None
    most_tables: int | None = None
    people_per_point: int | None = None
    pooling: str | None = None
    is_drill: bool = False
    activation_id: UUID | None = None


def _bad(field: str, zh: str, en: str) -> InvalidInput:
    return InvalidInput(field=field, reason_zh=zh, reason_en=en)


def _between(value: int, field: str, zh: str, low: int, high: int) -> int:
    if not low <= value <= high:
        raise _bad(field, f"“{zh}”应在 {low} 至 {high} 之间。", f"From {low} to {high}.")
    return value


def checked(draft: Draft, at: datetime) -> dict[str, Any]:
    """The columns of a campaign. Raises InvalidInput."""
    template = packs.template(draft.template)
    today = localdate(at)
    wanted = list(dict.fromkeys(draft.place_ids))
    if not wanted:
        raise _bad("place_ids", "请选择区域。", "Choose where.")
    if len(wanted) > MOST_PLACES:
        raise _bad(
            "place_ids", f"最多选择 {MOST_PLACES} 个区域，请改选上级区域。", f"At most {MOST_PLACES} places."
        )
    if not today <= draft.first_on <= today + FURTHEST:
        raise _bad("first_on", "日期应为今天至 60 天内。", "From today to sixty days ahead.")
    opens, closes = draft.opens or template.hours[0], draft.closes or template.hours[1]
    if closes <= opens:
        raise _bad("closes", "结束时间应晚于开始时间。", "It ends after it begins.")
    minutes = _between(draft.slot_minutes or template.slot_minutes, "slot_minutes", "每时段分钟数", 10, 120)
    rate = _between(draft.table_rate or template.table_rate, "table_rate", "每台每小时人数", 10, 600)
    tables = _between(draft.most_tables or template.most_tables, "most_tables", "每点最多台数", 1, 30)
    days = _between(draft.days or template.days, "days", "天数", 1, 14)
    length = (closes.hour * 60 + closes.minute) - (opens.hour * 60 + opens.minute)
    if length < minutes:
        raise _bad("slot_minutes", "开放时间不足一个时段。", "The hours are shorter than one slot.")
    if (days - 1) * 24 * 60 + length > template.round_hours * 60:
        raise _bad(
            "days", f"一轮应在 {template.round_hours} 小时内完成，请减少天数或缩短时间。",
            f"A round is done within {template.round_hours} hours: fewer days or hours.",
        )  # fmt: skip
    if tables * rate * minutes // 60 > template.queue_limit:
        most = max(1, template.queue_limit * 60 // (rate * minutes))
        raise _bad(
            "most_tables", f"每时段到场不得超过 {template.queue_limit} 人：最多 {most} 台，或缩短时段。",
            f"At most {template.queue_limit} people may come in a slot: {most} tables, or a shorter slot.",
        )  # fmt: skip
    sampling = template.kind == str(Kind.SAMPLING)
    pooling = packs.pooling(draft.pooling or template.pooling).code if sampling else ""
    on = max(today, draft.first_on)
    return {
        "template": template.code, "kind": template.kind,
        "title": text_of(draft.title or template.zh.title, "title", "名称", "The title", 60),
        "goods": text_of(draft.goods, "goods", "发放物资", "The goods", 120, needed=not sampling),
        "place_ids": _tops(wanted, on), "first_on": draft.first_on, "days": days, "opens": opens,
        "closes": closes, "slot_minutes": minutes, "table_rate": rate, "most_tables": tables,
        "people_per_point": _between(
            draft.people_per_point or template.people_per_point, "people_per_point", "每点人数", 100, 20_000
        ),
        "people_per_home": packs.pack().people_per_home, "pooling": pooling,
        "queue_limit": template.queue_limit, "round_hours": template.round_hours, "is_drill": draft.is_drill,
        "activation_id": draft.activation_id,
    }  # fmt: skip


def _tops(wanted: list[UUID], on: date) -> list[UUID]:
    if len(wanted) < 2:
        return wanted
    return [one for one in wanted if not any(above.id in wanted for above in places.ancestors(one, on))]
