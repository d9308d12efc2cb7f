"""What a level of a plan holds (分级响应): its words, its limits of area and days, and the items of its parts."""

from typing import Any

import msgspec

from shanzhi.city.places.levels import Level

# The parts that a level may name, in the order in which they are shown and begun: what limits and informs comes
# before what sends people out.
PART_CODES: dict[str, tuple[str, str]] = {
    "notices": ("公告", "Public notices"),
    "limits": ("处置时限", "Time limits"),
    "kinds": ("事件类别", "Kinds of matter"),
    "recut": ("力量编组", "Households per worker"),
    "screens": ("工作台", "Screens"),
    "rosters": ("值班值守", "Rosters"),
    "stock": ("应急物资", "Reserve stock"),
    "isolation": ("居家隔离", "Home isolation"),
    "sampling": ("采样与发放", "Sampling and distribution"),
    "sweeps": ("敲门行动", "Sweeps"),
    "orders": ("指令", "Orders"),
}
NUMERALS = {1: "Ⅰ", 2: "Ⅱ", 3: "Ⅲ", 4: "Ⅳ"}
# Whatever a plan says: nobody is confined for longer on one authority's word, nor in more than a street office.
MOST_CONFINED_DAYS = 14
CONFINED_AT_MOST = Level.STREET


class Said(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A sentence in both languages."""

    zh: str
    en: str


class LevelContent(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A level (响应级别): 1 is the gravest. `zh` is what it is called beside its numeral, such as 封控区.

    `confines`: it keeps people in, so the strictest rules hold. `largest` is the level of place that it is for:
    a larger place needs a reason. `most_days` counts from the day of the decision, that day included.
    """

    level: int
    zh: str
    en: str
    parts: dict[str, list[dict[str, Any]]]
    entry: list[Said] = []
    measures: list[Said] = []
    release: list[Said] = []
    confines: bool = False
    largest: Level = Level.COUNTY
    most_days: int = 30

    @property
    def days(self) -> int:
        """The most days that one decision lasts."""
        return min(self.most_days, MOST_CONFINED_DAYS) if self.confines else self.most_days


def name_of(level: int, zh: str) -> str:
    """A level as it is spoken of: Ⅲ级（管控区）."""
    return f"{NUMERALS[level]}级（{zh}）" if zh else f"{NUMERALS[level]}级"


def name_en(level: int, en: str) -> str:
    """The same in English."""
    return f"level {level} ({en})" if en else f"level {level}"


def plain(content: LevelContent) -> dict[str, Any]:
    """A level as it is stored."""
    return dict(msgspec.to_builtins(content))


def read(stored: Any) -> LevelContent:
    """A stored level."""
    return msgspec.convert(stored, LevelContent)
