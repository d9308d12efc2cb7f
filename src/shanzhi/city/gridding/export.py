"""A proposal to take along: Excel or GeoJSON (导出划分方案)."""

import json
from collections.abc import Iterable
from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

import shapely
from django.conf import settings

from shanzhi.city.gridding import instance, naming, queries
from shanzhi.city.gridding.errors import STATES, FloorsChanged
from shanzhi.city.gridding.models import Proposal, ProposalPart
from shanzhi.city.gridding.shapes import outlines, polygons
from shanzhi.core.documents import Column, Head, Sheet, columns_of, write_workbook

EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_NUMBERS = {"label", "grid", "households", "shops"}
_WEIGHTS = {"within": "正常", "below": "低于下限", "above": "高于上限"}


def _rows(found: Proposal, on: date, community_id: UUID | None) -> list[dict[str, object]]:
    chosen = ProposalPart.objects.filter(proposal=found)
    if community_id is not None:
        chosen = chosen.filter(community_id=community_id)
    parts = {part.community_id: part for part in chosen}
    read = instance.read(list(parts), on)
    drawn = outlines(list(parts))
    rows: list[dict[str, object]] = []
    for community, span in zip(read.communities, read.slices(), strict=True):
        part = parts[community]
        label_of = dict(zip(part.floors, part.labels, strict=True))
        if set(read.ids[span]) != set(label_of):
            raise FloorsChanged(name=drawn.names[community])
        labels = instance.whole([label_of[floor] for floor in read.ids[span]])
        names = naming.microgrid_names(read, span, labels.tolist())
        shapes = polygons(read, span, labels, community, drawn)
        for entry in part.microgrids:
            weight = entry["households"]
            state = "below" if weight < found.low else "above" if weight > found.high else "within"
            reason = "" if state == "within" else entry["accept"] or queries.reason(entry["certificate"])[0]
            rows.append(
                {
                    "community_code": drawn.codes[community], "community": drawn.names[community],
                    "label": entry["label"] + 1, "grid": entry["grid"] + 1, "name": names[entry["label"]],
                    "households": weight, "shops": entry["shops"], "state": _WEIGHTS[state], "reason": reason,
                    "kept": "是" if entry["place"] else "", "shape": shapes[entry["label"]],
                    "approx": drawn.approximate(community),
                }
            )  # fmt: skip
    return sorted(rows, key=lambda row: (str(row["community_code"]), int(str(row["label"]))))


def as_workbook(found: Proposal, on: date, at: datetime, community_id: UUID | None = None) -> bytes:
    """The micro-grids of a proposal, or of one community in it, a row each. Raises FloorsChanged."""
    columns = [
        ("community_code", "社区代码"), ("community", "社区"), ("grid", "网格"), ("label", "微网格"),
        ("name", "名称"), ("households", "户数"), ("shops", "其中商铺"), ("state", "户数情况"),
        ("reason", "说明"), ("kept", "沿用"),
    ]  # fmt: skip
    rows = [[row[key] for key, _ in columns] for row in _rows(found, on, community_id)]
    sheet = Sheet(
        "划分方案", [Column(zh, "number" if key in _NUMBERS else "text") for key, zh in columns], rows
    )
    return write_workbook([sheet], zone=ZoneInfo(settings.TIME_ZONE), at=at)


def as_geojson(found: Proposal, on: date, community_id: UUID | None = None) -> bytes:
    """The polygons of a proposal, or of one community in it, in WGS-84 with the same facts. Raises FloorsChanged."""
    features = [
        {
            "type": "Feature",
            "geometry": json.loads(shapely.to_geojson(row["shape"])),
            "properties": {key: value for key, value in row.items() if key != "shape"},
        }
        for row in _rows(found, on, community_id)
    ]
    return json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False).encode()


def list_as_workbook(found: Iterable[Proposal], at: datetime, *, zh: bool) -> bytes:
    """The list of proposals, a row each."""
    heads: tuple[Head, ...] = (
        ("名称", "Name", "text"), ("状态", "State", "text"), ("户数下限", "Least households", "number"),
        ("户数上限", "Most households", "number"), ("目标户数", "Wanted households", "number"),
        ("微网格", "Micro-grids", "number"), ("拟制人", "Made by", "text"),
        ("拟制时间", "Made", "datetime"),
    )  # fmt: skip
    rows = [
        (
            one.name, STATES[one.state][0 if zh else 1], one.low, one.high, one.target,
            queries.totals(one)["microgrids"] if one.numbers else None, one.created_by, one.created_at,
        )
        for one in found
    ]  # fmt: skip
    sheet = Sheet("划分方案" if zh else "Proposals", columns_of(heads, zh=zh), rows)
    return write_workbook([sheet], zone=ZoneInfo(settings.TIME_ZONE), at=at)
