"""Templates, cadences, results and priority reasons: data of the packs that a city edits."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import msgspec
from django.conf import settings
from django.utils.timezone import get_default_timezone

from shanzhi.core.kit.errors import InvalidInput
from shanzhi.core.kit.yaml_files import read_yaml
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


class DoorRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An answer at a door that begins its days anew, or makes them longer (门户计天规则).

    Of `form`, the `question` answered with `at_least` a number, or with what `equals` says. `days` is by how many
    days after the visit the door is visited at the least, where it `does` lengthen.
    """

    code: str
    zh: str
    en: str
    form: str
    question: str
    does: Literal["restart", "lengthen"]
    at_least: float | None = None
    equals: bool | str | None = None
    days: int = 0

    def fits(self, answers: Mapping[str, Any]) -> bool:
        """Whether answers are such that the rule does its work."""
        value = answers.get(self.question)
        if self.at_least is not None:
            return isinstance(value, int | float) and not isinstance(value, bool) and value >= self.at_least
        return value is not None and value == self.equals


class Cadence(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How often (频次): slots of a day, on which days (day 1 is the first), and what begins the count anew.

    `last_day`: on which day it is over, 0 with the sweep only. `restart_on` is about a whole compound, `rules` about
    one door.
    """

    code: str
    zh: str
    en: str
    slots: list[Slot] = msgspec.field(default_factory=list)
    days: list[int] = msgspec.field(default_factory=list)
    last_day: int = 0
    restart_on: list[str] = msgspec.field(default_factory=list)
    rules: list[DoorRule] = msgspec.field(default_factory=list)

    def slot_at(self, begun_on: date, number: int) -> tuple[datetime, datetime]:
        """When the turn of a number opens and closes; numbers count slots from the sweep's first day."""
        day, nth = divmod(number, len(self.slots))
        slot, on = self.slots[nth], begun_on + timedelta(days=day)
        return _moment(on, slot.begins), _moment(on, slot.ends)

    def is_due(self, anchor_on: date, on: date, longer_to: date | None = None) -> bool:
        """Whether doors whose day 1 is `anchor_on` are visited on a day; `longer_to` is a day put on at the end."""
        day = (on - anchor_on).days + 1
        if longer_to is not None and self.ends_on(anchor_on, None) < on <= longer_to:
            return not self.days or on == longer_to
        return day >= 1 and (day in self.days if self.days else not self.last_day or day <= self.last_day)

    def ends_on(self, anchor_on: date, longer_to: date | None) -> date:
        """The last day of doors whose day 1 is `anchor_on`; the end of time where only the sweep ends it."""
        last = max(self.days) if self.days else self.last_day
        if not last:
            return date.max
        own = anchor_on + timedelta(days=last - 1)
        return own if longer_to is None else max(own, longer_to)


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
    return read_yaml(path)


def pack(name: str) -> Any:
    """A file of the pack, read again when it changes."""
    path = settings.PACKS / "sweeps" / name
    return _read(path, path.stat().st_mtime)


def templates() -> dict[str, Template]:
    """Code -> template, in the order of the pack."""
    return {one.code: one for one in msgspec.convert(pack("templates.yaml")["templates"], list[Template])}


def cadences() -> dict[str, Cadence]:
    """Code -> cadence, in the order of the pack."""
    path = settings.PACKS / "sweeps" / "cadences.yaml"
    return _cadences(path, path.stat().st_mtime)


@lru_cache(maxsize=4)
def _cadences(path: Path, stamp: float) -> dict[str, Cadence]:
    found = msgspec.convert(_read(path, stamp)["cadences"], list[Cadence])
    for one in found:
        for rule in one.rules:
            if (rule.at_least is None) == (rule.equals is None):
                raise ValueError(f"{one.code}.{rule.code}: say either at_least or equals")
            if (rule.does == "lengthen") != (rule.days > 0):
                raise ValueError(f"{one.code}.{rule.code}: days belong to lengthen")
    return {one.code: one for one in found}


def door_rules(cadence_code: str, form: str) -> list[DoorRule]:
    """What answers to a form may do to the days of a door; a cadence that is gone from the pack has none."""
    found = cadences().get(cadence_code)
    return [one for one in found.rules if one.form == form] if found else []


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
