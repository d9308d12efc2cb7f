"""Templates of orders, ladders, which households, who stands in for whom: data of the packs that a city edits."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import msgspec
from django.conf import settings

from shanzhi.core.kit.errors import InvalidInput
from shanzhi.core.kit.yaml_files import read_yaml


class Words(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The words of a template in one language; `sentence` says what to do by when."""

    title: str
    sentence: str
    body: str = ""


class Ask(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A question that goes with an answer: text, number, or a choice."""

    code: str
    zh: str
    en: str
    kind: str = "text"
    choices: list[str] = msgspec.field(default_factory=list)
    required: bool = False


class Template(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An order to fill in (指令模板)."""

    code: str
    zh: Words
    en: Words
    post_kinds: list[str]
    ladder: str
    minutes: int
    answers: list[str] = msgspec.field(default_factory=lambda: ["acknowledged", "done", "cannot"])
    asks: list[Ask] = msgspec.field(default_factory=list)
    hazard: str = ""
    households: str = "all"


class HouseholdRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which doors an order is about (涉及住户): homes, shops or both, up to a floor, in compounds that it names."""

    code: str
    zh: str
    en: str
    of: Literal["homes", "shops", "doors"]
    highest_floor: int | None = None
    chosen: bool = False


class Step(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A rung as the pack has it."""

    kind: str
    after_seconds: int
    channel: str = ""
    per_second: int | None = None


class Ladder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A ladder (叫应阶梯): what is tried, one after another, with whoever stays silent."""

    code: str
    zh: str
    en: str
    rungs: list[Step]


class Promise(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is promised: everybody reached within `seconds`, though this share of phones is asleep.

    `answers` is the probability that somebody acknowledges what was delivered. `first_rung_seconds` is the latest
    beginning of the first outside channel that is thought of.
    """

    seconds: int
    asleep_share: float
    answers: float = 0.9
    first_rung_seconds: int = 60


@dataclass(frozen=True)
class StandIns:
    """Kinds of post that stand in for a kind at the same place, and kinds asked at the place above."""

    deputies: dict[str, list[str]]
    upper: list[str]


@lru_cache(maxsize=8)
def _read(path: Path, stamp: float) -> Any:
    return read_yaml(path)


def _pack(name: str) -> Any:
    path = settings.PACKS / "orders" / name
    return _read(path, path.stat().st_mtime)


def templates() -> dict[str, Template]:
    """Code -> template, in the order of the pack."""
    return {one.code: one for one in msgspec.convert(_pack("templates.yaml")["templates"], list[Template])}


def ladders() -> dict[str, Ladder]:
    """Code -> ladder, in the order of the pack."""
    return {one.code: one for one in msgspec.convert(_pack("ladders.yaml")["ladders"], list[Ladder])}


def household_rules() -> dict[str, HouseholdRule]:
    """Code -> which households, in the order of the pack."""
    found = msgspec.convert(_pack("households.yaml")["rules"], list[HouseholdRule])
    return {one.code: one for one in found}


def household_rule(code: str) -> HouseholdRule:
    """Which households, by code. Raises InvalidInput naming `household_rule`."""
    if (found := household_rules().get(code)) is None:
        names = "、".join(one.zh for one in household_rules().values())
        raise InvalidInput(
            field="household_rule",
            reason_zh=f"没有这种住户范围，可选：{names}。",
            reason_en="There is no such rule for households.",
        )
    return found


def promise() -> Promise:
    """What is promised of every order."""
    return msgspec.convert(_pack("reach.yaml")["promise"], Promise)


def stand_ins() -> StandIns:
    """Who stands in for whom."""
    found = _pack("reach.yaml")
    return StandIns(dict(found["deputies"]), list(found["upper"]))


def ladder(code: str) -> Ladder:
    """A ladder by its code. Raises InvalidInput naming `ladder`."""
    if (found := ladders().get(code)) is None:
        names = "、".join(one.zh for one in ladders().values())
        raise InvalidInput(
            field="ladder",
            reason_zh=f"没有这种叫应方式，可选：{names}。",
            reason_en="There is no such ladder.",
        )
    return found
