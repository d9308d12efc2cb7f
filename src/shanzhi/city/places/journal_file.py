"""The journal to take along (导出变更记录): dated changes as Excel, and the places they touched as GeoJSON."""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings

from shanzhi.city.places import changes, journal
from shanzhi.city.places.export import geometry
from shanzhi.city.places.levels import Level
from shanzhi.city.places.models import Place, PlaceChange
from shanzhi.core.documents import Head, Sheet, columns_of, write_workbook

MOST_CHANGES = 20_000
WHAT = {
    "created": ("新建", "created"), "renamed": ("更名", "renamed"), "recoded": ("变更代码", "re-coded"),
    "moved": ("改变隶属", "moved"), "described": ("修改信息", "described"), "closed": ("撤销", "closed"),
    "reopened": ("恢复", "opened again"),
}  # fmt: skip
_HEADS: tuple[Head, ...] = (
    ("生效日期", "As of", "text"), ("方式", "Kind", "text"), ("内容", "What", "text"), ("原因", "Reason", "text"),
    ("经办人", "By", "text"), ("登记时间", "Written", "datetime"), ("是否撤回", "Taken back", "text"),
)  # fmt: skip
_ROW_HEADS: tuple[Head, ...] = (
    ("生效日期", "As of", "text"), ("方式", "Kind", "text"), ("级别", "Level", "text"), ("变化", "Change", "text"),
    ("原代码", "Code before", "text"), ("原名称", "Name before", "text"), ("原上级", "Under before", "text"),
    ("现代码", "Code after", "text"), ("现名称", "Name after", "text"), ("现上级", "Under after", "text"),
)  # fmt: skip


def _said(words: Sequence[str], zh: bool) -> str:
    return ("、" if zh else ", ").join(WHAT[word][0 if zh else 1] if word in WHAT else word for word in words)


def _kind(change: PlaceChange, zh: bool) -> str:
    return changes.KINDS.get(change.kind, (change.kind, change.kind))[0 if zh else 1]


def _parents(rows: Iterable[journal.Row]) -> dict[UUID, str]:
    """Names of the places above, before and after, as they are now."""
    wanted = {side.parent for row in rows for side in (row.before, row.after) if side and side.parent}
    return dict(Place.objects.filter(id__in=wanted).values_list("id", "name"))


def as_workbook(found: Sequence[PlaceChange], at: datetime, *, zh: bool) -> bytes:
    """A sheet of changes, the newest first, and one with every place that each of them touched."""
    lines = [(change, row) for change in found for row in journal.read_rows(change) or [] if row.what]
    above = _parents(row for _, row in lines)

    def side(one: journal.Side | None) -> tuple[str, str, str]:
        return (
            ("", "", "")
            if one is None
            else (one.code, one.name, above.get(one.parent, "") if one.parent else "")
        )

    taken_back = "已撤回" if zh else "taken back"
    sheets = [
        Sheet(
            "变更记录" if zh else "Changes", columns_of(_HEADS, zh=zh),
            [
                (
                    one.on, _kind(one, zh), one.summary_zh if zh else one.summary_en, one.reason, one.actor_name,
                    one.at, taken_back if hasattr(one, "undone_by") else "",
                )
                for one in found
            ],
        ),
        Sheet(
            "涉及区域" if zh else "Places", columns_of(_ROW_HEADS, zh=zh),
            [
                (
                    change.on, _kind(change, zh),
                    Level(row.level).zh if zh else Level(row.level).en,
                    _said(row.what, zh), *side(row.before), *side(row.after),
                )
                for change, row in lines
            ],
        ),
    ]  # fmt: skip
    return write_workbook(sheets, zone=ZoneInfo(settings.TIME_ZONE), at=at)


def as_geojson(found: Sequence[PlaceChange]) -> bytes:
    """A feature for each place that a change touched: its boundary, else its point, else nothing; in WGS-84."""
    lines = [(change, row) for change in found for row in journal.read_rows(change) or [] if row.what]
    places = Place.objects.in_bulk({row.place for _, row in lines})
    features: list[dict[str, Any]] = []
    for change, row in lines:
        place, now = places.get(row.place), row.after or row.before
        if place is None or now is None:
            continue
        features.append(
            {
                "type": "Feature",
                "geometry": geometry(place),
                "properties": {
                    "on": change.on.isoformat(), "kind": change.kind, "what": list(row.what), "level": row.level,
                    "code": now.code, "name": now.name, "code_before": row.before.code if row.before else None,
                    "name_before": row.before.name if row.before else None, "reason": change.reason,
                    "taken_back": hasattr(change, "undone_by"), "approximate": place.approximate,
                },
            }
        )  # fmt: skip
    return json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False).encode()
