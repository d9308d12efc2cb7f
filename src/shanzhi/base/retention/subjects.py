"""Of which response (响应) data is held: a floor above, which knows responses, tells this one."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from shanzhi.base.access import Actor
from shanzhi.core.kit.errors import NotFound


@dataclass(frozen=True)
class Subject:
    """A response, as retention needs to know it. `ended_at` is when it was ended, None while it is live."""

    id: UUID
    number: str
    title: str
    basis: str
    ended_at: datetime | None
    is_drill: bool = False


Find = Callable[[UUID], Subject | None]
Sight = Callable[[Actor, date], list[UUID] | None]
_KNOWN: dict[str, tuple[Find, Sight]] = {}


def register(find: Find, sight: Sight) -> None:
    """`find` one; `sight` tells which ones an actor with retention.view may see (None: all of them)."""
    _KNOWN["responses"] = find, sight


def find(activation_id: UUID) -> Subject:
    """The response. Raises NotFound on `activation_id`."""
    known = _KNOWN.get("responses")
    found = known[0](activation_id) if known else None
    if found is None:
        raise NotFound(field="activation_id")
    return found


def sight(actor: Actor, on: date) -> list[UUID] | None:
    """The responses in an actor's sight; None: all."""
    known = _KNOWN.get("responses")
    return known[1](actor, on) if known else []
