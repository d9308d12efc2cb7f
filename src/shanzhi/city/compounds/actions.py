"""The verbs of compounds: the only writers."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.timezone import localdate

from shanzhi.base.access import Actor
from shanzhi.base.access.capabilities import PLACE_MANAGE
from shanzhi.base.audit import actions as audit
from shanzhi.city.compounds import imports
from shanzhi.city.compounds.grouping import Grouping
from shanzhi.city.compounds.imports import ImportReport, Terms
from shanzhi.city.compounds.reading import Cells
from shanzhi.city.places import queries as places
from shanzhi.city.places.datum import datum_of
from shanzhi.city.places.outlines import read_outlines
from shanzhi.city.places.repair import polygon_of
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
    listed = grouping.take(cells.lines)
    report = ImportReport(
        uuid7(), cells.rows, len(listed), dry_run, stated=stated, warnings=grouping.warnings
    )
    terms = Terms(on, stated, ground, reach, dry_run, partial, close_gone)
    with transaction.atomic():
        imports.run(listed, grouping.errors, outlines, terms, report)
        if not dry_run and report.created + report.changed + report.merged + report.closed:
            detail = {
                "rows": report.rows, "created": report.created, "changed": report.changed, "merged": report.merged,
                "closed": report.closed, "errors": len(report.errors), "on": on.isoformat(), "file": file_name[:200],
            }  # fmt: skip
            audit.record(
                actor=actor, event="compounds.imported", subject=str(report.id), detail=detail, at=at
            )
    report.errors.sort(key=lambda notice: notice.row)
    report.warnings.sort(key=lambda notice: notice.row)
    return report


def _shapes(polygons: Mapping[int, dict[str, Any]]) -> dict[int, Any]:
    """Polygons of rows, repaired; what is none is left out."""
    found = {row: polygon_of(geometry) for row, geometry in polygons.items()}
    return {row: one.shape for row, one in found.items() if one is not None}
