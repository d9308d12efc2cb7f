"""Which place a name in a file means (地名对应): informal names of districts, offices of a community."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from shanzhi.city.places.levels import Level, canonical

_COUNTY_ENDING = re.compile("(自治县|自治旗|新区|林区|特区|区|县|市|旗)$")
_CITY_ENDING = re.compile("(自治州|地区|市|盟|州)$")
_STREET_ENDING = re.compile("(街道办事处|办事处|街道|地区|民族乡|镇|乡)$")
_COMMUNITY_ENDING = re.compile("(居民委员会|村民委员会|居委会|村委会|社区居委会|委员会)$")
_KIND_ENDING = re.compile("(社区|村)$")


@dataclass(frozen=True, slots=True)
class Known:
    """A place as names are looked up; `above` are the ids of the places over it."""

    id: UUID
    level: Level
    code: str
    name: str
    area: str
    above: frozenset[UUID]


def plain(text: str) -> str:
    """A name as it is compared: half width, no spaces, lower case."""
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", text)).lower()


def short(text: str, level: Level) -> str:
    """A name without what all of its level end in: 青羊区 -> 青羊, 长乐社区居委会 -> 长乐."""
    name = plain(text)
    if level is Level.COMMUNITY:
        return _cut(_KIND_ENDING, _cut(_COMMUNITY_ENDING, name))
    endings = {Level.CITY: _CITY_ENDING, Level.COUNTY: _COUNTY_ENDING, Level.STREET: _STREET_ENDING}
    return _cut(endings[level], name) if level in endings else name


def _cut(ending: re.Pattern[str], name: str) -> str:
    return ending.sub("", name) or name


class Gazetteer:
    """Names and codes of the places that a file may speak of."""

    def __init__(self, places: Iterable[Known]) -> None:
        self.by_id = {place.id: place for place in places}
        self._by_code = {place.code: place for place in self.by_id.values()}
        self._by_name: dict[tuple[Level, str], list[Known]] = {}
        for place in self.by_id.values():
            for name in {plain(place.name), short(place.name, place.level)}:
                self._by_name.setdefault((place.level, name), []).append(place)
        self._counties = [
            (name, place)
            for place in self.by_id.values()
            if place.level is Level.COUNTY
            for name in {plain(place.name), short(place.name, Level.COUNTY)}
            if len(name) >= 2
        ]

    def coded(self, code: str) -> Known | None:
        """The place with a code, however statistics pad it."""
        found = canonical(code.strip())
        return None if found is None else self._by_code.get(found[0])

    def named(self, text: str, level: Level, within: UUID | None = None) -> list[Known]:
        """Places of a level with a name, its full form before its short one, under a place."""
        found = self._by_name.get((level, plain(text))) or self._by_name.get((level, short(text, level)), [])
        exact = [place for place in found if plain(place.name) == plain(text)] or found
        return [place for place in exact if within is None or within in place.above or place.id == within]

    def counties(self, text: str, within: UUID | None = None) -> list[Known]:
        """Counties that a text may mean: the name, the name without 区 or 县, or a text that begins with it.

        青羊, 青羊区 and 青羊外金沙 mean 青羊区. What names a managing area (高新, 天府新区), or only the city,
        means none.
        """
        found = self.named(text, Level.COUNTY, within)
        if found:
            return found
        name = plain(text)
        begun = [
            (len(key), place)
            for key, place in self._counties
            if name.startswith(key) and (within is None or within in place.above)
        ]
        longest = max((length for length, _ in begun), default=0)
        return [place for length, place in begun if length == longest]
