"""Endpoints of dated changes of the tree."""

from datetime import date, datetime
from http import HTTPStatus
from uuid import UUID

import msgspec
from django.http import HttpResponse
from django.utils.timezone import localdate
from dmr import Body, Path, Query, ResponseSpec, modify, validate
from dmr.routing import path

from shanzhi.base.access import Actor
from shanzhi.base.access.api import ApiController, clock_of
from shanzhi.base.access.capabilities import PLACE_MANAGE, PLACE_VIEW
from shanzhi.base.access.downloads import download
from shanzhi.base.audit import actions as audit
from shanzhi.city.places import changes, export, journal, journal_file, queries
from shanzhi.city.places.models import PlaceChange
from shanzhi.city.places.wishes import Change, Part
from shanzhi.core.kit.errors import InvalidInput, NotFound
from shanzhi.core.kit.paging import decode_cursor, encode_cursor

_PAGE = 20


class PartIn(msgspec.Struct):
    """One part of a split."""

    name: str = ""
    code: str = ""
    id: UUID | None = None
    children: list[UUID] = []


class IntoIn(msgspec.Struct):
    """Who goes on after a merge: one of the merged, or a new place."""

    id: UUID | None = None
    name: str = ""
    code: str = ""


class ChangeIn(msgspec.Struct):
    """A change; which fields count hangs on `kind`."""

    kind: str
    on: date | None = None
    reason: str = ""
    place_id: UUID | None = None
    parent_id: UUID | None = None
    name: str = ""
    code: str = ""
    level: str = ""
    places: list[UUID] = []
    into: IntoIn | None = None
    parts: list[PartIn] = []


class SideOut(msgspec.Struct):
    """Code, name and parent of a place."""

    code: str
    name: str
    parent: UUID | None


class ChangeRowOut(msgspec.Struct):
    """What a change does to a place."""

    place_id: UUID
    level: str
    what: list[str]
    before: SideOut | None
    after: SideOut | None


class TouchedOut(msgspec.Struct):
    """How many rows of a kind lie at the places of a change."""

    kind: str
    zh: str
    en: str
    count: int


class WarningOut(msgspec.Struct):
    """Something to know before."""

    zh: str
    en: str


class OutcomeOut(msgspec.Struct):
    """What a change would do, or did."""

    change_id: UUID | None
    rows: list[ChangeRowOut]
    touches: list[TouchedOut]
    warnings: list[WarningOut]


class ChangesQuery(msgspec.Struct):
    """Of which place and what lies below it; without it: of all the caller sees."""

    place: UUID | None = None
    cursor: str = ""


class ChangesExportQuery(msgspec.Struct):
    """Of which place and what lies below it, or of all the caller sees; xlsx or geojson."""

    place: UUID | None = None
    format: str = "xlsx"
    lang: str = "zh"


class ChangeOut(msgspec.Struct):
    """A change in the journal."""

    id: UUID
    kind: str
    kind_zh: str
    kind_en: str
    on: date
    at: datetime
    by: str
    reason: str
    summary_zh: str
    summary_en: str
    can_undo: bool
    undone: bool
    rows: list[ChangeRowOut]


class ChangesOut(msgspec.Struct):
    """A page of the journal; `next` is "" on the last."""

    items: list[ChangeOut]
    next: str


class ChangePath(msgspec.Struct):
    """Which change."""

    change_id: UUID


class ReasonIn(msgspec.Struct):
    """Why."""

    reason: str = ""


def _change(given: ChangeIn, today: date) -> Change:
    into = given.into or IntoIn()
    return Change(
        kind=given.kind, on=given.on or today, reason=given.reason, place_id=given.place_id,
        parent_id=given.parent_id, name=given.name, code=given.code, level=given.level, places=given.places,
        into_id=into.id, into_name=into.name, into_code=into.code,
        parts=[Part(part.name, part.code, part.id, part.children) for part in given.parts],
    )  # fmt: skip


def _row(row: journal.Row) -> ChangeRowOut:
    before, after = (
        None if side is None else SideOut(side.code, side.name, side.parent)
        for side in (row.before, row.after)
    )
    return ChangeRowOut(row.place, row.level, list(row.what), before, after)


def _outcome(found: changes.Outcome) -> OutcomeOut:
    return OutcomeOut(
        found.change_id,
        [_row(row) for row in found.rows],
        [TouchedOut(one.kind, one.zh, one.en, one.count) for one in found.touches],
        [WarningOut(zh, en) for zh, en in found.warnings],
    )


def _line(change: PlaceChange) -> ChangeOut:
    zh, en = changes.KINDS.get(change.kind, (change.kind, change.kind))
    undone = hasattr(change, "undone_by")
    rows = journal.read_rows(change)
    open_to_undo = not undone and change.undoes_id is None and rows is not None
    return ChangeOut(
        change.id, change.kind, zh, en, change.on, change.at, change.actor_name, change.reason,
        change.summary_zh, change.summary_en,
        open_to_undo and journal.last_on(change.places, change) is None, undone,
        [_row(row) for row in (rows or [])[:50] if row.what],
    )  # fmt: skip


class ChangePreviewController(ApiController):
    """What a change would do."""

    gate = PLACE_MANAGE

    @modify(status_code=HTTPStatus.OK)
    def post(self, parsed_body: Body[ChangeIn]) -> OutcomeOut:
        """Rows and what they touch; nothing is written."""
        at = clock_of(self.request).now()
        return _outcome(changes.preview(_change(parsed_body, localdate(at)), actor=self.actor, at=at))


def _in_sight(actor: Actor, place: UUID | None, on: date) -> UUID | None:
    if place is not None and not queries.visible_to(actor, on).filter(id=place).exists():
        raise NotFound(field="place")
    return place


class ChangesController(ApiController):
    """The journal, and new changes."""

    gate = PLACE_VIEW

    def get(self, parsed_query: Query[ChangesQuery]) -> ChangesOut:
        """The newest first."""
        on = localdate(clock_of(self.request).now())
        place = _in_sight(self.actor, parsed_query.place, on)
        before = None
        if parsed_query.cursor:
            values = decode_cursor(parsed_query.cursor)
            if len(values) != 2 or not isinstance(values[0], datetime) or not isinstance(values[1], UUID):
                raise InvalidInput(
                    field="cursor", reason_zh="游标无效。", reason_en="The cursor is not valid."
                )
            before = (values[0], values[1])
        found = list(queries.changes(self.actor, on, place, before)[: _PAGE + 1])
        more = encode_cursor((found[_PAGE - 1].at, found[_PAGE - 1].id)) if len(found) > _PAGE else ""
        return ChangesOut([_line(change) for change in found[:_PAGE]], more)

    @modify(status_code=HTTPStatus.CREATED)
    def post(self, parsed_body: Body[ChangeIn]) -> OutcomeOut:
        """Carry out a change as of its day."""
        at = clock_of(self.request).now()
        return _outcome(changes.make(_change(parsed_body, localdate(at)), actor=self.actor, at=at))


class ChangesExportController(ApiController):
    """The journal to take along."""

    gate = PLACE_VIEW

    @validate(ResponseSpec(bytes, status_code=HTTPStatus.OK), validate_responses=False)
    def get(self, parsed_query: Query[ChangesExportQuery]) -> HttpResponse:
        """Excel or GeoJSON; that it was taken along is recorded."""
        given, at = parsed_query, clock_of(self.request).now()
        on = localdate(at)
        if given.format not in export.TYPES:
            raise InvalidInput(
                field="format", reason_zh="格式应为 xlsx 或 geojson。", reason_en="xlsx or geojson."
            )
        place = _in_sight(self.actor, given.place, on)
        found = list(
            queries.changes(self.actor, on, place).order_by("-at", "-id")[: journal_file.MOST_CHANGES]
        )
        content = (
            journal_file.as_geojson(found)
            if given.format == "geojson"
            else journal_file.as_workbook(found, at, zh=given.lang != "en")
        )
        audit.record(
            actor=self.actor, event="places.changes.exported", subject=str(place or ""),
            detail={"format": given.format, "rows": len(found)}, at=at,
        )  # fmt: skip
        return download(content, f"changes-{on:%Y%m%d}.{given.format}", export.TYPES[given.format])


class ChangeUndoController(ApiController):
    """Taking a change back."""

    gate = PLACE_MANAGE

    @modify(status_code=HTTPStatus.OK)
    def post(self, parsed_path: Path[ChangePath], parsed_body: Body[ReasonIn]) -> OutcomeOut:
        """From its own day all is as before it."""
        at = clock_of(self.request).now()
        return _outcome(changes.undo(parsed_path.change_id, parsed_body.reason, actor=self.actor, at=at))


urlpatterns = [
    path("places/changes", ChangesController.as_view(), name="place-changes"),
    path("places/changes/export", ChangesExportController.as_view(), name="place-changes-export"),
    path("places/changes/preview", ChangePreviewController.as_view(), name="place-change-preview"),
    path("places/changes/<uuid:change_id>/undo", ChangeUndoController.as_view(), name="place-change-undo"),
]
