"""What a change of the tree touches beyond it: whoever keeps rows at places registers here (变更影响).

A module above says how many of its rows lie at some places, and may follow a change: when a place ends, its rows go
on at the successor. Register in the AppConfig's `ready`: `register("sweeps", "进行中的排查", "running sweeps", …)`.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from django.db import connection

Count = Callable[[list[UUID], date], int]
# How many rows there are at a place on the day or at any time after it, those that have ended too.
Ever = Callable[[UUID, date], int]
# What ended -> who goes on. Gives what it did, as plain data, for `unfollow`.
Follow = Callable[[Mapping[UUID, UUID], date], Any]
Unfollow = Callable[[Any, date], None]


@dataclass(frozen=True)
class Kind:
    """A kind of rows at places."""

    kind: str
    zh: str
    en: str
    count: Count
    ever: Ever | None
    follow: Follow | None = None
    unfollow: Unfollow | None = None


@dataclass(frozen=True)
class Touched:
    """How many rows of a kind a change touches."""

    kind: str
    zh: str
    en: str
    count: int


_KINDS: dict[str, Kind] = {}


def register(
    kind: str,
    zh: str,
    en: str,
    count: Count,
    follow: Follow | None = None,
    unfollow: Unfollow | None = None,
    *,
    ever: Ever | None = None,
) -> None:
    """Take part in changes. Whoever follows can also go back. A kind registers once; again replaces it.

    `ever` keeps a place that was made from vanishing by an undoing while something belongs to it; without it what
    `count` says of the day must do.
    """
    if (follow is None) != (unfollow is None):
        raise TypeError(f"{kind}: follow and unfollow belong together")
    _KINDS[kind] = Kind(kind, zh, en, count, ever, follow, unfollow)


@dataclass(frozen=True)
class Moving:
    """Rows that go on at the successor of their place, unchanged otherwise (随区划变更的行).

    `tables` are (name, table, which): of a table with `place_id`, called t, the rows that go on. The first is the
    one that is counted. Its methods are what `register` takes.
    """

    tables: tuple[tuple[str, str, str], ...]

    def count(self, places: list[UUID], on: date) -> int:
        """How many rows of the first table go on from these places."""
        _, table, which = self.tables[0]
        return _number(f"{table} t WHERE t.place_id = ANY(%s) AND {which}", places)

    def ever(self, place: UUID, on: date) -> int:
        """How many rows were ever there: a place with any does not vanish."""
        return sum(_number(f"{table} WHERE place_id = %s", place) for _, table, _ in self.tables)

    def follow(self, successors: Mapping[UUID, UUID], on: date) -> dict[str, list[list[str]]]:
        """Move them; what they were, by name."""
        given, done = [list(successors), list(successors.values())], {}
        with connection.cursor() as cursor:
            for name, table, which in self.tables:
                cursor.execute(
                    f"UPDATE {table} t SET place_id = s.new FROM unnest(%s::uuid[], %s::uuid[]) AS s (old, new) "
                    f"WHERE t.place_id = s.old AND {which} RETURNING t.id, s.old",
                    given,
                )
                done[name] = [[str(value) for value in row] for row in cursor.fetchall()]
        return {name: rows for name, rows in done.items() if rows}

    def unfollow(self, data: Any, on: date) -> None:
        """As it was."""
        with connection.cursor() as cursor:
            for name, table, _ in self.tables:
                rows = data.get(name, ())
                cursor.execute(
                    f"UPDATE {table} t SET place_id = s.old FROM unnest(%s::uuid[], %s::uuid[]) AS s (id, old) "
                    "WHERE t.id = s.id",
                    [[row[0] for row in rows], [row[1] for row in rows]],
                )


def _number(sql: str, given: Any) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {sql}", [given])
        row = cursor.fetchone()
    return int(row[0]) if row else 0


_REDRAWERS: list[Callable[[list[str]], None]] = []


def redraws(redraw: Callable[[list[str]], None]) -> None:
    """Have somebody told, in the transaction of the change, in which districts what maps show has changed."""
    _REDRAWERS.append(redraw)


def redraw(areas: Iterable[str]) -> None:
    """What maps show has changed in these districts."""
    named = sorted({area for area in areas if area})
    if named:
        for tell in _REDRAWERS:
            tell(named)


def touched(places: Iterable[UUID], on: date) -> list[Touched]:
    """How many rows of each kind lie at these places."""
    given = list(places)
    return [Touched(one.kind, one.zh, one.en, one.count(given, on)) for one in _KINDS.values()]


def ever(place: UUID, on: date) -> list[Touched]:
    """What belongs to a place on the day or has come to it since: the kinds that have any."""
    found = [
        Touched(one.kind, one.zh, one.en, (one.ever(place, on) if one.ever else one.count([place], on)))
        for one in _KINDS.values()
    ]
    return [one for one in found if one.count]


def follow(successors: Mapping[UUID, UUID], on: date, skip: Collection[str] = ()) -> dict[str, Any]:
    """Let every kind follow but those whose rows the caller moves; what each did."""
    if not successors:
        return {}
    done = {
        one.kind: one.follow(successors, on)
        for one in _KINDS.values()
        if one.follow is not None and one.kind not in skip
    }
    return {kind: data for kind, data in done.items() if data}


def unfollow(followed: Mapping[str, Any], on: date) -> None:
    """Let every kind go back."""
    for kind, data in followed.items():
        back = _KINDS[kind].unfollow
        assert back is not None
        back(data, on)
