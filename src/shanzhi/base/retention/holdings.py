"""What is held of people (留存项): modules register each, with purpose, class, lifetime and how it is destroyed."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True)
class Scope:
    """What is to go: everything of one activation, or everything older than an instant. One of the two is given."""

    activation_id: UUID | None = None
    before: datetime | None = None


@dataclass(frozen=True)
class Destroyed:
    """What went: how many rows, and a SHA-256 over the ordered keys and contents of what was destroyed, in hex.

    The hash proves afterwards which rows went, without keeping any of them.
    """

    rows: int
    digest: str


@dataclass(frozen=True)
class Holding:
    """One kind of personal data (个人信息): why it is held, its class, how long, and how to destroy it.

    `data_class` is "personal" or "sensitive". `days` is its lifetime in everyday use, None when it ends only with
    its activation; `of_activation` says that an activation's end begins its destruction. `count` and `destroy` work
    on a scope in the caller's transaction; `destroy` removes rows, or blanks the columns that tell of people.
    """

    code: str
    zh: str
    en: str
    purpose_zh: str
    purpose_en: str
    data_class: str
    days: int | None
    of_activation: bool
    count: Callable[[Scope], int]
    destroy: Callable[[Scope], Destroyed]


@dataclass
class _Holdings:
    by_code: dict[str, Holding] = field(default_factory=dict)


_HOLDINGS = _Holdings()


def register(holding: Holding) -> None:
    """Make a holding known; a module does so once for each, in its application's `ready`."""
    _HOLDINGS.by_code[holding.code] = holding


def known() -> dict[str, Holding]:
    """Every holding by its code, in the order of registration."""
    return dict(_HOLDINGS.by_code)
