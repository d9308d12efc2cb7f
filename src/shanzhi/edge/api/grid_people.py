"""The lists behind the numbers of the grid page (在岗人员、微网格), to read and as Excel."""

from datetime import date
from http import HTTPStatus
from uuid import UUID

import msgspec
from django.http import HttpResponse
from django.utils.timezone import get_current_timezone, localdate
from dmr import Path, Query, ResponseSpec, validate
from dmr.routing import path

from shanzhi.base.access import Actor
from shanzhi.base.access.api import ApiController, clock_of
from shanzhi.base.access.capabilities import PLACE_VIEW
from shanzhi.base.access.downloads import download
from shanzhi.base.audit import actions as audit
from shanzhi.city.compounds import totals
from shanzhi.city.people import queries as people
from shanzhi.city.places import queries as places
from shanzhi.core.documents import Column, Head, Sheet, columns_of, write_workbook
from shanzhi.core.kit.errors import InvalidInput, NotFound
from shanzhi.edge.api.grid_page import GridPath

MOST_LISTED, MOST_EXPORTED = 500, 200_000


class PeopleBelowQuery(msgspec.Struct):
    """Of one kind of post, or of all; as of which day (without it: today)."""

    kind: str = ""
    on: date | None = None
    lang: str = "zh"


class PersonBelowOut(msgspec.Struct):
    """Somebody in a post."""

    kind: str
    kind_zh: str
    kind_en: str
    name: str
    place_id: UUID
    place_code: str
    place_name: str
    unit_name: str
    from_on: date


class PeopleBelowOut(msgspec.Struct):
    """How many, and the first of them by place."""

    total: int
    items: list[PersonBelowOut]


def _day(actor: Actor, place_id: UUID, on: date | None, today: date) -> date:
    if on is not None and on > today:
        raise InvalidInput(
            field="on", reason_zh="日期不得晚于今天。", reason_en="The day must not be after today."
        )
    if not places.visible_to(actor, today).filter(id=place_id).exists():
        raise NotFound(field="place_id")
    return on or today


class PeopleBelowController(ApiController):
    """Who stands there."""

    gate = PLACE_VIEW

    def get(self, parsed_path: Path[GridPath], parsed_query: Query[PeopleBelowQuery]) -> PeopleBelowOut:
        """By place; names alone, no telephones."""
        given = parsed_query
        on = _day(self.actor, parsed_path.place_id, given.on, localdate(clock_of(self.request).now()))
        total, rows = people.people_below(parsed_path.place_id, given.kind, on, MOST_LISTED)
        return PeopleBelowOut(
            total,
            [
                PersonBelowOut(
                    one.kind, one.kind_zh, one.kind_en, one.name, one.place_id, one.place_code, one.place_name,
                    one.unit_name, one.from_on,
                )
                for one in rows
            ],
        )  # fmt: skip


class PeopleBelowExportController(ApiController):
    """The same as Excel."""

    gate = PLACE_VIEW

    @validate(ResponseSpec(bytes, status_code=HTTPStatus.OK), validate_responses=False)
    def get(self, parsed_path: Path[GridPath], parsed_query: Query[PeopleBelowQuery]) -> HttpResponse:
        """That it was taken along is recorded."""
        given, at = parsed_query, clock_of(self.request).now()
        on = _day(self.actor, parsed_path.place_id, given.on, localdate(at))
        zh = given.lang != "en"
        _, rows = people.people_below(parsed_path.place_id, given.kind, on, MOST_EXPORTED)
        titles = ("岗位", "姓名", "区划代码", "区划", "单位", "任职日期")
        english = ("Post", "Name", "Code", "Place", "Unit", "Since")
        sheet = Sheet(
            "在岗人员" if zh else "People",
            [Column(title) for title in (titles if zh else english)],
            [
                (
                    one.kind_zh if zh else one.kind_en, one.name, one.place_code, one.place_name, one.unit_name,
                    one.from_on,
                )
                for one in rows
            ],
        )  # fmt: skip
        content = write_workbook([sheet], zone=get_current_timezone(), at=at)
        audit.record(
            actor=self.actor, event="people.exported", subject=str(parsed_path.place_id),
            detail={"kind": given.kind[:40], "on": on.isoformat(), "rows": len(rows)}, at=at,
        )  # fmt: skip
        return download(content, f"people-{on:%Y%m%d}.xlsx")


class MicrogridsExportQuery(msgspec.Struct):
    """As of which day (without it: today), and in which language."""

    on: date | None = None
    lang: str = "zh"


class MicrogridsExportController(ApiController):
    """The micro-grids of a place with their doors, as Excel. Their polygons are in the export of the tree."""

    gate = PLACE_VIEW

    @validate(ResponseSpec(bytes, status_code=HTTPStatus.OK), validate_responses=False)
    def get(self, parsed_path: Path[GridPath], parsed_query: Query[MicrogridsExportQuery]) -> HttpResponse:
        """That it was taken along is recorded."""
        given, at = parsed_query, clock_of(self.request).now()
        on = _day(self.actor, parsed_path.place_id, given.on, localdate(at))
        zh = given.lang != "en"
        rows = totals.microgrids(parsed_path.place_id, on, MOST_EXPORTED)
        heads: tuple[Head, ...] = (
            ("代码", "Code", "text"), ("名称", "Name", "text"),
            ("住户", "Homes", "number"), ("商铺", "Shops", "number"),
        )  # fmt: skip
        sheet = Sheet(
            "微网格" if zh else "Micro-grids",
            columns_of(heads, zh=zh),
            [(one.code, one.name, one.homes, one.shops) for one in rows],
        )
        content = write_workbook([sheet], zone=get_current_timezone(), at=at)
        audit.record(
            actor=self.actor, event="microgrids.exported", subject=str(parsed_path.place_id),
            detail={"on": on.isoformat(), "rows": len(rows)}, at=at,
        )  # fmt: skip
        return download(content, f"microgrids-{on:%Y%m%d}.xlsx")


urlpatterns = [
    path("grids/<uuid:place_id>/people", PeopleBelowController.as_view(), name="grid-people"),
    path(
        "grids/<uuid:place_id>/people/export",
        PeopleBelowExportController.as_view(),
        name="grid-people-export",
    ),
    path(
        "grids/<uuid:place_id>/microgrids/export",
        MicrogridsExportController.as_view(),
        name="grid-microgrids-export",
    ),
]
