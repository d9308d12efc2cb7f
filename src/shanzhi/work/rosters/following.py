"""Rosters follow a change of the tree (值班随区划变更): shifts that are not over go on at the successor."""

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from django.db import connection

_SUCCESSORS = "unnest(%s::uuid[], %s::uuid[]) AS s (old, new)"
# Of rosters that go on; shifts of theirs that are over move too.
_LIVE = "t.dropped_at IS NULL AND t.roster_id IN (SELECT id FROM rosters_roster WHERE ended_at IS NULL)"
# (name, table, which rows go on): each has `place_id`.
_TABLES: tuple[tuple[str, str, str], ...] = (("shifts", "rosters_shift", _LIVE),)


def count(places: list[UUID], on: date) -> int:
    """How many shifts of rosters that go on are held at these places."""
    return _number(f"rosters_shift t WHERE t.place_id = ANY(%s) AND {_LIVE}", [places])


def ever(place: UUID, on: date) -> int:
    """How many rows were ever there: a place with any does not vanish."""
    return sum(_number(f"{table} WHERE place_id = %s", [place]) for _, table, _ in _TABLES)


def _number(sql: str, given: list[Any]) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {sql}", given)
        row = cursor.fetchone()
    return int(row[0]) if row else 0


def follow(successors: Mapping[UUID, UUID], on: date) -> dict[str, list[list[str]]]:
    """Shifts of rosters that go on lie at the successor, and the rosters name it; what they were."""
    given, done = [list(successors), list(successors.values())], {}
    with connection.cursor() as cursor:
        for name, table, which in _TABLES:
            cursor.execute(
                f"UPDATE {table} t SET place_id = s.new FROM {_SUCCESSORS} WHERE t.place_id = s.old AND {which} "
                "RETURNING t.id, s.old",
                given,
            )
            done[name] = [[str(value) for value in row] for row in cursor.fetchall()]
        # A roster names its places too, so that new shifts are made where the old place went on.
        done["rosters"] = []
        for old, new in successors.items():
            cursor.execute(
                "UPDATE rosters_roster SET place_ids = array_replace(place_ids, %s, %s) "
                "WHERE %s = ANY(place_ids) AND NOT %s = ANY(place_ids) AND ended_at IS NULL RETURNING id",
                [old, new, old, new],
            )
            done["rosters"] += [[str(row[0]), str(old), str(new)] for row in cursor.fetchall()]
    return {name: rows for name, rows in done.items() if rows}


def unfollow(data: Any, on: date) -> None:
    """As it was."""
    with connection.cursor() as cursor:
        for name, table, _ in _TABLES:
            rows = data.get(name, ())
            cursor.execute(
                f"UPDATE {table} t SET place_id = s.old FROM unnest(%s::uuid[], %s::uuid[]) AS s (id, old) "
                "WHERE t.id = s.id",
                [[row[0] for row in rows], [row[1] for row in rows]],
            )
        for roster, old, new in data.get("rosters", ()):
            cursor.execute(
                "UPDATE rosters_roster SET place_ids = array_replace(place_ids, %s, %s) WHERE id = %s",
                [new, old, roster],
            )
