"""Which source is in force for each field, and why (以哪个来源为准). Pure: the rule is data."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.conf import settings

from shanzhi.core.kit.yaml_files import read_yaml

# The count of buildings comes first: it says whether the floors that are known are all of them.
FIELDS = ("name", "kind", "code", "address", "position", "buildings", "households")
FIELD_WORDS = {
    "name": ("名称", "name"), "kind": ("类型", "kind"), "code": ("标准地址编码", "code"),
    "address": ("地址", "address"), "position": ("位置", "position"), "households": ("户数", "households"),
    "buildings": ("楼栋数", "buildings"), "place": ("所属区划", "place"),
}  # fmt: skip
WHY = {
    "only": ("只有这一来源写明", "the only source that says so"),
    "agreed": ("各来源一致", "all sources agree"),
    "chosen": ("人工选定：{reason}", "chosen by hand: {reason}"),
    "floors": ("按已登记楼层合计", "the sum of the floors known"),
    "priority": ("来源优先级较高", "a source of higher priority"),
    "newest": ("最近一次导入", "the newest import"),
}
_COUNTS = ("households", "buildings")


@dataclass(frozen=True)
class Rule:
    """The rule of packs/import/in-force.yaml."""

    rules: tuple[str, ...]
    priority: tuple[str, ...]
    floors_share: float
    conflict_over: float


@dataclass(frozen=True, slots=True)
class Said:
    """What one source says; `position` is (lon, lat, datum) in WGS-84. "" and None say nothing."""

    source: str
    key: str
    seen_on: date
    name: str
    kind: str = ""
    code: str = ""
    address: str = ""
    position: tuple[float, float, str] | None = None
    households: int | None = None
    buildings: int | None = None


@dataclass(frozen=True, slots=True)
class Counted:
    """What the floors of a compound add up to: homes and shops, and on how many buildings floors are known."""

    homes: int
    buildings: int


@dataclass(frozen=True, slots=True)
class Ruling:
    """The value in force. `source` and `key` are empty when the floors themselves give it."""

    value: Any
    source: str
    key: str
    why: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """Somebody's choice for one field."""

    source: str
    key: str
    reason: str


def rule() -> Rule:
    """The rule in packs/import/in-force.yaml. Raises ValueError for a rule that is not known."""
    return _rule(settings.PACKS / "import" / "in-force.yaml")


@lru_cache(maxsize=4)
def _rule(path: Path) -> Rule:
    found = read_yaml(path)
    rules = tuple(map(str, found["rules"]))
    if not set(rules) <= WHY.keys():
        raise ValueError(f"unknown rules: {rules}")
    return Rule(
        rules,
        tuple(map(str, found["priority"])),
        float(found["floors_share"]),
        float(found["conflict_over"]),
    )


def rank(source: str, by: Rule) -> int:
    """The place of a source in the order of priority: 0 is the highest."""
    return next((at for at, word in enumerate(by.priority) if word in source), len(by.priority))


def decide(
    said: Sequence[Said],
    by: Rule,
    *,
    floors: Counted | None = None,
    choices: Mapping[str, Choice] | None = None,
) -> tuple[dict[str, Ruling], bool]:
    """The ruling for each field that somebody says something about, and whether the counts are in conflict.

    Counts conflict when the largest and the smallest differ by more than `conflict_over` of the largest, unless
    somebody has chosen.
    """
    chosen = choices or {}
    found: dict[str, Ruling] = {}
    conflict = False
    for name in FIELDS:
        speaking = [one for one in said if getattr(one, name) not in ("", None)]
        values = [getattr(one, name) for one in speaking]
        summed = _sum(name, floors, found, by)
        if name == "buildings" and not speaking and floors is not None and floors.buildings:
            found[name] = Ruling(floors.buildings, "", "", "floors")
            continue
        if not speaking and summed is None:
            continue
        found[name] = _one(name, speaking, by, summed, chosen.get(name))
        if name in _COUNTS and name not in chosen:
            all_values = [*values, *([] if summed is None else [summed])]
            conflict = conflict or max(all_values) - min(all_values) > by.conflict_over * max(all_values)
    return found, conflict


def _sum(name: str, floors: Counted | None, found: Mapping[str, Ruling], by: Rule) -> int | None:
    """The count that the floors give, where it holds: they are known for nearly all buildings in force."""
    if floors is None or not floors.buildings or "floors" not in by.rules:
        return None
    if name == "households":
        stated = found["buildings"].value if "buildings" in found else 0
        return floors.homes if floors.buildings >= by.floors_share * stated else None
    return None


def _one(name: str, speaking: list[Said], by: Rule, summed: int | None, choice: Choice | None) -> Ruling:
    left = sorted(speaking, key=lambda one: (one.source, one.key))
    for step in by.rules:
        if step == "chosen":
            own = [one for one in left if choice and (one.source, one.key) == (choice.source, choice.key)]
            if own and choice:
                return Ruling(getattr(own[0], name), own[0].source, own[0].key, "chosen", choice.reason)
        elif step == "floors":
            if summed is not None:
                return Ruling(summed, "", "", "floors")
        elif len({getattr(one, name) for one in left}) > 1:
            left = _best(left, step, by)
    first = max(left, key=lambda one: (-rank(one.source, by), one.seen_on))
    why = "only" if len(speaking) == 1 else _narrowed(left, speaking, by)
    return Ruling(getattr(first, name), first.source, first.key, why)


def _best(left: list[Said], step: str, by: Rule) -> list[Said]:
    if step == "priority":
        highest = min(rank(one.source, by) for one in left)
        return [one for one in left if rank(one.source, by) == highest]
    newest = max(one.seen_on for one in left)
    return [one for one in left if one.seen_on == newest]


def _narrowed(left: list[Said], speaking: list[Said], by: Rule) -> str:
    if len(left) == len(speaking):
        return "agreed"
    best = min(rank(one.source, by) for one in speaking)
    return "priority" if any(rank(one.source, by) > best for one in speaking) else "newest"
