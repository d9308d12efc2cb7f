"""What a change of the tree touches beyond it: whoever keeps rows at places registers here (变更影响).

A module above says how many of its rows lie at some places, and may follow a change: when a place ends, its rows go
on at the successor. Register in the AppConfig's `ready`: `register("sweeps", "进行中的排查", "running sweeps", …)`.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

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
