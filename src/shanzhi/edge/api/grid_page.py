"""The page of a grid (网格页): one answer from places, people, compounds and cases, which do not know each other."""

from datetime import date, datetime
from uuid import UUID

import msgspec
from django.utils.timezone import localdate
from dmr import Path, Query
from dmr.routing import path

from shanzhi.base.access import Actor
from shanzhi.base.access.api import ApiController, clock_of
from shanzhi.base.access.capabilities import CASE_VIEW, PLACE_VIEW
from shanzhi.city.compounds import totals
from shanzhi.city.partners import queries as partners
from shanzhi.city.people import queries as people
from shanzhi.city.places import queries as places
from shanzhi.city.places.api import PlaceOut, place_out
from shanzhi.core.kit.errors import InvalidInput, NotFound
from shanzhi.work.cases import lists

_MOST = 200
_RECENT = 5


class GridPath(msgspec.Struct):
    """Which place."""

    place_id: UUID


class GridQuery(msgspec.Struct):
    """As of which day; without it: today."""

    on: date | None = None


class MicrogridRowOut(msgspec.Struct):
    """A micro-grid with its doors."""

    id: UUID
    code: str
    name: str
    households: int
    shops: int


class MicrogridsOut(msgspec.Struct):
    """How many, and the first of them by code."""

    count: int
    items: list[MicrogridRowOut]


class PostsBelowOut(msgspec.Struct):
    """How many hold a kind of post here or below; `names` of those at the place itself."""

    kind: str
    kind_zh: str
    kind_en: str
    count: int
    names: list[str]


class RecentCaseOut(msgspec.Struct):
    """An open case, the nearest to its limit first."""

    area: str
    id: UUID
    number: str
    kind_zh: str
    kind_en: str
    text: str
    due_at: datetime | None


class OpenCasesOut(msgspec.Struct):
    """Open cases in the caller's sight."""

    open: int
    overdue: int
    recent: list[RecentCaseOut]


class GridPageOut(msgspec.Struct):
    """A place with what is there: homes, shops, compounds, micro-grids, posts, open cases.

    `cases` is null for who sees no cases, and for a past day: lists of cases are those of now, as are `partners`.
    """

    place: PlaceOut
    ancestors: list[PlaceOut]
    on: date
    households: int
    shops: int
    compounds: int
    buildings: int
    microgrids: MicrogridsOut
    people: list[PostsBelowOut]
    partners: int | None
    cases: OpenCasesOut | None


class GridPageController(ApiController):
    """What is there at a place."""

    gate = PLACE_VIEW

    def get(self, parsed_path: Path[GridPath], parsed_query: Query[GridQuery]) -> GridPageOut:
        """As of a day."""
        at = clock_of(self.request).now()
        today = localdate(at)
        on = parsed_query.on or today
        if on > today:
            raise InvalidInput(
                field="on", reason_zh="日期不得晚于今天。", reason_en="The day must not be after today."
            )
        place_id = parsed_path.place_id
        if not places.visible_to(self.actor, today).filter(id=place_id).exists():
            raise NotFound(field="place_id")
        found = places.node(place_id, on)
        doors = totals.doors(place_id, found.level, on)
        return GridPageOut(
            place=place_out(found),
            ancestors=[place_out(above) for above in places.ancestors(place_id, on)],
            on=on,
            households=doors.homes,
            shops=doors.shops,
            compounds=doors.compounds,
            buildings=doors.buildings,
            microgrids=MicrogridsOut(
                totals.microgrid_count(place_id, on),
                [
                    MicrogridRowOut(one.id, one.code, one.name, one.homes, one.shops)
                    for one in totals.microgrids(place_id, on, _MOST)
                ],
            ),
            people=[
                PostsBelowOut(held.kind, held.kind_zh, held.kind_en, held.count, list(held.names))
                for held in people.posts_below(place_id, on)
            ],
            partners=partners.count_below(place_id, on) if on == today else None,
            cases=_cases(self.actor, place_id, at) if on == today and self.actor.can(CASE_VIEW) else None,
        )


def _cases(actor: Actor, place_id: UUID, at: datetime) -> OpenCasesOut:
    total, late = lists.open_at(actor, place_id, at)
    page = lists.listed(actor, queue="open", limit=_RECENT, place_id=place_id, at=at)
    return OpenCasesOut(
        total, late,
        [
            RecentCaseOut(row.area, row.id, row.number, row.kind_zh, row.kind_en, row.text, row.due_at)
            for row in page.items
        ],
    )  # fmt: skip


urlpatterns = [path("grids/<uuid:place_id>", GridPageController.as_view(), name="grid-page")]
