"""The verbs of compounds: the only writers."""

import gc
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.timezone import localdate

from shanzhi.base.access import Actor
from shanzhi.base.access.capabilities import PLACE_MANAGE
from shanzhi.base.audit import actions as audit
from shanzhi.city.compounds import deciding, imports, in_force, queries, store
from shanzhi.city.compounds.drawing import Drawing, draw
from shanzhi.city.compounds.grouping import MOST_HOMES, Grouping
from shanzhi.city.compounds.imports import ImportReport, Terms
from shanzhi.city.compounds.kinds import CompoundKind
from shanzhi.city.compounds.models import Compound
from shanzhi.city.compounds.reading import Cells
from shanzhi.city.places import boundaries, touching
from shanzhi.city.places import queries as places
from shanzhi.city.places import store as place_store
from shanzhi.city.places.boundaries import BoundaryReport
from shanzhi.city.places.datum import Datum, datum_of
from shanzhi.city.places.levels import Level
from shanzhi.city.places.outlines import read_outlines
from shanzhi.city.places.repair import polygon_of
from shanzhi.core.documents import Feature
from shanzhi.core.kit.errors import InvalidInput, NotFound
from shanzhi.core.kit.ids import uuid7


def import_compounds(
    cells: Cells,
    *,
    source: str = "",
    datum: str = "",
    place_id: UUID | None = None,
    on: date,
    actor: Actor,
    at: datetime,
    dry_run: bool = False,
    partial: bool = False,
    close_gone: bool = False,
    file_name: str = "",
) -> ImportReport:
    """Import compounds, buildings, floors and doors as a source lists them from the day `on` (导入小区).

    `source` names who says so where rows do not; `datum` is wgs84, cgcs2000, gcj02, bd09 or auto; `place_id` is
    where rows lie that name no division. The same file again changes nothing. With any error nothing is written,
    unless `partial` lets the other rows in; neither is with `dry_run`. What the source no longer lists ends only
    with `close_gone`. Raises Refused, InvalidInput, NotFound.
    """
    actor.require(PLACE_MANAGE)
    if on > localdate(at):
        raise InvalidInput(
            field="on", reason_zh="生效日期不得晚于今天。", reason_en="The day must not be after today."
        )
    stated = datum_of(datum or cells.reading.datum)
    grounds = places.reach(actor, PLACE_MANAGE)
    reach = None if grounds is None else places.ids_below(grounds, on)
    if place_id is not None and reach is not None and place_id not in reach:
        raise NotFound(field="place")
    outlines = read_outlines(on, grounds if place_id is None else [place_id])
    ground = None if place_id is None else outlines.names.by_id.get(place_id)
    if place_id is not None and ground is None:
        raise NotFound(field="place")
    grouping = Grouping(cells.reading, source.strip()[:40], _shapes(cells.shapes))
    with _nothing_is_garbage():
        listed = grouping.take(cells.lines)
    report = ImportReport(
        uuid7(), cells.rows, len(listed), dry_run, stated=stated, warnings=grouping.warnings
    )
    terms = Terms(on, stated, ground, reach, dry_run, partial, close_gone)
    with _nothing_is_garbage(), transaction.atomic():
        imports.run(listed, grouping.errors, outlines, terms, report)
        if not dry_run and report.created + report.changed + report.merged + report.closed:
            detail = {
                "rows": report.rows, "created": report.created, "changed": report.changed, "merged": report.merged,
                "closed": report.closed, "errors": len(report.errors), "on": on.isoformat(), "file": file_name[:200],
            }  # fmt: skip
            audit.record(
                actor=actor, event="compounds.imported", subject=str(report.id), detail=detail, at=at
            )
            touching.redraw(one.area for one in listed)
    for notices in (report.errors, report.warnings, report.wrong_points):
        notices.sort(key=lambda notice: notice.row)
    return report


@contextmanager
def _nothing_is_garbage() -> Iterator[None]:
    """While millions of objects are made that all stay, no search for garbage: it took a third of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _shapes(polygons: Mapping[int, dict[str, Any]]) -> dict[int, Any]:
    """Polygons of rows, repaired; what is none is left out."""
    found = {row: polygon_of(geometry) for row, geometry in polygons.items()}
    return {row: one.shape for row, one in found.items() if one is not None}


def put_in_force(
    area: str,
    compound_id: UUID,
    *,
    field: str,
    source: str,
    key: str = "",
    reason: str,
    actor: Actor,
    at: datetime,
) -> None:
    """Choose the source that is in force for a field, and say why (选定来源).

    Raises Refused, NotFound, InvalidInput, SourceSaysNothing.
    """
    if field not in in_force.FIELDS:
        raise InvalidInput(field="field", reason_zh="没有这一项。", reason_en="There is no such field.")
    reason = _reason(reason)
    with transaction.atomic():
        store.lock()
        compound = _managed(area, compound_id, actor, at)
        deciding.choose(compound, field, source, key, reason, actor, at)
        detail = {"field": field, "source": source}
        audit.record(
            actor=actor, event="compounds.chosen", area=area, subject=str(compound_id), detail=detail, at=at
        )


def edit(
    area: str,
    compound_id: UUID,
    *,
    name: str | None = None,
    kind: str | None = None,
    address: str | None = None,
    place_id: UUID | None = None,
    lon: float | None = None,
    lat: float | None = None,
    households: int | None = None,
    reason: str,
    actor: Actor,
    at: datetime,
) -> None:
    """Values entered by hand (人工登记), in WGS-84: a source of their own, in force from now on.

    Raises Refused, NotFound, InvalidInput, OutsideYourPlaces.
    """
    reason = _reason(reason)
    given: dict[str, Any] = {}
    if name is not None:
        given["name"] = _short(name, "name", 100)
    if address is not None:
        given["address"] = _short(address, "address", 200)
    if kind is not None:
        if kind not in set(CompoundKind):
            raise InvalidInput(field="kind", reason_zh="没有这种类型。", reason_en="There is no such kind.")
        given["kind"] = kind
    if households is not None:
        if not 0 <= households <= MOST_HOMES:
            raise InvalidInput(
                field="households",
                reason_zh=f"户数应为 0 至 {MOST_HOMES}。",
                reason_en=f"From 0 to {MOST_HOMES} households.",
            )
        given["households"] = households
    if lon is not None or lat is not None:
        if lon is None or lat is None or not (-180 <= lon <= 180 and -90 <= lat <= 90):
            raise InvalidInput(
                field="lon", reason_zh="坐标无效。", reason_en="The coordinates are not valid."
            )
        given["position"] = (lon, lat, Datum.WGS84.value)
    if not given and place_id is None:
        raise InvalidInput(
            field="name", reason_zh="没有要修改的内容。", reason_en="There is nothing to change."
        )
    on = localdate(at)
    with transaction.atomic():
        store.lock()
        compound = _managed(area, compound_id, actor, at)
        place_name = "" if place_id is None else _place_of(place_id, area, actor, on)
        deciding.edit(compound, given, place_id, place_name, reason, actor, on, at)
        detail = {"fields": sorted([*given, *([] if place_id is None else ["place"])])}
        audit.record(
            actor=actor, event="compounds.edited", area=area, subject=str(compound_id), detail=detail, at=at
        )
        touching.redraw([area])


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
    file_name: str = "",
) -> tuple[BoundaryReport, int]:
    """Import boundaries with the compounds as witnesses of their datum, and settle compounds in them (导入边界).

    Returns the report and how many compounds now lie in a deeper place than was known. Raises as
    `places.boundaries.import_boundaries`.
    """
    with transaction.atomic():
        report = boundaries.import_boundaries(
            features, level=level, under=under, code_property=code_property, name_property=name_property,
            datum=datum, on=on, actor=actor, at=at, dry_run=dry_run,
            witnesses=lambda places_: queries.points_in(places_, on), file_name=file_name,
        )  # fmt: skip
        settled = 0
        if not dry_run and report.created + report.changed:
            store.lock()
            settled = store.settle(read_outlines(on), on)
    return report, settled


def draw_boundaries(
    place_id: UUID, level: str, *, actor: Actor, at: datetime, dry_run: bool = False
) -> Drawing:
    """Draw approximate boundaries where real ones are missing (绘制近似边界); see `drawing.draw`.

    Raises Refused, NotFound, InvalidInput.
    """
    actor.require(PLACE_MANAGE)
    on = localdate(at)
    place = places.visible_to(actor, on, PLACE_MANAGE).filter(id=place_id, closed_on=None).first()
    if place is None:
        raise NotFound(field="place_id")
    if level not in {Level.STREET, Level.COMMUNITY} or Level(level).rank <= Level(place.level).rank:
        raise InvalidInput(
            field="level",
            reason_zh="只能绘制所选区划以下的街道或社区。",
            reason_en="Only street offices or communities under the place can be drawn.",
        )
    if place.boundary is None:
        raise InvalidInput(
            field="place_id",
            reason_zh="该区划还没有边界，请先导入。",
            reason_en="The place has no boundary yet: import it first.",
        )
    with transaction.atomic():
        place_store.lock()
        drawing = draw(place_id, Level(level), on, dry_run=dry_run)
        if not dry_run and drawing.drawn:
            detail = {"level": level, "drawn": len(drawing.drawn), "kept": len(drawing.kept)}
            audit.record(
                actor=actor, event="places.boundaries-drawn", area=place.area, subject=str(place_id),
                detail=detail, at=at,
            )  # fmt: skip
    return drawing


def _managed(area: str, compound_id: UUID, actor: Actor, at: datetime) -> Compound:
    actor.require(PLACE_MANAGE)
    found = queries.visible_to(actor, localdate(at), PLACE_MANAGE).filter(area=area, id=compound_id)
    compound: Compound | None = found.first()
    if compound is None:
        raise NotFound
    return compound


def _place_of(place_id: UUID, area: str, actor: Actor, on: date) -> str:
    place = places.visible_to(actor, on, PLACE_MANAGE).filter(id=place_id, closed_on=None).first()
    if place is None:
        raise NotFound(field="place_id")
    if place.area != area:
        raise InvalidInput(
            field="place_id",
            reason_zh="不能直接改到别的区县：请在那边重新登记。",
            reason_en="It lies in another district: enter the compound anew there.",
        )
    return str(place.name)


def _reason(text: str) -> str:
    if not text.strip():
        raise InvalidInput(field="reason", reason_zh="请写明理由。", reason_en="Say why.")
    return text.strip()[:200]


def _short(text: str, field: str, most: int) -> str:
    plain = text.strip()
    if not plain or len(plain) > most or "\0" in plain:
        raise InvalidInput(
            field=field, reason_zh=f"应为 1 至 {most} 字。", reason_en=f"From 1 to {most} characters."
        )
    return plain
