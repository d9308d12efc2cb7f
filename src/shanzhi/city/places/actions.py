"""The verbs of places: the only writers."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

import shapely
from django.db import transaction
from django.utils.timezone import localdate

from shanzhi.base.access import Actor
from shanzhi.base.access.capabilities import PLACE_MANAGE
from shanzhi.base.audit import actions as audit
from shanzhi.city.places import days, journal, queries, store
from shanzhi.city.places.changes import KINDS
from shanzhi.city.places.errors import BadBoundary, OutsideYourPlaces
from shanzhi.city.places.levels import Level, canonical
from shanzhi.city.places.locator import shape_of
from shanzhi.city.places.models import Place
from shanzhi.city.places.rows import DivisionRow
from shanzhi.city.places.succession import Plan, Tree, compare
from shanzhi.core.documents import RowError
from shanzhi.core.kit.errors import InvalidInput, NotFound

_KINDS = {
    "places.grid-created": "create", "places.renamed": "rename", "places.moved": "move", "places.closed": "close",
}  # fmt: skip
_COLUMN = {"code": "code", "parent": "parent", "below": "closed"}


@dataclass(frozen=True)
class ImportReport:
    """What an import did, or would do. Counts are places; with any error nothing is written."""

    rows: int
    created: int = 0
    changed: int = 0
    unchanged: int = 0
    closed: int = 0
    errors: list[RowError] = field(default_factory=list)
    dry_run: bool = False


def import_divisions(
    rows: Iterable[DivisionRow],
    *,
    on: date,
    actor: Actor,
    at: datetime,
    dry_run: bool = False,
    source: str = "",
) -> ImportReport:
    """Import a list of divisions as it stands from the day `on` (导入区划).

    New codes make places; another name, another code (`former_code`) or another parent makes a dated
    succession of the same place; places that the list does not name stay. The same list again changes
    nothing. With any row error nothing is written; neither is with `dry_run`. Raises Refused, InvalidInput.
    """
    actor.require(PLACE_MANAGE)
    _check_day(on, at)
    listed = list(rows)
    with transaction.atomic():
        store.lock()
        plan, tree = _plan(listed, on, actor)
        if not plan.errors and not dry_run:
            plan.errors += store.write(plan, on)
        report = ImportReport(
            rows=len(listed),
            created=0 if plan.errors else len(plan.created),
            changed=0 if plan.errors else len(plan.changed),
            unchanged=0 if plan.errors else plan.unchanged,
            closed=0 if plan.errors else len(plan.closed),
            errors=sorted(plan.errors, key=lambda error: (error.row, error.field)),
            dry_run=dry_run,
        )
        if report.errors:
            transaction.set_rollback(True)
        elif not dry_run and (plan.created or plan.changed or plan.closed):
            detail = {
                "rows": report.rows, "created": report.created, "changed": report.changed,
                "closed": report.closed, "on": on.isoformat(), "source": source[:200],
            }  # fmt: skip
            audit.record(actor=actor, event="places.imported", detail=detail, at=at)
            zh, en = (
                (f"导入：{source[:150]}", f"imported: {source[:150]}")
                if source
                else ("导入区划表", "divisions imported")
            )
            _note("import", plan, tree, (zh, en), on, actor, at)
    return report


def create_grid(
    parent_id: UUID,
    code: str,
    name: str,
    *,
    boundary: dict[str, Any] | None = None,
    lon: float | None = None,
    lat: float | None = None,
    level: str = Level.GRID,
    on: date,
    actor: Actor,
    at: datetime,
) -> Place:
    """Draw a grid under a community, or a micro-grid under a grid (划设网格).

    `code` is that of the parent and three digits more. Raises Refused, OutsideYourPlaces, NotFound,
    BadBoundary, InvalidInput.
    """
    if level not in {Level.GRID, Level.MICROGRID}:
        raise InvalidInput(
            field="level", reason_zh="只能新建网格或微网格。", reason_en="Only a grid or a micro-grid."
        )
    parent = _managed(parent_id, actor, on, field="parent_id")
    above = Level.COMMUNITY if level == Level.GRID else Level.GRID
    if parent.level != above:
        raise InvalidInput(
            field="parent_id",
            reason_zh=f"{Level(level).zh}应建在{above.zh}之下。",
            reason_en=f"A {Level(level).en} lies under a {above.en}.",
        )
    if not code.startswith(parent.code) or canonical(code) != (code, level):
        raise InvalidInput(
            field="code",
            reason_zh=f"代码应为 {parent.code} 后加 3 位数字。",
            reason_en=f"The code must be {parent.code} and three digits more.",
        )
    row = DivisionRow(row=1, code=code, name=name.strip(), level=level, parent=parent.code)
    with transaction.atomic():
        store.lock()
        if Place.objects.filter(code=code, closed_on=None).exists():
            raise InvalidInput(
                field="code", reason_zh=f"代码 {code} 已使用。", reason_en=f"Code {code} is taken."
            )
        _succeed(row, on=on, actor=actor, at=at, event="places.grid-created")
        made = Place.objects.get(code=code, closed_on=None)
        if boundary is not None or lon is not None:
            made = _shape(made, boundary, lon, lat)
    return made


def rename(place_id: UUID, name: str, *, code: str = "", on: date, actor: Actor, at: datetime) -> Place:
    """Give a place another name, or code, from the day `on` (更名、更码)."""
    place = _managed(place_id, actor, on)
    # A new code alone does not move a place: the present parent is named.
    parent = queries.parent_of(place_id, on) if code else None
    row = DivisionRow(
        row=1,
        code=code or place.code,
        name=name.strip(),
        former_code=place.code if code else "",
        parent="" if parent is None else parent.code,
    )
    _succeed(row, on=on, actor=actor, at=at, event="places.renamed")
    return Place.objects.get(id=place_id)


def move(place_id: UUID, parent_id: UUID, *, code: str = "", on: date, actor: Actor, at: datetime) -> Place:
    """Put a place with all below it under another parent from the day `on` (调整隶属); its id stays."""
    place = _managed(place_id, actor, on)
    parent = _managed(parent_id, actor, on, field="parent_id")
    row = DivisionRow(
        row=1,
        code=code or place.code,
        name=place.name,
        parent=parent.code,
        former_code=place.code if code else "",
    )
    _succeed(row, on=on, actor=actor, at=at, event="places.moved")
    return Place.objects.get(id=place_id)


def close(place_id: UUID, *, on: date, actor: Actor, at: datetime) -> Place:
    """End a place on the day `on` (撤销); nothing may be left under it, and its history stays."""
    place = _managed(place_id, actor, on)
    row = DivisionRow(row=1, code=place.code, name=place.name, closed="1")
    _succeed(row, on=on, actor=actor, at=at, event="places.closed")
    return Place.objects.get(id=place_id)


def set_shape(
    place_id: UUID,
    *,
    boundary: dict[str, Any] | None = None,
    lon: float | None = None,
    lat: float | None = None,
    actor: Actor,
    at: datetime,
) -> Place:
    """Set boundary (GeoJSON polygon) or position of a place, in WGS-84 (边界与位置)."""
    place = _managed(place_id, actor, localdate(at))
    with transaction.atomic():
        store.lock()
        place = _shape(place, boundary, lon, lat)
        audit.record(
            actor=actor, event="places.shaped", area=place.area, subject=str(place.id), detail={}, at=at
        )
    return place


def _check_day(on: date, at: datetime) -> None:
    if on > localdate(at):
        raise InvalidInput(
            field="on", reason_zh="生效日期不得晚于今天。", reason_en="The day must not be after today."
        )


def _managed(place_id: UUID, actor: Actor, on: date, field: str = "place_id") -> Place:
    actor.require(PLACE_MANAGE)
    place = Place.objects.filter(id=place_id, closed_on=None).first()
    if place is None:
        raise NotFound(field=field)
    reach = queries.reach(actor, PLACE_MANAGE)
    if reach is not None and not queries.is_within(place_id, reach, on):
        raise OutsideYourPlaces(field=field, name=place.name)
    return place


def _plan(rows: Sequence[DivisionRow], on: date, actor: Actor) -> tuple[Plan, Tree]:
    grounds = queries.reach(actor, PLACE_MANAGE)
    reach = None if grounds is None else queries.ids_below(grounds, on)
    tree = store.read_tree(rows)
    plan = compare(rows, tree, on=on, reach=reach)
    if not plan.errors:
        of = {wanted.id: wanted.row for wanted in (*plan.created, *plan.renamed, *plan.moved)} | plan.closing
        plan.errors += [
            RowError(of.get(fault.place, 0), _COLUMN.get(fault.about, "on"), fault.zh, fault.en)
            for fault in days.faults(plan, tree, on)
        ]
    return plan, tree


def _note(
    kind: str, plan: Plan, tree: Tree, summary: tuple[str, str], on: date, actor: Actor, at: datetime
) -> None:
    """The journal line of a change that these verbs made."""
    journal.write(
        kind=kind, rows=journal.rows_of(plan, tree), summary=summary, on=on, at=at, actor=actor, reason="",
        followed={}, successors={},
    )  # fmt: skip


def _succeed(row: DivisionRow, *, on: date, actor: Actor, at: datetime, event: str) -> None:
    """One row through the same succession as an import; its error is raised."""
    _check_day(on, at)
    with transaction.atomic():
        store.lock()
        plan, tree = _plan([row], on, actor)
        errors = plan.errors or store.write(plan, on)
        if errors:
            raise InvalidInput(
                field=errors[0].field, reason_zh=errors[0].message_zh, reason_en=errors[0].message_en
            )
        detail = {"code": row.code, "name": row.name, "parent": row.parent, "on": on.isoformat()}
        audit.record(actor=actor, event=event, area=row.code[:6], subject=row.code, detail=detail, at=at)
        kind = _KINDS[event]
        zh, en = KINDS[kind]
        _note(kind, plan, tree, (f"{zh}：{row.name}", f"{en}: {row.name}"), on, actor, at)


def _shape(place: Place, boundary: dict[str, Any] | None, lon: float | None, lat: float | None) -> Place:
    if boundary is not None:
        shape = shape_of(boundary)
        if shape is None:
            raise BadBoundary(field="boundary")
        place.boundary, place.approximate = shapely.to_wkb(shape), False
        if lon is None or lat is None:
            inside = shape.representative_point()
            lon, lat = inside.x, inside.y
    if lon is None or lat is None or not (-180 <= lon <= 180 and -90 <= lat <= 90):
        raise InvalidInput(field="lon", reason_zh="坐标无效。", reason_en="The coordinates are not valid.")
    place.lon, place.lat = lon, lat
    place.save(update_fields=["boundary", "approximate", "lon", "lat"])
    store.stamp()
    return place
