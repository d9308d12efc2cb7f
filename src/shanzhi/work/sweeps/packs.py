"""Templates, cadences, results and priority reasons: data of the packs that a city edits."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec
import yaml
from django.conf import settings
from django.utils.timezone import get_default_timezone

from shanzhi.core.kit.errors import InvalidInput
from shanzhi.work.sweeps.flow import RESULTS, Result

TARGETS = {
    "homes": ("住户", "Homes"),
    "shops": ("商铺", "Shops"),
    "compounds": ("小区", "Compounds"),
    "priority": ("重点走访户", "Priority doors"),
}
LONGEST_HEAD = 500


class Template(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A sweep to fill in (敲门行动模板)."""

    code: str
    title_zh: str
    title_en: str
    form: str
    targets: list[str]
    cadence: str
    hours: int
    per_head: int
    hazard: str = ""
    reasons: list[str] = msgspec.field(default_factory=list)
    body: str = ""


class Slot(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A part of a day in which a turn is open."""

    zh: str
    en: str
    begins: str = msgspec.field(name="from")
    ends: str = msgspec.field(name="to")


class Cadence(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How often (频次): slots of a day, on which days (day 1 is the first), and what begins the count anew."""

    code: str
    zh: str
    en: str
    slots: list[Slot] = msgspec.field(default_factory=list)
    days: list[int] = msgspec.field(default_factory=list)
    restart_on: list[str] = msgspec.field(default_factory=list)

    def slot_at(self, begun_on: date, number: int) -> tuple[datetime, datetime]:
        """When the turn of a number opens and closes; numbers count slots from the sweep's first day."""
        day, nth = divmod(number, len(self.slots))
        slot, on = self.slots[nth], begun_on + timedelta(days=day)
        return _moment(on, slot.begins), _moment(on, slot.ends)

    def is_due(self, anchor_on: date, on: date) -> bool:
        """Whether a piece whose day 1 is `anchor_on` is visited on a day."""
        day = (on - anchor_on).days + 1
        return day >= 1 and (not self.days or day in self.days)


def _moment(on: date, text: str) -> datetime:
    hours, _, minutes = text.partition(":")
    zone = get_default_timezone()
    return datetime.combine(on, time(), zone) + timedelta(hours=int(hours), minutes=int(minutes))


class ResultKind(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A result as the pack has it."""

    code: str
    zh: str
    en: str
    settles: bool
    yields_to: list[str] = msgspec.field(default_factory=list)


class Reason(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why a door may be visited first, and on which bases."""

    code: str
    zh: str
    en: str
    bases: list[str]


class Named(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A code with its words."""

    code: str
    zh: str
    en: str


@dataclass(frozen=True)
class Rule:
    """How results of one door are merged: `rank` breaks ties, `yields` says which gives way to which, by byte."""

    rank: dict[int, int]
    yields: dict[int, frozenset[int]]
    settles: frozenset[int]


@lru_cache(maxsize=16)
def _read(path: Path, stamp: float) -> Any:
    return yaml.safe_load(path.read_text("utf-8"))


def pack(name: str) -> Any:
    """A file of the pack, read again when it changes."""
    path = settings.PACKS / "sweeps" / name
    return _read(path, path.stat().st_mtime)


def templates() -> dict[str, Template]:
    """Code -> template, in the order of the pack."""
    return {one.code: one for one in msgspec.convert(pack("templates.yaml")["templates"], list[Template])}


def cadences() -> dict[str, Cadence]:
    """Code -> cadence, in the order of the pack."""
    return {one.code: one for one in msgspec.convert(pack("cadences.yaml")["cadences"], list[Cadence])}


def results() -> list[ResultKind]:
    """The results, in the order of the pack, which breaks ties."""
    return msgspec.convert(pack("results.yaml")["results"], list[ResultKind])


def rule() -> Rule:
    """The rule of merging."""
    path = settings.PACKS / "sweeps" / "results.yaml"
    return _rule(path, path.stat().st_mtime)


@lru_cache(maxsize=4)
def _rule(path: Path, stamp: float) -> Rule:
    found = msgspec.convert(_read(path, stamp)["results"], list[ResultKind])
    byte = {one.code: int(RESULTS[one.code]) for one in found}
    if set(byte.values()) != {int(one) for one in Result if one}:
        raise ValueError("results.yaml must name every result once")
    return Rule(
        {byte[one.code]: rank for rank, one in enumerate(found)},
        {byte[one.code]: frozenset(byte[code] for code in one.yields_to) for one in found},
        frozenset(byte[one.code] for one in found if one.settles),
    )


def reasons() -> dict[str, Reason]:
    """Code -> why a door may be visited first."""
    return {one.code: one for one in msgspec.convert(pack("priority.yaml")["reasons"], list[Reason])}


def bases() -> dict[str, Named]:
    """Code -> the bases on which a door may be listed."""
    return {one.code: one for one in msgspec.convert(pack("priority.yaml")["bases"], list[Named])}


def cadence(code: str, field: str = "cadence") -> Cadence:
    """A cadence by its code. Raises InvalidInput naming the field."""
    if (found := cadences().get(code)) is None:
        names = "、".join(one.zh for one in cadences().values())
        raise InvalidInput(
            field=field, reason_zh=f"没有这种频次，可选：{names}。", reason_en="There is no such cadence."
        )
    return found


def template(code: str, field: str = "template") -> Template:
    """A template by its code. Raises InvalidInput naming the field."""
    if (found := templates().get(code)) is None:
        raise InvalidInput(
            field=field, reason_zh=f"没有敲门行动模板“{code}”。", reason_en=f"There is no template {code}."
        )
    return found
