"""Standing down (收尾): what an ended response still has open, as engines tell it; nobody ticks boxes.

A module above registers one check for each thing that it must have finished. While one is open, `finish` is
refused.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from shanzhi.core.kit.errors import ShanzhiError


@dataclass(frozen=True)
class Open:
    """What a check found: how many are still open, how many there were, and the desk's page where they are ended.

    `zh` and `en` say more where a number does not, such as the day on which data goes.
    """

    open: int
    total: int
    address: str = ""
    zh: str = ""
    en: str = ""


@dataclass(frozen=True)
class Check:
    """One line of the list: its code, its names, and how to look."""

    code: str
    zh: str
    en: str
    look: Callable[[UUID, datetime], Open]


class StillOpen(ShanzhiError):
    """Standing down is not over."""

    code = "response-still-open"
    status = 409
    zh = "收尾尚未完成：{lines_zh}。"
    en = "Standing down is not finished: {lines_en}."


_CHECKS: dict[str, Check] = {}


def register(code: str, zh: str, en: str, look: Callable[[UUID, datetime], Open]) -> None:
    """Make a check known; a module does so in its application's `ready`. The list keeps this order."""
    _CHECKS[code] = Check(code, zh, en, look)


def known() -> dict[str, Check]:
    """Every check by its code."""
    return dict(_CHECKS)


def checklist(activation_id: UUID, at: datetime) -> list[tuple[Check, Open]]:
    """What each check finds now."""
    return [(one, one.look(activation_id, at)) for one in _CHECKS.values()]


def require_nothing_open(activation_id: UUID, at: datetime) -> None:
    """Raise StillOpen, naming every line that is."""
    found = [(check, state) for check, state in checklist(activation_id, at) if state.open]
    if found:
        raise StillOpen(
            lines_zh="、".join(f"{check.zh} {state.open} 项" for check, state in found),
            lines_en=", ".join(f"{check.en}: {state.open}" for check, state in found),
            codes=[check.code for check, _ in found],
        )
