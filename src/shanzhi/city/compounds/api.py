"""Endpoints of compounds: lists, one compound, choices, files out. Imports are in `import_api`."""

from datetime import date
from http import HTTPStatus
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from django.conf import settings
from django.http import HttpResponse
from django.utils.timezone import localdate
from dmr import Body, Path, Query, ResponseSpec, validate
from dmr.routing import path

from shanzhi.base.access.api import ApiController, clock_of
from shanzhi.base.access.capabilities import PLACE_MANAGE, PLACE_VIEW
from shanzhi.base.access.downloads import EXCEL, download
from shanzhi.base.audit import actions as audit
from shanzhi.city.compounds import actions, exports, queries
from shanzhi.city.compounds.import_api import urlpatterns as import_urlpatterns
from shanzhi.city.compounds.page import compound_out, compound_page
from shanzhi.city.compounds.queries import Wanted
from shanzhi.city.compounds.shapes import CompoundFullOut, CompoundPageOut
from shanzhi.city.compounds.template import template
from shanzhi.core.kit.errors import InvalidInput, NotFound

GEOJSON = "application/geo+json"


class CompoundsQuery(msgspec.Struct):
    """Under a place, of a kind, found by words, as of a day."""

    place: str = ""
    kind: str = ""
    q: str = ""
    cursor: str = ""
    on: str = ""
    format: str = "xlsx"


class DayQuery(msgspec.Struct):
    """As of a day (default: today)."""

    on: str = ""


class CompoundPath(msgspec.Struct):
    """The handle of a compound."""

    area: str
    compound_id: UUID


class InForceIn(msgspec.Struct):
    """The source to be in force for a field, and why. `key` tells two lines of one source apart."""

    source: str
    field: str
    reason: str
    key: str = ""


class CompoundEditIn(msgspec.Struct):
    """Values by hand; what is left out stays. Coordinates are WGS-84."""

    reason: str
    name: str | None = None
    kind: str | None = None
    address: str | None = None
    place_id: UUID | None = None
    lon: float | None = None
    lat: float | None = None
    households: int | None = None


def day_of(text: str, today: date) -> date:
    """The day that a query names. Raises InvalidInput for what is no day, or a day to come."""
    try:
        on = date.fromisoformat(text) if text else today
    except ValueError as error:
        raise InvalidInput(
            field="on", reason_zh="日期应写作 2026-01-31。", reason_en="Write the day as 2026-01-31."
        ) from error
    if on > today:
        raise InvalidInput(
            field="on", reason_zh="日期不得晚于今天。", reason_en="The day must not be after today."
        )
    return on


def _wanted(given: CompoundsQuery) -> Wanted:
    try:
        place = UUID(given.place) if given.place else None
    except ValueError as error:
        raise NotFound(field="place") from error
    return Wanted(place, given.kind, given.q)


class CompoundsController(ApiController):
    """Compounds in pinyin order."""

    gate = PLACE_VIEW

    def get(self, parsed_query: Query[CompoundsQuery]) -> CompoundPageOut:
        """One page, with the totals of the whole list."""
        on = day_of(parsed_query.on, localdate(clock_of(self.request).now()))
        wanted = _wanted(parsed_query)
        rows, following = queries.listed(self.actor, on, wanted, parsed_query.cursor)
        total, households = queries.totals(self.actor, on, wanted)
        return CompoundPageOut([compound_out(row) for row in rows], following, total, households)


class CompoundController(ApiController):
    """One compound."""

    gate = PLACE_VIEW

    def get(self, parsed_path: Path[CompoundPath], parsed_query: Query[DayQuery]) -> CompoundFullOut:
        """Its buildings, floors and sources."""
        on = day_of(parsed_query.on, localdate(clock_of(self.request).now()))
        return compound_page(self.actor, parsed_path.area, parsed_path.compound_id, on)


class InForceController(ApiController):
    """Choosing a source."""

    gate = PLACE_MANAGE

    def post(self, parsed_path: Path[CompoundPath], parsed_body: Body[InForceIn]) -> CompoundFullOut:
        """Put a source in force for a field."""
        at, given = clock_of(self.request).now(), parsed_body
        actions.put_in_force(
            parsed_path.area, parsed_path.compound_id, field=given.field, source=given.source, key=given.key,
            reason=given.reason, actor=self.actor, at=at,
        )  # fmt: skip
        return compound_page(self.actor, parsed_path.area, parsed_path.compound_id, localdate(at))


class CompoundEditController(ApiController):
    """Values by hand."""

    gate = PLACE_MANAGE

    def post(self, parsed_path: Path[CompoundPath], parsed_body: Body[CompoundEditIn]) -> CompoundFullOut:
        """Enter values; they are in force from now on."""
        at, given = clock_of(self.request).now(), parsed_body
        actions.edit(
            parsed_path.area, parsed_path.compound_id, name=given.name, kind=given.kind, address=given.address,
            place_id=given.place_id, lon=given.lon, lat=given.lat, households=given.households,
            reason=given.reason, actor=self.actor, at=at,
        )  # fmt: skip
        return compound_page(self.actor, parsed_path.area, parsed_path.compound_id, localdate(at))


class CompoundExportController(ApiController):
    """Compounds as a file."""

    gate = PLACE_VIEW

    @validate(ResponseSpec(bytes, status_code=HTTPStatus.OK), validate_responses=False)
    def get(self, parsed_query: Query[CompoundsQuery]) -> HttpResponse:
        """The whole list as Excel or GeoJSON; that it was taken along is recorded."""
        at, given = clock_of(self.request).now(), parsed_query
        on, wanted = day_of(given.on, localdate(at)), _wanted(given)
        if given.format == "geojson":
            content, kind = exports.geojson(self.actor, on, wanted), GEOJSON
        elif given.format == "xlsx":
            zone = ZoneInfo(settings.TIME_ZONE)
            content, kind = exports.workbook(self.actor, on, wanted, zone=zone, at=at), EXCEL
        else:
            raise InvalidInput(
                field="format", reason_zh="格式应为 xlsx 或 geojson。", reason_en="xlsx or geojson."
            )
        audit.record(
            actor=self.actor, event="compounds.exported", subject=given.place[:40],
            detail={"format": given.format, "on": on.isoformat()}, at=at,
        )  # fmt: skip
        return download(content, f"compounds-{on:%Y%m%d}.{given.format}", kind)


class CompoundTemplateController(ApiController):
    """The template of an import."""

    gate = PLACE_MANAGE

    @validate(ResponseSpec(bytes, status_code=HTTPStatus.OK), validate_responses=False)
    def get(self) -> HttpResponse:
        """A workbook to fill in, with explanations."""
        at = clock_of(self.request).now()
        return download(template(ZoneInfo(settings.TIME_ZONE), at), "compounds-template.xlsx")


urlpatterns = [
    path("compounds", CompoundsController.as_view(), name="compounds"),
    path("compounds/export", CompoundExportController.as_view(), name="compounds-export"),
    path("compounds/template", CompoundTemplateController.as_view(), name="compounds-template"),
    *import_urlpatterns,
    path("compounds/<str:area>/<uuid:compound_id>", CompoundController.as_view(), name="compound"),
    path(
        "compounds/<str:area>/<uuid:compound_id>/in-force",
        InForceController.as_view(),
        name="compound-in-force",
    ),
    path(
        "compounds/<str:area>/<uuid:compound_id>/edit", CompoundEditController.as_view(), name="compound-edit"
    ),
]
