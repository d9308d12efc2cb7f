"""What happened in a response (响应经过) and what came of it: modules above tell, one page and the reports read.

A source gives only what the reader may see, without personal data; `facts` are counts for reports.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from shanzhi.base.access import Actor


@dataclass(frozen=True)
class Happening:
    """One line: when, of what kind, who did it, what it was, and the desk's page of it."""

    at: datetime
    kind: str
    who: str
    zh: str
    en: str
    address: str = ""


@dataclass(frozen=True)
class Fact:
    """A number that a report tells: 已送达 148,213 人."""

    code: str
    zh: str
    en: str
    number: int
    unit_zh: str = ""
    of: int | None = None


Source = Callable[[UUID, Actor, datetime], Iterable[Happening]]
Facts = Callable[[UUID, datetime], Iterable[Fact]]


@dataclass(frozen=True)
class Kind:
    """A kind of happening, as the page's filter names it."""

    code: str
    zh: str
    en: str


_SOURCES: dict[str, tuple[Kind, Source]] = {}
_FACTS: dict[str, Facts] = {}


def register(code: str, zh: str, en: str, source: Source) -> None:
    """Make a source known, in an application's `ready`."""
    _SOURCES[code] = Kind(code, zh, en), source


def register_facts(code: str, facts: Facts) -> None:
    """Make counts known, in an application's `ready`; reports tell them in this order."""
    _FACTS[code] = facts


def kinds() -> list[Kind]:
    """What the filter offers."""
    return [kind for kind, _ in _SOURCES.values()]


def of(activation_id: UUID, actor: Actor, at: datetime) -> list[Happening]:
    """Everything that happened up to an instant, in order. The caller has seen that it may be read."""
    found = [
        one for _, source in _SOURCES.values() for one in source(activation_id, actor, at) if one.at <= at
    ]
    return sorted(found, key=lambda one: one.at)  # of one instant: in the order of the sources


def facts(activation_id: UUID, at: datetime) -> list[Fact]:
    """Every count."""
    return [one for source in _FACTS.values() for one in source(activation_id, at)]
