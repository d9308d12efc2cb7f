"""Endpoints of imports: compounds, boundaries, approximate boundaries."""

from collections.abc import Iterable, Sequence
from datetime import date
from uuid import UUID

import msgspec
from django.http import HttpRequest
from django.utils.timezone import localdate
from dmr import Body, FileMetadata, Query
from dmr.parsers import MultiPartParser
from dmr.routing import path

from shanzhi.base.access.api import ApiController, clock_of
from shanzhi.base.access.capabilities import PLACE_MANAGE
from shanzhi.city.compounds import actions
from shanzhi.city.compounds.mapping import MAX_MAPPING_BYTES, Reading, read_mapping
from shanzhi.city.compounds.notices import Notice
from shanzhi.city.compounds.reading import MAX_FILE_BYTES, read_cells
from shanzhi.city.compounds.shapes import (
    BoundaryImportOut,
    BoundaryNoteOut,
    CompoundImportOut,
    DatumOut,
    DrawingOut,
    DrawnPlaceOut,
    ImportNoticeOut,
)
from shanzhi.city.places import boundaries
from shanzhi.city.places.datum import Datum, Finding
from shanzhi.core.documents import RowError, check_size, read_features
from shanzhi.core.kit.errors import InvalidInput, NotFound

# A file of a million rows may be wrong in each: the first of a kind tell enough.
MOST_NOTICES = 500
_YES = {"1", "true"}
_BOUNDARY_CODES = {"name": "outside-your-places", "boundary": "no-polygon", "datum": "datum-unclear"}


class ImportQuery(msgspec.Struct):
    """`dry_run=1` only reports."""

    dry_run: str = ""
    partial: str = ""
    close: str = ""
    on: str = ""


class CompoundUpload(msgspec.Struct):
    """Facts of an uploaded file; its content decides what it is."""

    name: str
    size: int


class CompoundFiles(msgspec.Struct):
    """The list, and a mapping as a file of its own."""

    file: CompoundUpload
    mapping: CompoundUpload | None = None


class CompoundForm(msgspec.Struct):
    """How to read the list.

    `mapping` is YAML or JSON, or the name of a pack; `place` is where rows lie that name no division; `partial`
    lets rows without errors in; `close` ends what the source no longer lists.
    """

    mapping: str = ""
    source: str = ""
    datum: str = ""
    place: str = ""
    on: str = ""
    partial: str = ""
    close: str = ""


class BoundaryFiles(msgspec.Struct):
    """The map file."""

    file: CompoundUpload


class BoundaryForm(msgspec.Struct):
    """How to read the map file: the properties with code and name, the level, under which place."""

    code: str = ""
    name: str = ""
    level: str = ""
    place: str = ""
    datum: str = ""
    on: str = ""


class DrawIn(msgspec.Struct):
    """Draw what is missing under a place down to a level."""

    place_id: UUID
    level: str
    dry_run: bool = False


def _day(text: str, today: date) -> date:
    try:
        return date.fromisoformat(text) if text else today
    except ValueError as error:
        raise InvalidInput(
            field="on", reason_zh="日期应写作 2026-01-31。", reason_en="Write the day as 2026-01-31."
        ) from error


def _place(text: str) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError as error:
        raise NotFound(field="place") from error


def _reading(request: HttpRequest, text: str) -> Reading | None:
    given = request.FILES.get("mapping")
    if given is not None:
        if given.size > MAX_MAPPING_BYTES:
            raise InvalidInput(
                field="mapping", reason_zh="映射文件过大。", reason_en="The mapping is too large."
            )
        try:
            text = given.read().decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise InvalidInput(
                field="mapping", reason_zh="映射文件应为 UTF-8。", reason_en="The mapping must be UTF-8."
            ) from error
    return read_mapping(text) if text.strip() else None


def _notices(found: Sequence[Notice]) -> list[ImportNoticeOut]:
    return [
        ImportNoticeOut(one.row, one.field, one.code, one.message_zh, one.message_en)
        for one in found[:MOST_NOTICES]
    ]


def _notes(found: Iterable[RowError]) -> list[BoundaryNoteOut]:
    return [BoundaryNoteOut(one.row, one.field, one.message_zh, one.message_en) for one in found]


def datum_out(stated: Datum | None, used: Datum | None, finding: Finding) -> DatumOut:
    """What was stated and found, and what to do about it."""
    zh = en = ""
    plain = Datum.WGS84 if stated is Datum.CGCS2000 else stated
    if finding.found is not None and plain is not None and finding.found is not plain:
        zh = f"按 {finding.found.zh} 落在本区县内的点更多，请核对坐标系。"
        en = f"Under {finding.found.en} more points lie in their district: check the datum."
    elif finding.found is not None and stated is None:
        zh, en = f"按 {finding.found.zh} 处理。", f"Taken as {finding.found.en}."
    elif used is None:
        zh, en = "无法判断，请注明坐标系。", "It cannot be told: state the datum."
    return DatumOut(
        "auto" if stated is None else stated.value,
        "" if finding.found is None else finding.found.value,
        "" if used is None else used.value,
        zh,
        en,
        {datum.value: round(share, 4) for datum, share in finding.shares.items()},
        finding.counted,
    )


class CompoundImportController(ApiController):
    """Import of compounds from CSV, Excel or GeoJSON."""

    gate = PLACE_MANAGE
    parsers = (MultiPartParser(),)

    def post(
        self,
        parsed_query: Query[ImportQuery],
        parsed_body: Body[CompoundForm],
        parsed_file_metadata: FileMetadata[CompoundFiles],
    ) -> CompoundImportOut:
        """Import a list, or with `dry_run=1` only say what it would do."""
        table, form = parsed_file_metadata.file, parsed_body
        check_size(table.size, MAX_FILE_BYTES)
        at = clock_of(self.request).now()
        cells = read_cells(self.request.FILES["file"].read(), _reading(self.request, form.mapping))
        report = actions.import_compounds(
            cells,
            source=form.source,
            datum=form.datum,
            place_id=_place(form.place),
            on=_day(form.on or parsed_query.on, localdate(at)),
            actor=self.actor,
            at=at,
            dry_run=parsed_query.dry_run in _YES,
            partial=(form.partial or parsed_query.partial) in _YES,
            close_gone=(form.close or parsed_query.close) in _YES,
            file_name=table.name,
        )
        lists = {"errors": report.errors, "warnings": report.warnings, "wrong_points": report.wrong_points}
        return CompoundImportOut(
            report.dry_run, report.id, report.rows, report.listed, report.created, report.changed,
            report.unchanged, report.merged, report.closed, report.homes,
            datum_out(report.stated, report.datum, report.finding),
            _notices(report.errors), _notices(report.warnings), _notices(report.wrong_points),
            cells.mapping, cells.unmapped, cells.skipped,
            round(report.inside / report.counted, 4) if report.counted else None,
            {name: len(found) - MOST_NOTICES for name, found in lists.items() if len(found) > MOST_NOTICES},
        )  # fmt: skip


class BoundaryImportController(ApiController):
    """Import of boundaries from GeoJSON."""

    gate = PLACE_MANAGE
    parsers = (MultiPartParser(),)

    def post(
        self,
        parsed_query: Query[ImportQuery],
        parsed_body: Body[BoundaryForm],
        parsed_file_metadata: FileMetadata[BoundaryFiles],
    ) -> BoundaryImportOut:
        """Import polygons, or with `dry_run=1` only say what it would do."""
        table, form = parsed_file_metadata.file, parsed_body
        check_size(table.size, boundaries.MAX_FILE_BYTES)
        at = clock_of(self.request).now()
        features = read_features(
            self.request.FILES["file"].read(),
            max_bytes=boundaries.MAX_FILE_BYTES,
            max_unpacked_bytes=boundaries.MAX_UNPACKED_BYTES,
            max_features=boundaries.MAX_FEATURES,
        )
        report, settled = actions.import_boundaries(
            features, level=form.level, under=_place(form.place), code_property=form.code, name_property=form.name,
            datum=form.datum, on=_day(form.on or parsed_query.on, localdate(at)), actor=self.actor, at=at,
            dry_run=parsed_query.dry_run in _YES, file_name=table.name,
        )  # fmt: skip
        return BoundaryImportOut(
            report.dry_run, report.rows, report.created, report.changed, report.unchanged, settled,
            _notes(report.repaired), _notes(report.unmatched),
            [
                ImportNoticeOut(one.row, one.field, _BOUNDARY_CODES[one.field], one.message_zh, one.message_en)
                for one in report.errors
            ],
            datum_out(report.stated, report.datum, report.finding),
        )  # fmt: skip


class BoundaryDrawController(ApiController):
    """Approximate boundaries."""

    gate = PLACE_MANAGE

    def post(self, parsed_body: Body[DrawIn]) -> DrawingOut:
        """Draw what has no real boundary, marked as approximate."""
        given, at = parsed_body, clock_of(self.request).now()
        found = actions.draw_boundaries(
            given.place_id, given.level, actor=self.actor, at=at, dry_run=given.dry_run
        )
        return DrawingOut(
            given.dry_run, len(found.drawn), len(found.kept),
            [DrawnPlaceOut(one.id, one.code, one.name) for one in found.named(found.without_points)],
            [DrawnPlaceOut(one.id, one.code, one.name) for one in found.named(found.without_room)],
        )  # fmt: skip


urlpatterns = [
    path("compounds/import", CompoundImportController.as_view(), name="compounds-import"),
    path("places/boundaries/import", BoundaryImportController.as_view(), name="boundaries-import"),
    path("places/boundaries/draw", BoundaryDrawController.as_view(), name="boundaries-draw"),
]
