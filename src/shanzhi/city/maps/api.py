"""Endpoints of maps."""

from datetime import date, datetime
from http import HTTPStatus
from uuid import UUID

import msgspec
from django.http import HttpResponse
from django.utils.timezone import localdate
from dmr import Path, Query, ResponseSpec, validate
from dmr.routing import path

from shanzhi.base.access.api import ApiController, clock_of
from shanzhi.base.access.capabilities import PLACE_VIEW
from shanzhi.city.maps import queries
from shanzhi.core.kit.errors import InvalidInput

TILE_TYPE = "application/vnd.mapbox-vector-tile"


class MapsQuery(msgspec.Struct):
    """`on`: as of which day (default: today)."""

    on: str = ""


class ScopeOut(msgspec.Struct):
    """A tile set. `bounds`: west, south, east, north."""

    scope: str
    name: str
    version: UUID
    bounds: tuple[float, float, float, float]
    min_zoom: int
    max_zoom: int
    from_on: date
    baked_at: datetime


class MapsOut(msgspec.Struct):
    """The tile sets that the caller may read, together all that they see."""

    scopes: list[ScopeOut]
    as_of: date


class TilePath(msgspec.Struct):
    """Which tile of which set."""

    scope: str
    version: UUID
    z: int
    x: int
    y: int


class MapsController(ApiController):
    """Tile sets."""

    gate = PLACE_VIEW

    def get(self, parsed_query: Query[MapsQuery]) -> MapsOut:
        """The city's set, or that of each district in which the caller holds a post."""
        today = localdate(clock_of(self.request).now())
        try:
            as_of = date.fromisoformat(parsed_query.on) if parsed_query.on else today
        except ValueError as error:
            raise InvalidInput(
                field="on", reason_zh="日期应写作 2026-01-31。", reason_en="Write the day as 2026-01-31."
            ) from error
        return MapsOut(
            [
                ScopeOut(
                    one.scope, one.place.name, one.id, (one.west, one.south, one.east, one.north), one.min_zoom,
                    one.max_zoom, one.from_on, one.baked_at,
                )
                for one in queries.tile_sets(self.actor, today, as_of)
            ],
            as_of,
        )  # fmt: skip


class TileController(ApiController):
    """Tiles."""

    gate = PLACE_VIEW

    @validate(
        ResponseSpec(bytes, status_code=HTTPStatus.OK),
        ResponseSpec(None, status_code=HTTPStatus.NO_CONTENT),
        validate_responses=False,
    )
    def get(self, parsed_path: Path[TilePath]) -> HttpResponse:
        """One tile, gzipped; 204 where there is nothing. A version never changes."""
        asked = parsed_path
        on = localdate(clock_of(self.request).now())
        content = queries.tile(asked.scope, asked.version, asked.z, asked.x, asked.y, self.actor, on)
        if content is None:
            response = HttpResponse(status=HTTPStatus.NO_CONTENT)
        else:
            response = HttpResponse(content, content_type=TILE_TYPE)
            response["Content-Encoding"] = "gzip"
        response["Cache-Control"] = "private, max-age=31536000, immutable"
        return response


urlpatterns = [
    path("maps", MapsController.as_view(), name="maps"),
    path("tiles/<str:scope>/<uuid:version>/<int:z>/<int:x>/<int:y>", TileController.as_view(), name="tile"),
]
