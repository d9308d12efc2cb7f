"""What the board reads: roll-ups of orders and sweeps, never the rows of people or doors one by one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db import connection
from django.db.models import F, QuerySet

from shanzhi.base.access import Actor
from shanzhi.base.access.capabilities import COMMAND_VIEW
from shanzhi.city.modes import queries as modes
from shanzhi.city.modes.flow import ENDED, LIVE, STANDING_DOWN
from shanzhi.city.modes.models import Activation
from shanzhi.city.places import queries as places
from shanzhi.core.kit.errors import NotFound
from shanzhi.work.orders import queries as orders
from shanzhi.work.orders.models import Order
from shanzhi.work.sweeps import queries as sweeps
from shanzhi.work.sweeps.models import CoverCount, Sweep, Turn

MOST_LISTED = 50
MOST_CHOSEN = 20
_IN_FORCE_FIRST = F("ended_at").desc(nulls_first=True)
_STATE_ORDER = {LIVE: 0, STANDING_DOWN: 1, ENDED: 2}


def responses(actor: Actor, on: date) -> list[Activation]:
    """Responses that have been live, those that are first (响应列表)."""
    found = modes.visible_to(actor, on).filter(live_at__isnull=False)
    rows = list(found.order_by("-live_at")[:MOST_LISTED])
    return sorted(rows, key=lambda row: (_STATE_ORDER.get(row.state, 3), row.level))


def response(activation_id: UUID, actor: Actor, on: date) -> Activation:
    """One of them. Raises NotFound."""
    found = modes.visible_to(actor, on).filter(id=activation_id, live_at__isnull=False).first()
    if found is None:
        raise NotFound(field="id")
    return found


def scope(actor: Actor, row: Activation, on: date) -> list[UUID] | None:
    """The places whose part of a response the actor sees: None when it is the whole of it."""
    grounds = places.reach(actor, COMMAND_VIEW)
    if grounds is None or all(places.is_within(one, grounds, on) for one in row.place_ids):
        return None
    return grounds


def check_place(place_id: UUID, row: Activation, within: Sequence[UUID] | None, on: date) -> None:
    """Whether the board may be drawn below a place: one of the response's, and in sight. Raises NotFound."""
    inside = places.is_within(place_id, row.place_ids, on)
    if not inside or (within is not None and not places.is_within(place_id, within, on)):
        raise NotFound(field="place")


def orders_of(row: Activation, actor: Actor, on: date) -> "QuerySet[Order]":
    """Orders issued for a response, the newest first; those in force before the others."""
    found = orders.visible_to(actor, on).filter(activation_id=row.id, issued_at__isnull=False)
    return found.order_by(_IN_FORCE_FIRST, "-issued_at")[:MOST_CHOSEN]


def sweeps_of(row: Activation, actor: Actor, on: date) -> "QuerySet[Sweep]":
    """Sweeps issued for a response, in the same order."""
    found = sweeps.visible_to(actor, on).filter(activation_id=row.id, issued_at__isnull=False)
    return found.order_by(_IN_FORCE_FIRST, "-issued_at")[:MOST_CHOSEN]


@dataclass(frozen=True)
class Cover:
    """How far a sweep's turn got; settled doors need no further visit: doors = settled + remaining."""

    doors: int = 0
    visited: int = 0
    absent: int = 0
    refused: int = 0
    vacant: int = 0
    help: int = 0
    wrong: int = 0

    @property
    def settled(self) -> int:
        """Doors that have been answered for: everything but those where nobody was home."""
        return self.visited + self.refused + self.vacant + self.help + self.wrong

    @property
    def remaining(self) -> int:
        """Doors that are still to be visited."""
        return self.doors - self.settled


_COVER_NAMES = ("doors", "visited", "absent", "refused", "vacant", "help", "wrong")
_COVER = (
    "sum(c.doors), sum(c.visited), sum(c.absent), sum(c.refused), sum(c.vacant), sum(c.help), sum(c.wrong)"
)
_COVER_OF = f"""
SELECT c.sweep_id, {_COVER} FROM sweeps_placecover c
JOIN unnest(%(sweeps)s::uuid[], %(turns)s::int[]) AS w (sweep_id, turn)
  ON c.sweep_id = w.sweep_id AND c.turn = w.turn
WHERE c.place_id = ANY(%(tops)s) GROUP BY c.sweep_id
"""
_BELOW = """c.place_id IN (SELECT k.descendant_id FROM places_placeclosure k WHERE k.ancestor_id = %(place)s
  AND k.depth = 1 AND k.from_on <= %(on)s AND (k.to_on IS NULL OR k.to_on > %(on)s))"""
_LINES = """
SELECT c.place_id, v.name, p.level, c.doors, c.visited, c.absent, c.refused, c.vacant, c.help, c.wrong,
  EXISTS (SELECT 1 FROM places_placeclosure d WHERE d.ancestor_id = p.id AND d.depth = 1
    AND d.from_on <= %(on)s AND (d.to_on IS NULL OR d.to_on > %(on)s))
FROM sweeps_placecover c
JOIN places_place p ON p.id = c.place_id
JOIN places_placeversion v ON v.place_id = p.id AND v.from_on <= %(on)s AND (v.to_on IS NULL OR v.to_on > %(on)s)
WHERE c.sweep_id = %(sweep)s AND c.turn = %(turn)s AND {which}
"""


def turns_now(found: Sequence[Sweep], at: datetime) -> dict[UUID, int]:
    """The turn of each sweep that is on at an instant, else its last one that has begun."""
    rows = Turn.objects.filter(sweep__in=[one.id for one in found], opens_at__lte=at).order_by("number")
    return {row.sweep_id: row.number for row in rows}


def covers(found: Sequence[Sweep], turns: dict[UUID, int], within: list[UUID] | None) -> dict[UUID, Cover]:
    """The cover of each sweep, of the part in sight."""
    with connection.cursor() as cursor:
        cursor.execute(
            _COVER_OF,
            {
                "sweeps": list(turns), "turns": list(turns.values()),
                "tops": _tops(found, within),
            },
        )  # fmt: skip
        return {sweep_id: Cover(*map(int, numbers)) for sweep_id, *numbers in cursor.fetchall()}


def _tops(found: Sequence[Sweep], within: list[UUID] | None) -> list[UUID]:
    return within if within is not None else sorted({place for one in found for place in one.place_ids})


@dataclass(frozen=True)
class CoverLine:
    """A place and the doors below it."""

    place_id: UUID
    name: str
    level: str
    cover: Cover
    has_below: bool


def cover_lines(
    sweep: Sweep, turn: int, place_id: UUID | None, within: list[UUID] | None, on: date
) -> list[CoverLine]:
    """The places right under one, or the highest in sight."""
    which = _BELOW if place_id else "c.place_id = ANY(%(tops)s)"
    given = {
        "sweep": sweep.id, "turn": turn, "place": place_id, "on": on, "tops": _tops([sweep], within),
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_LINES.format(which=which), given)
        return [
            CoverLine(place, name, level, Cover(*numbers), has_below)
            for place, name, level, *numbers, has_below in cursor.fetchall()
        ]


def door_curve(sweep: Sweep, turn: int) -> list[tuple[datetime, int]]:
    """How many doors were settled by when, thinned to some hundred points."""
    points = list(
        CoverCount.objects.filter(sweep=sweep, turn=turn).order_by("at").values_list("at", "settled")
    )
    step = max(1, len(points) // 300)
    return [*points[:-1:step], *points[-1:]]


_CANNOT = """
SELECT r.cannot_at, coalesce(said.reason, ''), v.name, r.order_id FROM orders_recipient r
LEFT JOIN LATERAL (
  SELECT w.reason FROM orders_said w WHERE w.area = r.area AND w.recipient_id = r.id AND w.reason <> ''
    AND EXISTS (SELECT 1 FROM orders_receipt e WHERE e.id = w.id)
  ORDER BY w.at DESC, w.id DESC LIMIT 1
) said ON TRUE
JOIN places_placeversion v ON v.place_id = r.place_id AND v.from_on <= %(on)s
  AND (v.to_on IS NULL OR v.to_on > %(on)s)
WHERE r.order_id = ANY(%(ids)s) AND r.state = 'cannot' AND {inside}
ORDER BY r.cannot_at DESC LIMIT %(most)s
"""
_DOORS_HELP = """
SELECT f.made_at, v.name, f.sweep_id, f.case_id FROM sweeps_followup f
JOIN places_placeversion v ON v.place_id = f.place_id AND v.from_on <= %(on)s
  AND (v.to_on IS NULL OR v.to_on > %(on)s)
WHERE f.sweep_id = ANY(%(ids)s) AND f.kind = 'help' AND {inside}
ORDER BY f.made_at DESC LIMIT %(most)s
"""


def _inside(column: str, tops: Sequence[UUID] | None) -> str:
    if tops is None:
        return "TRUE"
    below = places.BELOW_SQL.replace("%s", "%({})s").format("tops", "on", "on")
    return f"{column} IN ({below})"


def who_cannot(
    found: Sequence[Order], tops: Sequence[UUID] | None, on: date, most: int
) -> list[tuple[datetime, str, str, UUID]]:
    """Workers who said that they cannot: when, why, where, to which order; the newest first."""
    given = {"ids": [one.id for one in found], "on": on, "most": most, "tops": list(tops or [])}
    with connection.cursor() as cursor:
        cursor.execute(_CANNOT.format(inside=_inside("r.place_id", tops)), given)
        return cursor.fetchall()


def doors_in_need(
    found: Sequence[Sweep], tops: Sequence[UUID] | None, on: date, most: int
) -> list[tuple[datetime, str, UUID, UUID | None]]:
    """Doors that asked for help: when, where, of which sweep, and the case it became; the newest first."""
    given = {"ids": [one.id for one in found], "on": on, "most": most, "tops": list(tops or [])}
    with connection.cursor() as cursor:
        cursor.execute(_DOORS_HELP.format(inside=_inside("f.place_id", tops)), given)
        return cursor.fetchall()
