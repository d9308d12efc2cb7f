"""Isolations follow a change of the tree (居家隔离随区划变更): care goes on with the workers of the successor."""

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from django.db import connection

_SUCCESSORS = "unnest(%s::uuid[], %s::uuid[]) AS s (old, new)"
# (name, table, which rows go on): each has `place_id`.
_TABLES: tuple[tuple[str, str, str], ...] = (
    ("isolations", "isolation_isolation", "t.ended_at IS NULL"),
    ("slots", "isolation_slot", "t.state = 'open'"),
    ("transfers", "isolation_transfer", "t.ended_at IS NULL"),
    ("services", "isolation_service", "t.ended_at IS NULL"),
)


def count(places: list[UUID], on: date) -> int:
    """How many people are cared for at these places."""
    return _number("isolation_isolation WHERE place_id = ANY(%s) AND ended_at IS NULL", [places])


def ever(place: UUID, on: date) -> int:
    """How many rows were ever there: a place with any does not vanish."""
    return sum(_number(f"{table} WHERE place_id = %s", [place]) for _, table, _ in _TABLES)


def _number(sql: str, given: list[Any]) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {sql}", given)
        row = cursor.fetchone()
    return int(row[0]) if row else 0


def follow(successors: Mapping[UUID, UUID], on: date) -> dict[str, list[list[str]]]:
    """Isolations with their open check-ins, transfers and services go on at the successor; what they were."""
    given, done = [list(successors), list(successors.values())], {}
    with connection.cursor() as cursor:
        for name, table, which in _TABLES:
            cursor.execute(
                f"UPDATE {table} t SET place_id = s.new FROM {_SUCCESSORS} WHERE t.place_id = s.old AND {which} "
                "RETURNING t.id, s.old",
                given,
            )
            done[name] = [[str(value) for value in row] for row in cursor.fetchall()]
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
