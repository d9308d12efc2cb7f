"""Editions of the rules and how people are cared for: data of the packs that a city edits."""

from datetime import date, datetime, time
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from django.conf import settings
from django.utils.timezone import get_current_timezone

from shanzhi.core.kit.errors import InvalidInput
from shanzhi.core.kit.yaml_files import read_yaml


class Edition(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An edition of the rules (管理版本): how many days, which tests, what else a release asks for.

    Day 0 is the first day; isolation ends on day `isolation_days`. It holds from `from_on` until before `to_on`.
    """

    code: str
    zh: str
    en: str
    from_on: date
    isolation_days: int
    monitoring_days: int
    tests: list[int]
    checked_days: int
    why_zh: str
    why_en: str
    to_on: date | None = None
    succeeds: str = ""
    voluntary: bool = False

    def holds(self, on: date) -> bool:
        """Whether it is in force on the day."""
        return self.from_on <= on and (self.to_on is None or on < self.to_on)


class Named(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Something to choose."""

    code: str
    zh: str
    en: str


class Symptom(Named, frozen=True, forbid_unknown_fields=True):
    """A symptom; `transfer` says that it asks for one."""

    transfer: bool = False


class Service(Named, frozen=True, forbid_unknown_fields=True):
    """A service (服务); `daily` ones may be ordered for every day."""

    daily: bool = False


class Window(Named, frozen=True, forbid_unknown_fields=True):
    """When people are asked (报告时段), on the wall clock of the city."""

    opens: str
    due: str

    def _at(self, on: date, text: str) -> datetime:
        return datetime.combine(on, time.fromisoformat(text), get_current_timezone())

    def opens_at(self, on: date) -> datetime:
        """When it opens on a day."""
        return self._at(on, self.opens)

    def due_at(self, on: date) -> datetime:
        """When it is missed on a day."""
        return self._at(on, self.due)


class Step(Named, frozen=True, forbid_unknown_fields=True):
    """A rung (升级), so many minutes after the window is due; before it when negative."""

    after_minutes: int


class TransferLimits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How long a transfer may wait to be accepted, and to be done."""

    accept_minutes: int
    finish_minutes: int


class Care(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a city cares for people isolated at home."""

    voluntary: bool
    keep_days: int
    most_days: int
    temperature_limit: float
    channel: str
    windows: list[Window]
    ladder: list[Step]
    transfer: TransferLimits
    symptoms: list[Symptom]
    needs: list[Named]
    services: list[Service]


class Contacts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the store of contacts keeps, and for which purposes it is read."""

    observe_days: int
    purposes: list[Named]


@lru_cache(maxsize=8)
def _read(path: Path, stamp: float) -> Any:
    return read_yaml(path)


def _pack(name: str) -> Any:
    path = settings.PACKS / "isolation" / name
    return _read(path, path.stat().st_mtime)


def editions() -> dict[str, Edition]:
    """Code -> edition, in the order of the pack."""
    return {one.code: one for one in msgspec.convert(_pack("editions.yaml")["editions"], list[Edition])}


def edition(code: str, field: str = "edition") -> Edition:
    """An edition by its code. Raises InvalidInput naming `field`."""
    if (found := editions().get(code)) is None:
        names = "、".join(editions())
        raise InvalidInput(
            field=field, reason_zh=f"没有管理版本“{code}”，可选：{names}。",
            reason_en=f"There is no edition {code}; there are {', '.join(editions())}.",
        )  # fmt: skip
    return found


def care() -> Care:
    """How people are cared for."""
    return msgspec.convert(_pack("care.yaml"), Care)


def contacts() -> Contacts:
    """What the store of contacts keeps."""
    return msgspec.convert(_pack("contacts.yaml"), Contacts)


_Choice = TypeVar("_Choice", bound=Named)


def one_of(choices: list[_Choice], code: str, field: str) -> _Choice:
    """The choice of that code. Raises InvalidInput naming `field`."""
    for choice in choices:
        if choice.code == code:
            return choice
    raise InvalidInput(field=field, reason_zh="请从所列选项中选择。", reason_en="Choose one of those listed.")
