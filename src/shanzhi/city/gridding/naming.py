"""Names and codes of micro-grids (命名与编码)."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from shanzhi.city.gridding.instance import Instance

_DIGITS = "零一二三四五六七八九"
_LONGEST = 60


def in_chinese(number: int) -> str:
    """1 to 999 as one says it: 十二, 一百零三."""
    hundreds, rest = divmod(number, 100)
    tens, ones = divmod(rest, 10)
    said = _DIGITS[hundreds] + "百" if hundreds else ""
    if tens:
        said += ("" if tens == 1 and not hundreds else _DIGITS[tens]) + "十"
    elif hundreds and ones:
        said += "零"
    return said + (_DIGITS[ones] if ones else "") or "零"


@dataclass(frozen=True)
class _Part:
    """The floors of one community, as plain lists: small, and read many times."""

    households: list[int]
    compound: list[int]
    building: list[int]
    stairwell: list[int]


def microgrid_names(found: Instance, span: slice, labels: Sequence[int]) -> dict[int, str]:
    """What people there call each micro-grid of a community: the compound with the most of its households, which
    of its buildings, stairwells or storeys, and how many compounds more."""
    part = _Part(*(getattr(found, name)[span].tolist() for name in _Part.__dataclass_fields__))
    floors_of: dict[int, list[int]] = {}
    for at, label in enumerate(labels):
        floors_of.setdefault(label, []).append(at)
    in_compound, in_building = Counter(part.compound), Counter(part.building)
    stairs_of: dict[int, set[int]] = {}
    for house, stair in zip(part.building, part.stairwell, strict=True):
        stairs_of.setdefault(house, set()).add(stair)
    in_stairs = Counter(part.stairwell)
    names = {}
    for label, floors in floors_of.items():
        weight: dict[int, int] = {}
        for at in floors:
            weight[part.compound[at]] = weight.get(part.compound[at], 0) + part.households[at]
        main = min(weight, key=lambda c: (-weight[c], c))
        own = [at for at in floors if part.compound[at] == main]
        name = found.compounds[main][1]
        if len(own) < in_compound[main]:
            houses = sorted({part.building[at] for at in own})
            name += " " + _listed([found.buildings[house][1] for house in houses])
            if len(houses) == 1 and len(own) < in_building[houses[0]]:
                stairs = sorted({part.stairwell[at] for at in own})
                here = [at + span.start for at in own]
                if len(stairs) < len(stairs_of[houses[0]]):
                    name += _listed(list(dict.fromkeys(found.stairs[at] for at in here)))
                if len(own) < sum(in_stairs[stair] for stair in stairs):
                    low, high = int(found.floor[here].min()), int(found.top[here].max())
                    name += f"{low}–{high}层" if high > low else f"{low}层"
        names[label] = (name + (f"等{len(weight)}处" if len(weight) > 1 else ""))[:_LONGEST]
    return names


def _listed(given: list[str]) -> str:
    return "、".join(given) if len(given) <= 3 else f"{given[0]}等{len(given)}栋"
