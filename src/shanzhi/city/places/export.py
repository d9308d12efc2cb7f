"""The tree to take along (导出区划): what lies under a place on a day, as Excel or GeoJSON."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import shapely
from django.conf import settings
from django.db import connection

from shanzhi.city.places.levels import Level
from shanzhi.city.places.models import Place
from shanzhi.core.documents import Column, Sheet, write_workbook

_UNDER = """
SELECT p.id, p.level, v.code, v.name, coalesce(pv.code, ''), coalesce(pv.name, ''), p.lon, p.lat, p.approximate,
  CASE WHEN %(shapes)s THEN p.boundary END, p.opened_on
FROM places_placeclosure k
JOIN places_place p ON p.id = k.descendant_id AND p.opened_on <= %(on)s
  AND (p.closed_on IS NULL OR p.closed_on > %(on)s)
JOIN places_placeversion v ON v.place_id = p.id AND v.from_on <= %(on)s AND (v.to_on IS NULL OR v.to_on > %(on)s)
LEFT JOIN places_placeclosure up ON up.descendant_id = p.id AND up.depth = 1 AND up.from_on <= %(on)s
  AND (up.to_on IS NULL OR up.to_on > %(on)s)
LEFT JOIN places_placeversion pv ON pv.place_id = up.ancestor_id AND pv.from_on <= %(on)s
  AND (pv.to_on IS NULL OR pv.to_on > %(on)s)
WHERE k.ancestor_id = %(under)s AND k.from_on <= %(on)s AND (k.to_on IS NULL OR k.to_on > %(on)s)
  AND (%(level)s = '' OR p.level = %(level)s)
ORDER BY length(v.code), v.code
"""


@dataclass(frozen=True)
class _Line:
    id: UUID
    level: str
    code: str
    name: str
    parent_code: str
    parent_name: str
    lon: float | None
    lat: float | None
    approximate: bool
    boundary: bytes | None
    opened_on: date


def _lines(under: UUID, level: str, on: date, shapes: bool) -> list[_Line]:
    with connection.cursor() as cursor:
        cursor.execute(_UNDER, {"under": under, "level": level, "on": on, "shapes": shapes})
        return [_Line(*row) for row in cursor.fetchall()]


def as_workbook(under: UUID, level: str, on: date, at: datetime) -> bytes:
    """A row a place; the headings are those that the import reads."""
    columns = [
        Column(title)
        for title in ("代码", "名称", "级别", "上级代码", "上级名称", "经度", "纬度", "近似边界", "设立日期")
    ]
    rows = [
        [
            one.code, one.name, Level(one.level).zh, one.parent_code, one.parent_name,
            "" if one.lon is None else f"{one.lon:.6f}", "" if one.lat is None else f"{one.lat:.6f}",
            "是" if one.approximate else "", one.opened_on.isoformat(),
        ]
        for one in _lines(under, level, on, shapes=False)
    ]  # fmt: skip
    return write_workbook([Sheet("区划", columns, rows)], zone=ZoneInfo(settings.TIME_ZONE), at=at)


def as_geojson(under: UUID, level: str, on: date, at: datetime) -> bytes:
    """A feature a place, in WGS-84: its boundary, else its point, else nothing."""
    features = [
        {
            "type": "Feature",
            "id": str(one.id),
            "geometry": geometry(one),
            "properties": {
                "code": one.code, "name": one.name, "level": one.level, "parent": one.parent_code,
                "approximate": one.approximate,
            },
        }
        for one in _lines(under, level, on, shapes=True)
    ]  # fmt: skip
    return json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False).encode()


def geometry(one: _Line | Place) -> Any:
    """The boundary of a place as GeoJSON, else its point, else None."""
    if one.boundary is not None:
        return json.loads(shapely.to_geojson(shapely.from_wkb(bytes(one.boundary))))
    return None if one.lon is None else {"type": "Point", "coordinates": [one.lon, one.lat]}


def feature(place: Place) -> dict[str, Any]:
    """One place with its boundary as a GeoJSON feature."""
    return {
        "type": "Feature",
        "id": str(place.id),
        "geometry": json.loads(shapely.to_geojson(shapely.from_wkb(bytes(place.boundary)))),
        "properties": {
            "id": str(place.id), "name": place.name, "code": place.code, "level": place.level,
            "approximate": place.approximate,
        },
    }  # fmt: skip


TYPES = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "geojson": "application/geo+json",
}
FORMATS: dict[str, Callable[[UUID, str, date, datetime], bytes]] = {
    "xlsx": as_workbook,
    "geojson": as_geojson,
}
