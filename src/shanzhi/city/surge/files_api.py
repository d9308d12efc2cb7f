"""Endpoints of needs and people offered as files."""

from http import HTTPStatus

from django.http import HttpResponse
from django.utils.timezone import localdate
from dmr import Query, ResponseSpec, validate
from dmr.routing import path

from shanzhi.base.access.api import SIGNED_IN, ApiController, clock_of
from shanzhi.base.access.downloads import EXCEL, download
from shanzhi.base.audit import actions as audit
from shanzhi.city.surge import files, lists
from shanzhi.city.surge.shapes import SurgeQuery
from shanzhi.core.kit.errors import InvalidInput

TYPES = {
    "xlsx": EXCEL,
    "geojson": "application/geo+json",
}


class SurgeFileQuery(SurgeQuery):
    """What is listed under these choices; needs also as geojson."""

    format: str = "xlsx"
    lang: str = "zh"


def _check(given: str, *formats: str) -> str:
    if given not in formats:
        raise InvalidInput(
            field="format",
            reason_zh=f"格式应为 {' 或 '.join(formats)}。",
            reason_en=" or ".join(formats) + ".",
        )
    return given


class NeedsFileController(ApiController):
    """Needs to take along."""

    gate = SIGNED_IN

    @validate(ResponseSpec(bytes, status_code=HTTPStatus.OK), validate_responses=False)
    def get(self, parsed_query: Query[SurgeFileQuery]) -> HttpResponse:
        """Excel or GeoJSON; that they were taken along is recorded."""
        given, at = parsed_query, clock_of(self.request).now()
        suffix, on = _check(given.format, *TYPES), localdate(at)
        found = lists.chosen_needs(self.actor, on, given.place)
        listed = list(found.select_related("compound").order_by("from_on", "id")[: lists.MOST_EXPORTED])
        content = (
            files.needs_geojson(listed, on)
            if suffix == "geojson"
            else files.needs_workbook(listed, on, at, zh=given.lang != "en")
        )
        audit.record(
            actor=self.actor,
            event="surge.needs.exported",
            detail={"format": suffix, "rows": len(listed)},
            at=at,
        )
        return download(content, f"surge-needs-{on:%Y%m%d}.{suffix}", TYPES[suffix])


class OffersFileController(ApiController):
    """People offered to take along."""

    gate = SIGNED_IN

    @validate(ResponseSpec(bytes, status_code=HTTPStatus.OK), validate_responses=False)
    def get(self, parsed_query: Query[SurgeFileQuery]) -> HttpResponse:
        """Excel; that they were taken along is recorded."""
        given, at = parsed_query, clock_of(self.request).now()
        suffix, on = _check(given.format, "xlsx"), localdate(at)
        found = lists.chosen_offers(self.actor, on, given.unit, given.state)
        listed = list(found.select_related("unit", "home")[: lists.MOST_EXPORTED])
        content = files.offers_workbook(listed, at, zh=given.lang != "en")
        audit.record(actor=self.actor, event="surge.offers.exported", detail={"rows": len(listed)}, at=at)
        return download(content, f"surge-people-{on:%Y%m%d}.{suffix}", TYPES[suffix])


urlpatterns = [
    path("surge/needs/export", NeedsFileController.as_view(), name="surge-needs-export"),
    path("surge/offers/export", OffersFileController.as_view(), name="surge-offers-export"),
]
