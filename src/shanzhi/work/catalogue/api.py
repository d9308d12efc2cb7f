"""Endpoints of the catalogue."""

from datetime import date
from itertools import groupby
from uuid import UUID

import msgspec
from django.utils.timezone import localdate
from dmr import Body, FileMetadata, Path, Query
from dmr.parsers import MultiPartParser
from dmr.routing import path

from shanzhi.base.access.api import ApiController, clock_of
from shanzhi.base.access.capabilities import CATALOGUE_MANAGE, CATALOGUE_VIEW
from shanzhi.city.places import queries as places
from shanzhi.core.documents import check_size
from shanzhi.work.catalogue import actions, offering, queries
from shanzhi.work.catalogue.models import Condition
from shanzhi.work.catalogue.rows import MAX_FILE_BYTES, read_conditions


class KindOut(msgspec.Struct):
    """A kind in the resident's words."""

    code: str
    zh: str
    en: str


class KindGroupOut(msgspec.Struct):
    """Kinds of one major class."""

    zh: str
    en: str
    kinds: list[KindOut]


class ConditionOut(msgspec.Struct):
    """A filing rule with its closing rule and limit."""

    id: UUID
    kind: str
    kind_zh: str
    kind_en: str
    major: str
    filing_rule: str
    closing_rule: str
    limit_text: str
    limit_amount: float | None
    limit_unit: str
    usable: bool
    unit_name: str
    authority_name: str
    photo_required: bool
    version: int
    effective_on: date


class ConditionPageOut(msgspec.Struct):
    """One page of conditions."""

    items: list[ConditionOut]
    next_cursor: str


class ConditionQuery(msgspec.Struct):
    """How to narrow the list."""

    kind: str = ""
    q: str = ""
    cursor: str = ""


class ImportQuery(msgspec.Struct):
    """`dry_run=1` only reports."""

    dry_run: str = ""


class UploadedTable(msgspec.Struct):
    """Facts of the uploaded file; its content decides what it is."""

    name: str
    size: int


class ImportFiles(msgspec.Struct):
    """The one file of an import."""

    file: UploadedTable


class RowErrorOut(msgspec.Struct):
    """What is wrong in one row."""

    row: int
    field: str
    message_zh: str
    message_en: str


class OpenLimitOut(msgspec.Struct):
    """A limit that a human must answer."""

    row: int
    kind: str
    filing_rule: str
    limit_text: str


class ImportOut(msgspec.Struct):
    """What an import did, or would do."""

    dry_run: bool
    rows: int
    created: int
    changed: int
    unchanged: int
    errors: list[RowErrorOut]
    open_limits: list[OpenLimitOut]
    read_as_working_time: dict[str, int]
    version: int | None


class ConditionPath(msgspec.Struct):
    """Which condition."""

    condition_id: UUID


class LimitIn(msgspec.Struct):
    """A human's answer to a limit that was not plain."""

    amount: float
    unit: str


def _condition_out(found: Condition) -> ConditionOut:
    return ConditionOut(
        id=found.id,
        kind=found.kind.code,
        kind_zh=found.kind.name,
        kind_en=found.kind.name_en or found.kind.name,
        major=found.kind.major,
        filing_rule=found.filing_rule,
        closing_rule=found.closing_rule,
        limit_text=found.limit_text,
        limit_amount=found.limit_amount,
        limit_unit=found.limit_unit,
        usable=found.usable,
        unit_name=found.unit_name,
        authority_name=found.authority_name,
        photo_required=found.photo_required,
        version=found.version.number,
        effective_on=found.version.effective_on,
    )


class KindsQuery(msgspec.Struct):
    """Where it is; without a place or point no kind of a response is offered."""

    place: UUID | None = None
    lon: float | None = None
    lat: float | None = None


class KindsController(ApiController):
    """Kinds that a resident chooses from."""

    gate = "public"

    def get(self, parsed_query: Query[KindsQuery]) -> list[KindGroupOut]:
        """Kinds in resident wording, grouped by major class; those of a response that goes on at the place first."""
        at = clock_of(self.request).now()
        given, offered = parsed_query, set[UUID]()
        place = places.place_of_report(given.place, given.lon, given.lat)
        if place is not None:
            offered = offering.offered_at(place.id, localdate(at), at)
        kinds = queries.resident_kinds(localdate(at), offered)
        return [
            KindGroupOut(
                zh=major,
                en=major_en or major,
                kinds=[
                    KindOut(
                        code=found.code,
                        zh=found.resident_zh or found.name,
                        en=found.resident_en or found.name_en or found.name,
                    )
                    for found in group
                ],
            )
            for (_, major, major_en), group in groupby(
                kinds, key=lambda found: (found.code[:4], found.major, found.major_en)
            )
        ]


class ConditionsController(ApiController):
    """Conditions in force today."""

    gate = CATALOGUE_VIEW

    def get(self, parsed_query: Query[ConditionQuery]) -> ConditionPageOut:
        """Conditions, narrowed by kind and by words."""
        page = queries.browse(
            localdate(clock_of(self.request).now()),
            kind_code=parsed_query.kind,
            text=parsed_query.q,
            cursor=parsed_query.cursor,
        )
        return ConditionPageOut([_condition_out(found) for found in page.items], page.next_cursor)


class ImportController(ApiController):
    """Import of conditions from Excel or CSV."""

    gate = CATALOGUE_MANAGE
    parsers = (MultiPartParser(),)

    def post(
        self, parsed_query: Query[ImportQuery], parsed_file_metadata: FileMetadata[ImportFiles]
    ) -> ImportOut:
        """Import a list, or with `dry_run=1` only say what it would do."""
        table = parsed_file_metadata.file
        check_size(table.size, MAX_FILE_BYTES)
        report = actions.import_conditions(
            read_conditions(self.request.FILES["file"].read()),
            dry_run=parsed_query.dry_run in {"1", "true"},
            actor=self.actor,
            at=clock_of(self.request).now(),
            source=table.name,
        )
        return ImportOut(
            dry_run=report.dry_run,
            rows=report.rows,
            created=report.created,
            changed=report.changed,
            unchanged=report.unchanged,
            errors=[RowErrorOut(e.row, e.field, e.message_zh, e.message_en) for e in report.errors],
            open_limits=[
                OpenLimitOut(item.row, item.kind_code, item.filing_rule, item.limit_text)
                for item in report.open_limits
            ],
            read_as_working_time=report.read_as_working_time,
            version=report.version,
        )


class LimitController(ApiController):
    """A limit that waits for a human."""

    gate = CATALOGUE_MANAGE

    def post(self, parsed_path: Path[ConditionPath], parsed_body: Body[LimitIn]) -> ConditionOut:
        """Answer the limit of a condition."""
        answered = actions.answer_limit(
            parsed_path.condition_id,
            amount=parsed_body.amount,
            unit=parsed_body.unit,
            actor=self.actor,
            at=clock_of(self.request).now(),
        )
        return _condition_out(queries.condition(answered.id))


urlpatterns = [
    path("kinds", KindsController.as_view(), name="kinds"),
    path("catalogue/conditions", ConditionsController.as_view(), name="catalogue-conditions"),
    path("catalogue/conditions/<uuid:condition_id>/limit", LimitController.as_view(), name="catalogue-limit"),
    path("catalogue/import", ImportController.as_view(), name="catalogue-import"),
]
