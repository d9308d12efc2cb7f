"""Compounds as files (导出小区): Excel for people, GeoJSON for maps."""

import json
from datetime import date, datetime, tzinfo
from typing import Any
from uuid import UUID

import shapely
from django.db import connection

from shanzhi.base.access import Actor
from shanzhi.city.compounds import queries
from shanzhi.city.compounds.kinds import CompoundKind
from shanzhi.city.compounds.queries import CompoundRow, Wanted
from shanzhi.core.documents import Column, Sheet, write_workbook

MOST_FLOORS = 200_000
_COLUMNS = [
    Column("编号"), Column("名称"), Column("类型"), Column("标准地址编码"), Column("所属区划"), Column("地址"),
    Column("经度", "number"), Column("纬度", "number"), Column("户数", "number"), Column("楼栋数", "number"),
    Column("来源"), Column("来源不一致"),
]  # fmt: skip
_FLOORS = [
    Column("小区"), Column("楼栋"), Column("单元"), Column("楼层", "number"), Column("至层", "number"),
    Column("户数", "number"), Column("商铺数", "number"), Column("估算"), Column("微网格代码"),
]  # fmt: skip


def workbook(actor: Actor, on: date, wanted: Wanted, *, zone: tzinfo, at: datetime) -> bytes:
    """The compounds of a list, and their floors on a second sheet unless there are more than 200,000."""
    rows, _ = queries.listed(actor, on, wanted, rows=None)
    sheets = [Sheet("小区", _COLUMNS, [_cells(row) for row in rows])]
    floors = _floors(rows, on)
    if floors is None:
        floors = [(f"楼层超过 {MOST_FLOORS} 行，请缩小范围后再导出。", *[None] * 8)]
    sheets.append(Sheet("楼层", _FLOORS, floors))
    return write_workbook(sheets, zone=zone, at=at)


def _cells(row: CompoundRow) -> tuple[object, ...]:
    return (
        str(row.id), row.name, CompoundKind(row.kind).zh, row.code, row.place_name, row.address, row.lon, row.lat,
        row.households, row.buildings, "、".join(row.sources), "是" if row.conflict else "",
    )  # fmt: skip


def _floors(rows: list[CompoundRow], on: date) -> list[tuple[object, ...]] | None:
    by_area: dict[str, dict[UUID, str]] = {}
    for row in rows:
        by_area.setdefault(row.area, {})[row.id] = row.name
    if queries.floor_count({area: list(names) for area, names in by_area.items()}, on) > MOST_FLOORS:
        return None
    return [
        (
            names[compound], floor.building, floor.stairwell, floor.floor, floor.top, floor.homes, floor.shops,
            "是" if floor.estimated else "", floor.microgrid_code,
        )
        for area, names in by_area.items()
        for compound, floor in queries.floors_of(area, names, on)
        if floor.id is not None
    ]  # fmt: skip


def geojson(actor: Actor, on: date, wanted: Wanted) -> bytes:
    """The compounds of a list as features: their boundary where there is one, else their point (WGS-84)."""
    rows, _ = queries.listed(actor, on, wanted, rows=None)
    outlines = _outlines([row.id for row in rows])
    features = [
        {
            "type": "Feature", "id": str(row.id), "geometry": _geometry(row, outlines.get(row.id)),
            "properties": {
                "id": str(row.id), "name": row.name, "kind": row.kind, "code": row.code, "address": row.address,
                "place": row.place_name, "place_code": row.place_code,
                "households": row.households, "buildings": row.buildings,
                "sources": row.sources, "conflict": row.conflict,
            },
        }
        for row in rows
    ]  # fmt: skip
    return json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False).encode()


def _outlines(ids: list[UUID]) -> dict[UUID, Any]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, boundary FROM compounds_compound WHERE id = ANY(%s) AND boundary IS NOT NULL", [ids]
        )
        rows = cursor.fetchall()
    return {compound: shapely.from_wkb(bytes(wkb)) for compound, wkb in rows}


def _geometry(row: CompoundRow, outline: Any) -> Any:
    if outline is not None:
        return json.loads(shapely.to_geojson(outline))
    return None if row.lon is None else {"type": "Point", "coordinates": [row.lon, row.lat]}
