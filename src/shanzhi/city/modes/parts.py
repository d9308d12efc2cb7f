"""Parts of a response (响应内容): what becomes live with an activation. Engines above register theirs here.

A plan's level lists, under the code of each part, the items that it switches on: order templates under "orders",
sweeps under "sweeps" and so on. The plan itself does not know what they mean; the part does.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Protocol, runtime_checkable
from uuid import UUID

from shanzhi.base.access import Actor

Item = dict[str, Any]


@dataclass(frozen=True)
class Live:
    """What a part is told of an activation. `last_on` is its hard last day, None when it has none.

    `proposed_by` and `approved_by` are two different accounts: what needs a second person has had one.
    """

    activation_id: UUID
    number: str
    plan: str
    hazard: str
    level: int
    place_ids: tuple[UUID, ...]
    is_drill: bool
    proposed_by: UUID
    approved_by: UUID
    from_at: datetime
    last_on: date | None


@dataclass(frozen=True)
class Line:
    """One line of a preview or a report: what it is, how many, in both languages. `wrong` stops the activation."""

    zh: str
    en: str
    count: int | None = None
    wrong: bool = False
    subject_id: UUID | None = None
    address: str = ""  # of the desk's page of what was made, such as /orders/ID


class Part(Protocol):
    """One kind of thing that an activation makes live."""

    code: str
    zh: str
    en: str

    def check(self, items: Sequence[Item]) -> None:
        """Whether a plan may hold these. Raises InvalidInput whose field begins with `<code>.<index>`."""

    def preview(self, items: Sequence[Item], live: Live, at: datetime) -> list[Line]:
        """What it would do, with counts; writes nothing."""

    def begin(self, items: Sequence[Item], live: Live, actor: Actor, at: datetime) -> list[Line]:
        """Make live, in the caller's transaction. Done again for the same activation it does nothing twice."""

    def end(self, live: Live, actor: Actor, at: datetime) -> list[Line]:
        """Stand down what this activation made live (收尾): end, relieve, return; in the caller's transaction."""


@runtime_checkable
class Shrinking(Protocol):
    """A part that can end some of what it made: offered by those whose items live on their own.

    When the level changes and some items of a part go, the door calls `shrink` with those that stay, none perhaps:
    what somebody made by hand for the response is left. A part without it is ended whole and begun again with the
    items of the new level. `begin` makes anew what was ended when its level was left.
    """

    def shrink(self, left: Sequence[Item], live: Live, actor: Actor, at: datetime) -> list[Line]:
        """End what this activation made live and is not among the items left; in the caller's transaction."""


@runtime_checkable
class Lasting(Protocol):
    """A part whose things know the last day or the level: told when either moves (extend, renew, raise, lower)."""

    def prolong(self, items: Sequence[Item], live: Live, actor: Actor, at: datetime) -> list[Line]:
        """Take over `live.last_on` and `live.level` for items that stay; in the caller's transaction."""


@runtime_checkable
class Offering(Protocol):
    """A part that names what a plan may choose: field of an item -> codes with their words, for the editor."""

    def choices(self) -> dict[str, list[tuple[str, str, str]]]:
        """Field -> (code, Chinese, English)."""


@dataclass
class _Parts:
    by_code: dict[str, Part] = field(default_factory=dict)
    followers: list[Callable[[Live], None]] = field(default_factory=list)


_PARTS = _Parts()


def register(part: Part) -> None:
    """Make a part known; a module does so once, in its application's `ready`."""
    _PARTS.by_code[part.code] = part


def known() -> dict[str, Part]:
    """Every part by its code, in the order of registration."""
    return dict(_PARTS.by_code)


def follow(follower: Callable[[Live], None]) -> None:
    """Have something told when a response becomes live, in that transaction; a module does so in `ready`."""
    _PARTS.followers.append(follower)


def tell(live: Live) -> None:
    """A response has become live: everything of it has begun. Called by the door alone."""
    for follower in _PARTS.followers:
        follower(live)
