"""What a file lists (清单): compounds with their buildings, floors and doors. Plain data."""

import re
import unicodedata
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from uuid import UUID

from shanzhi.city.compounds.kinds import CompoundKind


@dataclass(slots=True)
class ListedFloor:
    """A floor, or a band of floors, of a stairwell. `doors` is number -> whether it is a shop."""

    row: int
    floor: int
    top: int
    homes: int = 0
    shops: int = 0
    doors: dict[str, bool] | None = None
    estimated: bool = False


@dataclass(slots=True)
class ListedBuilding:
    """A building. `floors` is by stairwell, as it is compared, and lowest storey; `stairwells` has their names."""

    row: int
    name: str
    lon: float | None = None
    lat: float | None = None
    stairwells: dict[str, str] = field(default_factory=dict)
    floors: dict[tuple[str, int], ListedFloor] = field(default_factory=dict)


@dataclass(slots=True)
class Listed:
    """A compound as the rows of one source list it. `buildings` is by the name as it is compared."""

    row: int
    source: str
    name: str
    key: str = ""
    code: str = ""
    kind: CompoundKind | None = None
    address: str = ""
    where: tuple[str, ...] = ()
    lon: float | None = None
    lat: float | None = None
    shape: Any = None
    households: int | None = None
    building_count: int | None = None
    buildings: dict[str, ListedBuilding] = field(default_factory=dict)
    rows: int = 1
    has_own_row: bool = False
    has_own_key: bool = False
    # What finding its place adds.
    place: UUID | None = None
    area: str = ""
    own_county: UUID | None = None

    def homes(self) -> int:
        """Homes on the floors that are listed."""
        return sum(floor.homes for one in self.buildings.values() for floor in one.floors.values())

    def shop_count(self) -> int:
        """Shops on the floors that are listed."""
        return sum(floor.shops for one in self.buildings.values() for floor in one.floors.values())


_PHASE = re.compile(r"[（(\[【]([一二三四五六七八九十\d]+)期?[）)\]】]")
_MARKS = re.compile(r"[\s·•・,，.。、;；:：'\"“”‘’()（）\[\]【】<>《》_\-—－]+")
_ENDING = re.compile("(?<=..)(?:居住小区|住宅小区|小区|家属院|苑|院)$")
_NUMERALS = str.maketrans("一二三四五六七八九", "123456789")
_PHASED = re.compile("第?([一二三四五六七八九十]|[0-9]+)期")
_LAST_PHASE = re.compile("^(.*?)([0-9]+期)?$")
_BLOCK_ENDING = re.compile("(号楼|楼栋|栋|幢|座|号|#)$")
_STAIR_ENDING = re.compile("(单元|梯|门|号)$")


@lru_cache(maxsize=200_000)
def same_name(text: str) -> str:
    """A compound's name as it is compared: half width, no marks, no 小区, 苑 or 院 at the end, phases as digits.

    示例苑（一期）, 示例苑1期 and 示例小区·一期 are the same; 示例苑 and 示例苑二期 are not.
    """
    name = unicodedata.normalize("NFKC", text).lower()
    name = _PHASE.sub(r"\1期", name)
    name = _PHASED.sub(lambda found: found[1].translate(_NUMERALS).replace("十", "10") + "期", name)
    name = _MARKS.sub("", name)
    found = _LAST_PHASE.fullmatch(_ENDING.sub("", name))
    return name if found is None else _ENDING.sub("", found[1]) + (found[2] or "")


@lru_cache(maxsize=10_000)
def same_building(text: str) -> str:
    """A building's name as it is compared: 1 栋, 1号楼 and 一幢 are the same."""
    return _numbered(text, _BLOCK_ENDING)


@lru_cache(maxsize=10_000)
def same_stairwell(text: str) -> str:
    """A stairwell's name as it is compared: 1 单元 and 一单元 are the same."""
    return _numbered(text, _STAIR_ENDING)


def _numbered(text: str, ending: re.Pattern[str]) -> str:
    name = _MARKS.sub("", unicodedata.normalize("NFKC", text).lower()) or text
    cut = ending.sub("", name) or name
    return cut.translate(_NUMERALS) if len(cut) == 1 else cut


def same_address(text: str) -> str:
    """An address as it is compared: half width, no marks, nothing in brackets."""
    name = re.sub(r"[（(【\[][^）)】\]]*[）)】\]]", "", unicodedata.normalize("NFKC", text).lower())
    return _MARKS.sub("", name)
