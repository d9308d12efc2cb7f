"""Every read of places."""

import time
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Q, QuerySet
from django.db.models.expressions import RawSQL

from shanzhi.base.access import Actor
from shanzhi.base.access.capabilities import PLACE_VIEW
from shanzhi.city.places.errors import OutsideYourPlaces
from shanzhi.city.places.locator import locate
from shanzhi.city.places.models import Place, PlaceChange
from shanzhi.core.kit.errors import NotFound

__all__ = [
    "BELOW_SQL", "Node", "ancestors", "breadth", "by_code", "children", "ids_below", "is_within", "last_day",
    "locate", "node", "parent_of", "place_of_report", "reach", "roots_of", "scope_sql", "search", "sees",
    "visible_to",
]  # fmt: skip

# Parameters: list of place ids, the day, the day.
BELOW_SQL = (
    "SELECT descendant_id FROM places_placeclosure "
    "WHERE ancestor_id = ANY(%s) AND from_on <= %s AND (to_on IS NULL OR to_on > %s)"
)
SEARCH_ROWS = 50

# A place as it was called on a day. Parameters: the day, the day.
_NAMED = """
places_place p JOIN places_placeversion v
  ON v.place_id = p.id AND v.from_on <= %s AND (v.to_on IS NULL OR v.to_on > %s)
"""
_NODE = """
p.id, p.level, v.code, v.name, EXISTS (
  SELECT 1 FROM places_placeclosure k JOIN places_place kid ON kid.id = k.descendant_id
  WHERE k.ancestor_id = p.id AND k.depth = 1 AND k.from_on <= %s AND (k.to_on IS NULL OR k.to_on > %s)
    AND kid.opened_on <= %s AND (kid.closed_on IS NULL OR kid.closed_on > %s)),
p.boundary IS NOT NULL, p.approximate
"""


@dataclass(frozen=True)
class Node:
    """A place with the code and the name that it had on the day asked about."""

    id: UUID
    level: str
    code: str
    name: str
    has_children: bool
    has_boundary: bool
    approximate: bool


@dataclass(frozen=True)
class ReportPlace:
    """What a report takes from the place in which it is made."""

    id: UUID
    area: str


def reach(actor: Actor, capability: str) -> list[UUID] | None:
    """The places from which the actor's capability reaches down; None: everywhere."""
    return None if capability in actor.capabilities else list(actor.place_ids(capability))


def scope_sql(actor: Actor, on: date, column: str, capability: str = PLACE_VIEW) -> tuple[str, list[Any]]:
    """SQL condition, with its parameters, that `column` holds a place within the actor's posts."""
    grounds = reach(actor, capability)
    if grounds is None:
        return "TRUE", []
    if not grounds:
        return "FALSE", []
    return f"{column} IN ({BELOW_SQL})", [grounds, on, on]


def visible_to(actor: Actor, on: date, capability: str = PLACE_VIEW) -> "QuerySet[Place]":
    """The places under the actor's posts: every read of rows starts here."""
    grounds = reach(actor, capability)
    if grounds is None:
        return Place.objects.all()
    return Place.objects.filter(id__in=RawSQL(BELOW_SQL, [grounds, on, on]))


def sees(actor: Actor, place_id: UUID, on: date, today: date, capability: str = PLACE_VIEW) -> bool:
    """Whether the actor may look at a place as it was on a day: it is within their posts now, or was so then.

    So whoever stands at a successor reads the past of what was merged into it, and old sums stay complete.
    """
    return any(visible_to(actor, day, capability).filter(id=place_id).exists() for day in {today, on})


def ids_below(place_ids: Iterable[UUID], on: date) -> set[UUID]:
    """The places themselves and all below them."""
    with connection.cursor() as cursor:
        cursor.execute(BELOW_SQL, [list(place_ids), on, on])
        return {place_id for (place_id,) in cursor.fetchall()}


def breadth(place_ids: Iterable[UUID], on: date) -> int:
    """About how many places lie there: to choose a plan by, so a value of the last minute will do."""
    return _breadth(tuple(place_ids), on, int(time.monotonic() // 60))


@lru_cache(maxsize=4096)
def _breadth(place_ids: tuple[UUID, ...], on: date, minute: int) -> int:
    return len(ids_below(place_ids, on))


def is_within(place_id: UUID, ancestor_ids: Collection[UUID], on: date) -> bool:
    """Whether the place is one of these, or lies under one of them."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT 1 FROM places_placeclosure WHERE descendant_id = %s "
            "AND ancestor_id = ANY(%s) AND from_on <= %s AND (to_on IS NULL OR to_on > %s))",
            [place_id, list(ancestor_ids), on, on],
        )
        row = cursor.fetchone()
    return bool(row and row[0])


def _nodes(
    join: str, join_params: list[Any], where: str, params: list[Any], order: str, on: date
) -> list[Node]:
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {_NODE} FROM {_NAMED} {join} WHERE p.opened_on <= %s "
            f"AND (p.closed_on IS NULL OR p.closed_on > %s) AND {where} ORDER BY {order}",
            [on, on, on, on, on, on, *join_params, on, on, *params],
        )
        return [Node(*line) for line in cursor.fetchall()]


_UP = (
    "JOIN places_placeclosure c ON c.{side} = p.id AND c.from_on <= %s AND (c.to_on IS NULL OR c.to_on > %s)"
)


def children(parent_id: UUID | None, on: date) -> list[Node]:
    """The places right under a place on that day, or at the very top, in pinyin order."""
    if parent_id is None:
        where = (
            "NOT EXISTS (SELECT 1 FROM places_placeclosure u WHERE u.descendant_id = p.id AND u.depth > 0 "
            "AND u.from_on <= %s AND (u.to_on IS NULL OR u.to_on > %s))"
        )
        return _nodes("", [], where, [on, on], "v.pinyin, v.code", on)
    return _nodes(
        _UP.format(side="descendant_id"), [on, on], "c.ancestor_id = %s AND c.depth = 1", [parent_id],
        "v.pinyin, v.code", on,
    )  # fmt: skip


def ancestors(place_id: UUID, on: date) -> list[Node]:
    """The places above a place on that day, the top first; the place itself is not among them."""
    return _nodes(
        _UP.format(side="ancestor_id"), [on, on], "c.descendant_id = %s AND c.depth > 0", [place_id],
        "c.depth DESC", on,
    )  # fmt: skip


def parent_of(place_id: UUID, on: date) -> Node | None:
    """The place right above; None at the top."""
    above = ancestors(place_id, on)
    return above[-1] if above else None


def node(place_id: UUID, on: date) -> Node:
    """A place as it was on that day. Raises NotFound."""
    found = _nodes("", [], "p.id = %s", [place_id], "p.id", on)
    if not found:
        raise NotFound(field="place_id")
    return found[0]


def last_day(place_id: UUID, on: date) -> date:
    """The day itself, or for a place that has ended by then its last one: on it it had a name and a line."""
    closed_on = (
        Place.objects.filter(id=place_id, closed_on__lte=on).values_list("closed_on", flat=True).first()
    )
    return on if closed_on is None else closed_on - timedelta(days=1)


def by_code(code: str, on: date) -> Node | None:
    """The place that had this code on that day."""
    found = _nodes("", [], "v.code = %s", [code], "p.id", on)
    return found[0] if found else None


def _come_since(grounds: list[UUID], on: date, today: date) -> list[UUID]:
    """Places that there were on a day, not below these places then, but below them today."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT k.id FROM places_place k WHERE k.id IN ({BELOW_SQL}) AND k.opened_on <= %s "
            f"AND (k.closed_on IS NULL OR k.closed_on > %s) EXCEPT {BELOW_SQL}",
            [grounds, today, today, on, on, grounds, on, on],
        )
        return [place for (place,) in cursor.fetchall()]


def roots_of(
    actor: Actor, on: date, capability: str = PLACE_VIEW, *, today: date | None = None
) -> list[Node]:
    """The highest places that the actor sees: where their tree begins.

    Of a past day: the highest that there were of what lies within the actor's posts `today`, ended places too.
    """
    grounds = reach(actor, capability)
    if grounds is None:
        return children(None, on)
    inside = grounds if today is None or today == on else [*grounds, *_come_since(grounds, on, today)]
    where = (
        "p.id = ANY(%s) AND NOT EXISTS (SELECT 1 FROM places_placeclosure u WHERE u.descendant_id = p.id "
        "AND u.depth > 0 AND u.ancestor_id = ANY(%s) "
        "AND u.from_on <= %s AND (u.to_on IS NULL OR u.to_on > %s))"
    )
    return _nodes("", [], where, [inside, inside, on, on], "v.pinyin, v.code", on)


def search(
    text: str,
    actor: Actor,
    on: date,
    capability: str = PLACE_VIEW,
    limit: int = SEARCH_ROWS,
    *,
    today: date | None = None,
) -> list[Node]:
    """Places in the actor's sight by part of the name, pinyin, its initials, or beginning of the code.

    Of a past day: what was called so then, of what is in sight `today` or was so then.
    """
    wanted = " ".join(text.split())[:50]
    if not wanted:
        return []
    seen, params = scope_sql(actor, on, "p.id", capability)
    if today is not None and today != on:
        now, more = scope_sql(actor, today, "p.id", capability)
        seen, params = f"({seen} OR {now})", [*params, *more]
    like = wanted.replace("\\", "\\\\").replace("%", r"\%").replace("_", r"\_")
    ways, values = ["v.name ILIKE %s"], [f"%{like}%"]
    plain = wanted.replace(" ", "").lower()
    if plain.isascii() and plain.isdigit():
        ways.append("v.code LIKE %s")
        values.append(f"{plain}%")
    elif plain.isascii() and plain.isalpha():
        ways += ["replace(v.pinyin, ' ', '') LIKE %s", "v.pinyin ~ %s"]
        values += [f"%{plain}%", "(^| )" + " ".join(f"{letter}[a-z]*" for letter in plain)]
    return _nodes(
        "", [], f"{seen} AND ({' OR '.join(ways)})", [*params, *values],
        f"length(v.code), v.pinyin, v.code LIMIT {int(limit)}", on,
    )  # fmt: skip


def changes(
    actor: Actor, on: date, place_id: UUID | None = None, before: tuple[datetime, UUID] | None = None
) -> "QuerySet[PlaceChange]":
    """Dated changes in the actor's sight, the newest first: of a place and what lies below it, or of all they see."""
    found = PlaceChange.objects.select_related("undone_by")
    grounds = reach(actor, PLACE_VIEW) if place_id is None else [place_id]
    if grounds is not None:
        # Ever below: a change may have moved a place away.
        below = (
            "SELECT coalesce(array_agg(DISTINCT descendant_id), '{}') FROM places_placeclosure "
            "WHERE ancestor_id = ANY(%s)"
        )
        found = found.filter(places__overlap=RawSQL(f"({below})", [grounds]))
    if before is not None:
        found = found.filter(Q(at__lt=before[0]) | Q(at=before[0], id__lt=before[1]))
    return found


def change(change_id: UUID, actor: Actor, on: date, capability: str = PLACE_VIEW) -> PlaceChange:
    """A change all of whose places lie within the actor's posts. Raises NotFound, OutsideYourPlaces."""
    found = changes(actor, on).filter(id=change_id).first()
    if found is None:
        raise NotFound(field="change_id")
    grounds = reach(actor, capability)
    if grounds is not None:
        inside = RawSQL(f"{BELOW_SQL} AND descendant_id = ANY(%s)", [grounds, on, on, found.places])
        outside = Place.objects.filter(id__in=found.places).exclude(id__in=inside).first()
        if outside is not None:
            raise OutsideYourPlaces(field="change_id", name=outside.name)
    return found


def place_of_report(place_id: UUID | None, lon: float | None, lat: float | None) -> ReportPlace | None:
    """The place in which a report is made: the one that was named, else the one around the point.

    None when neither says the district. Raises NotFound for a named place that is not there.
    """
    if place_id is not None:
        named = _report_place(place_id)
        if named is None:
            raise NotFound(field="place_id")
        if named.area:
            return named
    found = None if lon is None or lat is None else locate(lon, lat)
    located = None if found is None else _report_place(found)
    return located if located is not None and located.area else None


def _report_place(place_id: UUID) -> ReportPlace | None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, area FROM places_place WHERE id = %s AND closed_on IS NULL", [place_id])
        row = cursor.fetchone()
    return None if row is None else ReportPlace(*row)
