"""Import of boundaries (导入边界): GeoJSON polygons matched to places, repaired, never worse than before."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

import numpy as np
import shapely
from django.db import connection, transaction
from django.utils.timezone import localdate
from shapely.geometry.base import BaseGeometry

from shanzhi.base.access import Actor
from shanzhi.base.access.capabilities import PLACE_MANAGE
from shanzhi.base.audit import actions as audit
from shanzhi.city.places import queries, store, touching
from shanzhi.city.places.datum import Datum, Finding, datum_of, detect, shape_to_wgs84
from shanzhi.city.places.levels import Level
from shanzhi.city.places.models import Place
from shanzhi.city.places.naming import Gazetteer, Known
from shanzhi.city.places.outlines import read_outlines
from shanzhi.city.places.repair import polygon_of
from shanzhi.core.documents import Feature, RowError
from shanzhi.core.kit.coordinates import wgs84_to_bd09, wgs84_to_gcj02
from shanzhi.core.kit.errors import InvalidInput, NotFound

MAX_FILE_BYTES = 64 * 1024 * 1024
MAX_UNPACKED_BYTES = 400 * 1024 * 1024
MAX_FEATURES = 50_000
CODE_NAMES = ("code", "adcode", "代码", "区划代码", "社区代码", "街道代码", "区县代码", "xzqdm", "id")
NAME_NAMES = ("name", "名称", "社区名称", "街道名称", "区县名称", "社区", "街道", "区县", "xzqmc")
# Points known in WGS-84 to lie in places (by id), by which a datum is told.
Witnesses = Callable[[Iterable[UUID]], dict[UUID, list[tuple[float, float]]]]


@dataclass
class BoundaryReport:
    """What an import of boundaries did, or would do. Features whose name matches no division are in `unmatched`."""

    rows: int
    dry_run: bool
    created: int = 0
    changed: int = 0
    unchanged: int = 0
    repaired: list[RowError] = field(default_factory=list)
    unmatched: list[RowError] = field(default_factory=list)
    errors: list[RowError] = field(default_factory=list)
    stated: Datum | None = None
    datum: Datum | None = None
    finding: Finding = field(default_factory=lambda: Finding(None, 0))


@dataclass(slots=True)
class _Outline:
    row: int
    place: Known
    shape: BaseGeometry


def no_witnesses(_: Iterable[UUID]) -> dict[UUID, list[tuple[float, float]]]:
    """Nothing known that lies in the places."""
    return {}


def import_boundaries(
    features: Sequence[Feature],
    *,
    level: str = "",
    under: UUID | None = None,
    code_property: str = "",
    name_property: str = "",
    datum: str = "",
    on: date,
    actor: Actor,
    at: datetime,
    dry_run: bool = False,
    witnesses: Witnesses = no_witnesses,
    file_name: str = "",
) -> BoundaryReport:
    """Import polygons of divisions (导入边界), matched by code, else by name within `under` and the level.

    Invalid polygons are repaired and listed; several features of one place are united. What is imported is real
    and replaces what was approximate. `datum` auto takes the one under which known points lie inside. With any
    error nothing is written; neither is with `dry_run`. Raises Refused, InvalidInput, NotFound.
    """
    actor.require(PLACE_MANAGE)
    if on > localdate(at):
        raise InvalidInput(
            field="on", reason_zh="生效日期不得晚于今天。", reason_en="The day must not be after today."
        )
    stated, wanted = datum_of(datum), _level(level)
    grounds = queries.reach(actor, PLACE_MANAGE)
    reach = None if grounds is None else queries.ids_below(grounds, on)
    if under is not None and reach is not None and under not in reach:
        raise NotFound(field="place")
    lowest = wanted if wanted in {Level.GRID, Level.MICROGRID} else Level.COMMUNITY
    names = read_outlines(on, grounds if under is None else [under], lowest).names
    report = BoundaryReport(len(features), dry_run, stated=stated)
    found = _matched(features, names, wanted, under, code_property, name_property, reach, report)
    outlines = _united(found)
    _tell_datum(outlines, stated, witnesses, report)
    if report.errors:
        return report
    with transaction.atomic():
        store.lock()
        _compare_and_write(outlines, report, actor, at, on, file_name)
    return report


def _level(word: str) -> Level | None:
    try:
        return Level(word) if word else None
    except ValueError as error:
        raise InvalidInput(
            field="level", reason_zh="没有这一级别。", reason_en="There is no such level."
        ) from error


def _matched(
    features: Sequence[Feature], names: Gazetteer, level: Level | None, under: UUID | None, code_property: str,
    name_property: str, reach: set[UUID] | None, report: BoundaryReport,
) -> list[_Outline]:  # fmt: skip
    found = []
    for one in features:
        code = _text(one.properties, code_property, CODE_NAMES)
        name = _text(one.properties, name_property, NAME_NAMES)
        place = _place(code, name, names, level, under)
        if place is None:
            said = f"“{name or code}”"
            report.unmatched.append(
                RowError(one.row, "name", f"{said}不对应任何区划（可能是管理区域），未导入。", f"{name or code} is no division here (perhaps a managing area): not imported.")  # noqa: E501
            )  # fmt: skip
            continue
        if reach is not None and place.id not in reach:
            report.errors.append(RowError(one.row, "name", "不在您岗位的管辖范围内。", "It is outside the places of your posts."))  # noqa: E501  # fmt: skip
            continue
        shape = polygon_of(one.geometry)
        if shape is None:
            report.errors.append(RowError(one.row, "boundary", "没有可用的多边形。", "It has no polygon that encloses anything."))  # noqa: E501  # fmt: skip
            continue
        if shape.fault:
            report.repaired.append(RowError(one.row, place.name, f"边界无效（{shape.fault}），已修复。", f"The polygon was invalid ({shape.fault}) and was repaired."))  # noqa: E501  # fmt: skip
        found.append(_Outline(one.row, place, shape.shape))
    return found


def _text(properties: dict[str, Any], given: str, usual: Sequence[str]) -> str:
    lowered = {str(name).lower(): value for name, value in properties.items()}
    for name in [given.lower()] if given else usual:
        value = lowered.get(name.lower())
        if value not in (None, ""):
            return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value).strip()
    return ""


def _place(code: str, name: str, names: Gazetteer, level: Level | None, under: UUID | None) -> Known | None:
    coded = names.coded(code) if code else None
    if coded is not None and (level is None or coded.level is level):
        return coded
    levels = [level] if level is not None else [Level.COUNTY, Level.STREET, Level.COMMUNITY]
    for one in levels:
        alike = names.named(name, one, under) if name else []
        if len(alike) == 1:
            return alike[0]
    return None


def _united(found: Sequence[_Outline]) -> list[_Outline]:
    """One outline for each place: a division in several features is their union."""
    by_place: dict[UUID, list[_Outline]] = {}
    for one in found:
        by_place.setdefault(one.place.id, []).append(one)
    return [
        parts[0] if len(parts) == 1
        else _Outline(parts[0].row, parts[0].place, shapely.union_all([part.shape for part in parts]))
        for parts in by_place.values()
    ]  # fmt: skip


def _tell_datum(
    outlines: Sequence[_Outline], stated: Datum | None, witnesses: Witnesses, report: BoundaryReport
) -> None:
    """Which datum the polygons are in: known points, moved to each in turn, should lie inside."""
    report.datum = stated
    known = witnesses([one.place.id for one in outlines])
    points = [(x, y, one.shape) for one in outlines for x, y in known.get(one.place.id, ())]
    if points:
        report.finding = _detect(points)
        report.datum = stated or report.finding.found
    if report.datum is None and outlines:
        report.errors.append(RowError(1, "datum", "无法判断边界的坐标系，请注明。", "The datum of the boundaries cannot be told: state it."))  # noqa: E501  # fmt: skip


def _detect(points: Sequence[tuple[float, float, BaseGeometry]]) -> Finding:
    """Moving the shapes is dear, moving the points back to the drawing's datum is the same and cheap."""
    lon = np.array([x for x, _, _ in points], dtype=np.float64)
    lat = np.array([y for _, y, _ in points], dtype=np.float64)
    own = np.array([shape for _, _, shape in points], dtype=object)
    return detect(lon, lat, own, moves={Datum.GCJ02: wgs84_to_gcj02, Datum.BD09: wgs84_to_bd09})


def _compare_and_write(
    outlines: Sequence[_Outline], report: BoundaryReport, actor: Actor, at: datetime, on: date, file_name: str
) -> None:
    shapes = shape_to_wgs84(
        report.datum or Datum.WGS84, np.array([one.shape for one in outlines], dtype=object)
    )
    shapes = [shape if shape.is_valid else shapely.make_valid(shape) for shape in shapes]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, boundary, approximate FROM places_place WHERE id = ANY(%s)",
            [[one.place.id for one in outlines]],
        )
        before = {
            place: (None if wkb is None else bytes(wkb), near) for place, wkb, near in cursor.fetchall()
        }
    writing = []
    for one, shape in zip(outlines, shapes, strict=True):
        wkb = shapely.to_wkb(shape)
        was, approximate = before[one.place.id]
        if was is None:
            report.created += 1
        elif was != wkb or approximate:
            report.changed += 1
        else:
            report.unchanged += 1
            continue
        inside = shape.representative_point()
        writing.append((one.place.id, wkb, False, inside.x, inside.y))
    if writing and not report.dry_run:
        write_outlines(writing)
        detail = {
            "rows": report.rows, "created": report.created, "changed": report.changed,
            "repaired": len(report.repaired), "on": on.isoformat(), "file": file_name[:200],
        }  # fmt: skip
        audit.record(actor=actor, event="places.boundaries-imported", detail=detail, at=at)


def write_outlines(rows: Sequence[tuple[UUID, bytes, bool, float, float]]) -> None:
    """Boundaries of places in one statement: (id, WKB, approximate, lon, lat).

    A point that is known stays; a drawing gives none, for it would look like knowledge.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE places_place p SET boundary = n.boundary, approximate = n.approximate, "
            "lon = CASE WHEN n.approximate THEN p.lon ELSE coalesce(p.lon, n.lon) END, "
            "lat = CASE WHEN n.approximate THEN p.lat ELSE coalesce(p.lat, n.lat) END "
            "FROM unnest(%s::uuid[], %s::bytea[], %s::bool[], %s::float8[], %s::float8[]) "
            "AS n (id, boundary, approximate, lon, lat) WHERE p.id = n.id",
            [list(column) for column in zip(*rows, strict=True)],
        )
    store.stamp()
    drawn = Place.objects.filter(id__in=[row[0] for row in rows])
    touching.redraw(drawn.values_list("area", flat=True).distinct())
