"""Endpoints of places. One place with its posts is in `people`, which stands above."""

from datetime import date
from http import HTTPStatus
from typing import Any
from uuid import UUID

import msgspec
from django.http import HttpResponse
from django.utils.timezone import localdate
from dmr import FileMetadata, Path, Query, ResponseSpec, validate
from dmr.parsers import MultiPartParser
from dmr.routing import path

from shanzhi.base.access.api import PUBLIC, ApiController, clock_of
from shanzhi.base.access.capabilities import PLACE_MANAGE, PLACE_VIEW
from shanzhi.base.audit import actions as audit
from shanzhi.city.places import actions, export, queries, yearly
from shanzhi.city.places.changes_api import urlpatterns as changes
from shanzhi.city.places.levels import Level
from shanzhi.city.places.rows import MAX_FILE_BYTES, read_divisions
from shanzhi.core.documents import check_size
from shanzhi.core.kit.errors import InvalidInput, NotFound


class PlaceOut(msgspec.Struct):
    """A place in a list."""

    id: UUID
    level: str
    level_zh: str
    level_en: str
    code: str
    name: str
    has_children: bool
    has_boundary: bool = False
    approximate: bool = False


class PlacesQuery(msgspec.Struct):
    """`parent` lists what lies right under it, `q` searches; neither: where the caller's tree begins.

    `on`: as of that day (default: today).
    """

    parent: str = ""
    q: str = ""
    on: str = ""


class PlacesImportQuery(msgspec.Struct):
    """`dry_run=1` only reports; `on` is the day from which the list holds (default: today)."""

    dry_run: str = ""
    on: str = ""


class DivisionTable(msgspec.Struct):
    """Facts of the uploaded file; its content decides what it is."""

    name: str
    size: int


class DivisionFiles(msgspec.Struct):
    """The one file of an import."""

    file: DivisionTable


class DivisionErrorOut(msgspec.Struct):
    """What is wrong in one row."""

    row: int
    field: str
    message_zh: str
    message_en: str


class DivisionImportOut(msgspec.Struct):
    """What an import did, or would do."""

    dry_run: bool
    rows: int
    created: int
    changed: int
    unchanged: int
    closed: int
    errors: list[DivisionErrorOut]


def place_out(found: queries.Node) -> PlaceOut:
    """A place as the API shows it."""
    level = Level(found.level)
    return PlaceOut(
        found.id, found.level, level.zh, level.en, found.code, found.name, found.has_children,
        found.has_boundary, found.approximate,
    )  # fmt: skip


def day_asked(text: str, today: date) -> date:
    """The day as of which something is asked. Raises InvalidInput for no date, or one after today."""
    on = _day(text, today)
    if on > today:
        raise InvalidInput(
            field="on", reason_zh="日期不得晚于今天。", reason_en="The day must not be after today."
        )
    return on


class PlacesController(ApiController):
    """The tree, level by level."""

    gate = PLACE_VIEW

    def get(self, parsed_query: Query[PlacesQuery]) -> list[PlaceOut]:
        """Places under a parent, found by words, or at the top of what the caller sees."""
        today = localdate(clock_of(self.request).now())
        on = day_asked(parsed_query.on, today)
        if parsed_query.q.strip():
            return [place_out(found) for found in queries.search(parsed_query.q, self.actor, on, today=today)]
        if not parsed_query.parent:
            return [place_out(found) for found in queries.roots_of(self.actor, on, today=today)]
        try:
            parent = UUID(parsed_query.parent)
        except ValueError as error:
            raise NotFound(field="parent") from error
        if not queries.sees(self.actor, parent, on, today):
            raise NotFound(field="parent")
        return [place_out(found) for found in queries.children(parent, on)]


class PlacePath(msgspec.Struct):
    """Which place."""

    place_id: UUID


class BoundaryController(ApiController):
    """Where a place lies."""

    gate = PLACE_VIEW

    def get(self, parsed_path: Path[PlacePath]) -> dict[str, Any]:
        """The boundary as a GeoJSON feature in WGS-84; 404 when none is known."""
        on = localdate(clock_of(self.request).now())
        found = queries.visible_to(self.actor, on).filter(id=parsed_path.place_id).first()
        if found is None or found.boundary is None:
            raise NotFound(field="place_id")
        return export.feature(found)


class PlacesExportQuery(msgspec.Struct):
    """What lies under a place, of one level or all, as of a day; xlsx or geojson."""

    under: UUID
    level: str = ""
    on: str = ""
    format: str = "xlsx"


class PlacesExportController(ApiController):
    """The tree to take along."""

    gate = PLACE_VIEW

    @validate(ResponseSpec(bytes, status_code=HTTPStatus.OK), validate_responses=False)
    def get(self, parsed_query: Query[PlacesExportQuery]) -> HttpResponse:
        """Excel or GeoJSON; that it was taken along is recorded."""
        at = clock_of(self.request).now()
        given, today = parsed_query, localdate(at)
        on = day_asked(given.on, today)
        if not queries.sees(self.actor, given.under, on, today):
            raise NotFound(field="under")
        if given.level and given.level not in set(Level):
            raise InvalidInput(field="level", reason_zh="没有这个级别。", reason_en="There is no such level.")
        if given.format not in export.FORMATS:
            raise InvalidInput(
                field="format", reason_zh="格式应为 xlsx 或 geojson。", reason_en="xlsx or geojson."
            )
        content = export.FORMATS[given.format](given.under, given.level, on, at)
        audit.record(
            actor=self.actor, event="places.exported", subject=str(given.under),
            detail={"level": given.level, "on": on.isoformat(), "format": given.format}, at=at,
        )  # fmt: skip
        response = HttpResponse(content, content_type=export.TYPES[given.format])
        response["Content-Disposition"] = f'attachment; filename="places-{on:%Y%m%d}.{given.format}"'
        return response


class WhereQuery(msgspec.Struct):
    """`parent` lists what lies right under it; without it: the top."""

    parent: UUID | None = None


class WhereController(ApiController):
    """Names and codes of divisions are public: whoever reports without a position says where it is."""

    gate = PUBLIC

    def get(self, parsed_query: Query[WhereQuery]) -> list[PlaceOut]:
        """Places to choose from, level by level, down to the grid."""
        on = localdate(clock_of(self.request).now())
        return [place_out(found) for found in queries.children(parsed_query.parent, on)]


def _day(text: str, today: date) -> date:
    try:
        return date.fromisoformat(text) if text else today
    except ValueError as error:
        raise InvalidInput(
            field="on", reason_zh="日期应写作 2026-01-31。", reason_en="Write the day as 2026-01-31."
        ) from error


class PlacesImportController(ApiController):
    """Import of divisions from CSV or Excel."""

    gate = PLACE_MANAGE
    parsers = (MultiPartParser(),)

    def post(
        self, parsed_query: Query[PlacesImportQuery], parsed_file_metadata: FileMetadata[DivisionFiles]
    ) -> DivisionImportOut:
        """Import a list, or with `dry_run=1` only say what it would do."""
        table = parsed_file_metadata.file
        check_size(table.size, MAX_FILE_BYTES)
        at = clock_of(self.request).now()
        report = actions.import_divisions(
            read_divisions(self.request.FILES["file"].read()),
            on=_day(parsed_query.on, localdate(at)),
            actor=self.actor,
            at=at,
            dry_run=parsed_query.dry_run in {"1", "true"},
            source=table.name,
        )
        return DivisionImportOut(
            dry_run=report.dry_run,
            rows=report.rows,
            created=report.created,
            changed=report.changed,
            unchanged=report.unchanged,
            closed=report.closed,
            errors=[DivisionErrorOut(e.row, e.field, e.message_zh, e.message_en) for e in report.errors],
        )


class UnsureOut(msgspec.Struct):
    """What was read one way and could be read another."""

    zh: str
    en: str


class YearOut(msgspec.Struct):
    """What the list of a year changes."""

    year: int
    on: date
    total: int
    created: int
    renamed: int
    recoded: int
    moved: int
    closed: int
    counties: int
    unsure: list[UnsureOut]


class SuccessionsOut(DivisionImportOut):
    """An import of yearly lists, year by year."""

    years: list[YearOut]


class SuccessionsController(ApiController):
    """Lists of street offices year by year, as dated successions."""

    gate = PLACE_MANAGE
    parsers = (MultiPartParser(),)

    def post(
        self, parsed_query: Query[PlacesImportQuery], parsed_file_metadata: FileMetadata[DivisionFiles]
    ) -> SuccessionsOut:
        """Import the years in their order, or with `dry_run=1` only say what they would do."""
        table = parsed_file_metadata.file
        check_size(table.size, MAX_FILE_BYTES)
        report = yearly.import_years(
            self.request.FILES["file"].read(), actor=self.actor, at=clock_of(self.request).now(),
            dry_run=parsed_query.dry_run in {"1", "true"}, source=table.name,
        )  # fmt: skip
        years = report.years
        changed = sum(one.renamed + one.recoded + one.moved for one in years)
        created, closed = sum(one.created for one in years), sum(one.closed for one in years)
        return SuccessionsOut(
            dry_run=report.dry_run,
            rows=report.rows,
            created=created,
            changed=changed,
            unchanged=max(report.rows - created - changed, 0),
            closed=closed,
            errors=[DivisionErrorOut(e.row, e.field, e.message_zh, e.message_en) for e in report.errors],
            years=[
                YearOut(
                    one.year, one.on, one.total, one.created, one.renamed, one.recoded, one.moved, one.closed,
                    one.counties, [UnsureOut(zh, en) for zh, en in one.unsure],
                )
                for one in years
            ],
        )  # fmt: skip


urlpatterns = [
    path("places/successions", SuccessionsController.as_view(), name="places-successions"),
    path("places", PlacesController.as_view(), name="places"),
    path("where", WhereController.as_view(), name="where"),
    path("places/import", PlacesImportController.as_view(), name="places-import"),
    path("places/export", PlacesExportController.as_view(), name="places-export"),
    path("places/<uuid:place_id>/boundary", BoundaryController.as_view(), name="place-boundary"),
    *changes,
]
