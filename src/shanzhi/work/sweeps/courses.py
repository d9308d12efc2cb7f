"""Days of single doors (门户计天): which of them a turn brings, where a rule began a door's days anew.

A piece is due or not by its own day 1. A door that a rule moved has a course of its own: in a turn of its piece it
may not be due, and it may be due where its piece is not.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection

from shanzhi.city.places import queries as places
from shanzhi.core.kit.ids import uuid7
from shanzhi.work.sweeps.flow import NOT_DUE
from shanzhi.work.sweeps.models import Piece, Sweep
from shanzhi.work.sweeps.packs import Cadence

_COURSES = """
SELECT area, piece_id, door, max(from_on), max(to_on) FROM sweeps_doorcourse WHERE sweep_id = %s {more}
GROUP BY area, piece_id, door
"""
_OPENED = """
SELECT area, piece_id, id, states FROM sweeps_turnpiece
WHERE sweep_id = %(sweep)s AND turn = %(turn)s AND piece_id = ANY(%(pieces)s)
"""
_INSERT = """
INSERT INTO sweeps_turnpiece (id, area, piece_id, sweep_id, turn, place_id, group_id, compound_id, doors, states,
  visited, absent, refused, vacant, help, wrong)
SELECT gen_random_uuid(), p.area, p.id, p.sweep_id, %(turn)s, p.place_id, p.group_id, p.compound_id, n.doors,
  n.states, 0, 0, 0, 0, 0, 0
FROM unnest(%(areas)s::text[], %(pieces)s::uuid[], %(doors)s::int[], %(states)s::bytea[])
  AS n (area, id, doors, states)
JOIN sweeps_piece p ON p.area = n.area AND p.id = n.id
ON CONFLICT DO NOTHING
"""
_UPDATE = """
UPDATE sweeps_turnpiece t SET states = n.states, doors = n.doors
FROM unnest(%(areas)s::text[], %(ids)s::uuid[], %(doors)s::int[], %(states)s::bytea[]) AS n (area, id, doors, states)
WHERE t.area = n.area AND t.id = n.id
"""


_NOTE = """
INSERT INTO sweeps_doorcourse (id, area, sweep_id, piece_id, place_id, door, rule, from_on, to_on, visit_id, at)
SELECT id, area, sweep_id, piece_id, place_id, door, rule, from_on::date, to_on::date, visit_id, %s
FROM unnest(%s::uuid[], %s::text[], %s::uuid[], %s::uuid[], %s::uuid[], %s::int[], %s::text[], %s::text[], %s::text[],
  %s::uuid[]) AS g (id, area, sweep_id, piece_id, place_id, door, rule, from_on, to_on, visit_id)
ON CONFLICT DO NOTHING
"""
# Per rule how many doors it moved, and how many of them go on after the sweep itself is over.
_TOLD = """
SELECT c.rule, count(*), max(c.on_last) FROM (
  SELECT DISTINCT ON (piece_id, door, rule) rule, coalesce(from_on, to_on) AS on_last FROM sweeps_doorcourse
  WHERE sweep_id = %(sweep)s {inside} ORDER BY piece_id, door, rule, at DESC) c
GROUP BY c.rule ORDER BY c.rule
"""


class Move(NamedTuple):
    """What an answer does to the days of its door."""

    area: str
    sweep_id: UUID
    piece_id: UUID
    place_id: UUID
    door: int
    rule: str
    from_on: date | None
    to_on: date | None
    visit_id: UUID


def note(cursor: Any, moves: Sequence[Move], at: datetime) -> None:
    """Note what answers did to the days of doors, in the transaction that stores the visits; each once."""
    rows = sorted(moves, key=lambda one: (one.visit_id, one.rule))
    columns = [list(column) for column in zip(*rows, strict=True)]
    areas, sweeps, pieces, places_, doors, rules, from_on, to_on, visit_ids = columns
    days = [[None if one is None else one.isoformat() for one in column] for column in (from_on, to_on)]
    cursor.execute(
        _NOTE,
        [at, [uuid7() for _ in rows], areas, sweeps, pieces, places_, doors, rules, *days, visit_ids],
    )


@dataclass(frozen=True)
class Told:
    """How many doors a rule moved in a sweep, and to which day at the last."""

    rule: str
    doors: int
    last_on: date


def told(sweep_id: UUID, scope: Sequence[UUID] | None, on: date) -> list[Told]:
    """How many doors each rule moved (按规则重新计天), in sight: no doors, no answers."""
    inside = ""
    given: dict[str, Any] = {"sweep": sweep_id}
    if scope is not None:
        inside = (
            f"AND place_id IN ({places.BELOW_SQL.replace('%s', '{}').format('%(tops)s', '%(on)s', '%(on)s')})"
        )
        given |= {"tops": list(scope), "on": on}
    with connection.cursor() as cursor:
        cursor.execute(_TOLD.format(inside=inside), given)
        return [Told(*row) for row in cursor.fetchall()]


def beyond(sweep: Sweep, cadence: Cadence, last: date) -> int:
    """How many doors have days left after the last day of the sweep (超出行动时限)."""
    with connection.cursor() as cursor:
        found = of_sweep(cursor, sweep.id)
    if not found:
        return 0
    anchors = dict(
        Piece.objects.filter(sweep=sweep, id__in={one for one, _ in found}).values_list("id", "anchor_on")
    )
    return sum(
        cadence.ends_on(day_one(anchors[piece], course), longer_to(anchors[piece], course)) > last
        for (piece, _), course in found.items()
    )


@dataclass(frozen=True)
class Course:
    """Day 1 of a door, and a day put on at its end, where a rule said so."""

    from_on: date | None
    to_on: date | None


def of_sweep(
    cursor: Any, sweep_id: UUID, pieces: Iterable[UUID] | None = None
) -> dict[tuple[UUID, int], Course]:
    """The courses of the doors of a sweep, or of some pieces: (piece, door) -> course."""
    more, given = "", [sweep_id]
    if pieces is not None:
        more, given = "AND piece_id = ANY(%s)", [sweep_id, list(pieces)]  # type: ignore[list-item]
    cursor.execute(_COURSES.format(more=more), given)
    return {(row[1], row[2]): Course(row[3], row[4]) for row in cursor.fetchall()}


def day_one(anchor_on: date, course: Course | None) -> date:
    """Day 1 of a door: the later of that of its piece and its own."""
    if course is None or course.from_on is None:
        return anchor_on
    return max(anchor_on, course.from_on)


def longer_to(anchor_on: date, course: Course | None) -> date | None:
    """The day put on at the end; what was put on before the days began anew counts no more."""
    if course is None or course.to_on is None or course.to_on < day_one(anchor_on, course):
        return None
    return course.to_on


def bring(cursor: Any, sweep: Sweep, turn: int, on: date, cadence: Cadence) -> set[UUID]:
    """Bring single doors into the turn of a day, and leave out others, by their own courses; of which groups.

    Before the pieces that are due as a whole are opened: what this opens they pass over. A door that came into an
    open turn stays in it. In the caller's transaction, under its lock.
    """
    found = of_sweep(cursor, sweep.id)
    if not found:
        return set()
    pieces = {one.id: one for one in Piece.objects.filter(sweep=sweep, id__in={piece for piece, _ in found})}
    cursor.execute(_OPENED, {"sweep": sweep.id, "turn": turn, "pieces": list(pieces)})
    opened = {row[1]: (row[2], bytes(row[3])) for row in cursor.fetchall()}
    new: list[tuple[str, UUID, int, bytes]] = []
    changed: list[tuple[str, UUID, int, bytes]] = []
    groups: set[UUID] = set()
    moved: dict[UUID, dict[int, Course]] = {}
    for (piece_id, door), course in found.items():
        moved.setdefault(piece_id, {})[door] = course
    for piece in pieces.values():
        whole = cadence.is_due(piece.anchor_on, on)
        wanted = [whole] * piece.doors
        for door, course in moved[piece.id].items():
            first = day_one(piece.anchor_on, course)
            wanted[door] = cadence.is_due(first, on, longer_to(piece.anchor_on, course))
        if piece.id in opened:
            row_id, states = opened[piece.id]
            after = bytes(
                0 if was == NOT_DUE and want else was for was, want in zip(states, wanted, strict=True)
            )
            if after != states:
                changed.append((piece.area, row_id, len(after) - after.count(NOT_DUE), after))
                groups.add(piece.group_id)
        elif any(wanted):
            states = bytes(0 if want else NOT_DUE for want in wanted)
            new.append((piece.area, piece.id, sum(wanted), states))
            groups.add(piece.group_id)
        elif whole:
            # None of its doors is due though it is: an empty row keeps it from being opened as a whole.
            new.append((piece.area, piece.id, 0, bytes([NOT_DUE]) * piece.doors))
    for rows, sql, key in ((new, _INSERT, "pieces"), (changed, _UPDATE, "ids")):
        if rows:
            areas, ids, doors, states_ = (list(column) for column in zip(*rows, strict=True))
            cursor.execute(sql, {"turn": turn, "areas": areas, key: ids, "doors": doors, "states": states_})
    return groups
