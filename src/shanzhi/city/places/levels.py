"""Levels of the tree and the form of their codes. Nothing here touches the database."""

from collections.abc import Collection
from enum import StrEnum


class Level(StrEnum):
    """A level of the tree, from the top down."""

    PROVINCE = "province"
    CITY = "city"
    COUNTY = "county"
    STREET = "street"
    COMMUNITY = "community"
    GRID = "grid"
    MICROGRID = "microgrid"

    @property
    def zh(self) -> str:
        """The Chinese word."""
        return _WORDS[self][0]

    @property
    def en(self) -> str:
        """The English word."""
        return _WORDS[self][1]

    @property
    def rank(self) -> int:
        """0 at the top; a place lies under one of a smaller rank."""
        return _RANKS[self]


_WORDS = {
    Level.PROVINCE: ("省", "province"),
    Level.CITY: ("市", "city"),
    Level.COUNTY: ("区县", "district"),
    Level.STREET: ("街道", "street office"),
    Level.COMMUNITY: ("社区", "community"),
    Level.GRID: ("网格", "grid"),
    Level.MICROGRID: ("微网格", "micro-grid"),
}
_RANKS = {level: rank for rank, level in enumerate(Level)}
_OF_LENGTH = {9: Level.STREET, 12: Level.COMMUNITY, 15: Level.GRID, 18: Level.MICROGRID}
_SPOKEN = {
    "省": Level.PROVINCE, "自治区": Level.PROVINCE, "直辖市": Level.PROVINCE,
    "市": Level.CITY, "州": Level.CITY, "地市": Level.CITY,
    "县": Level.COUNTY, "区": Level.COUNTY, "区县": Level.COUNTY, "district": Level.COUNTY,
    "街道": Level.STREET, "镇": Level.STREET, "乡": Level.STREET, "乡镇": Level.STREET, "town": Level.STREET,
    "社区": Level.COMMUNITY, "村": Level.COMMUNITY, "村社区": Level.COMMUNITY, "village": Level.COMMUNITY,
    "网格": Level.GRID, "一般网格": Level.GRID, "微网格": Level.MICROGRID,
}  # fmt: skip


def level_of(word: str) -> Level | None:
    """The level that a word in a file means; None for an unknown word."""
    spoken = _SPOKEN.get(word)
    if spoken is not None:
        return spoken
    try:
        return Level(word.lower())
    except ValueError:
        return None


def canonical(code: str) -> tuple[str, Level] | None:
    """A code in its short form and the level that its form means; None when no level has such a code.

    Six digits down to the county (GB/T 2260), nine for a street office or town (GB/T 10114), twelve for a
    community or village, three more for a grid and three more for a micro-grid. Twelve digits that end in
    zeros, as statistics write them, and the two or four digits of a province or city are understood.
    """
    if not (code.isascii() and code.isdigit()):
        return None
    if len(code) in (2, 4):
        code = code.ljust(6, "0")
    if len(code) == 12 and code[9:] == "000":
        code = code[:9]
    if len(code) == 9 and code[6:] == "000":
        code = code[:6]
    if len(code) == 6:
        if code[:2] == "00":
            return None
        if code[2:] == "0000":
            return code, Level.PROVINCE
        return code, Level.CITY if code[4:] == "00" else Level.COUNTY
    level = _OF_LENGTH.get(len(code))
    return None if level is None else (code, level)


def codes_above(code: str, level: Level) -> tuple[str, ...]:
    """Codes that the parent may have going by the digits, the nearest first."""
    if level is Level.PROVINCE:
        return ()
    if level is Level.CITY:
        return (code[:2] + "0000",)
    if level is Level.COUNTY:
        return code[:4] + "00", code[:2] + "0000"
    return (code[: len(code) - 3],)


def free_code(taken: Collection[str], above: str) -> str:
    """The lowest code of `above` and three digits more that is not taken. ValueError when all 999 are."""
    for number in range(1, 1000):
        code = f"{above}{number:03d}"
        if code not in taken:
            return code
    raise ValueError(f"{above}: no free number")


def area_of(code: str, level: Level) -> str:
    """The district code that rows made in a place carry; empty above the county."""
    return code[:6] if level.rank >= Level.COUNTY.rank else ""
