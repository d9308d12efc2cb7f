"""Rows of a file into compounds (逐行归并): the deepest level that a row fills decides what it is."""

import math
import re
from collections.abc import Iterable, Mapping
from typing import Any

from shanzhi.city.compounds.fields import FIELDS, SHOP_WORDS
from shanzhi.city.compounds.kinds import CompoundKind
from shanzhi.city.compounds.listed import (
    Listed,
    ListedBuilding,
    ListedFloor,
    same_address,
    same_building,
    same_name,
    same_stairwell,
)
from shanzhi.city.compounds.mapping import Reading
from shanzhi.city.compounds.matching import METRES_A_DEGREE, NEAR_METRES
from shanzhi.city.compounds.notices import Notice, notice

MOST_HOMES = 100_000
MOST_STOREYS, LOWEST = 200, -10
MOST_STAIRWELLS = 60
_UNIT = re.compile("(户|套|间|栋|幢|座|层|个|单元|楼|f)$", re.IGNORECASE)
_STOREY = re.compile(r"(?:第)?(地下|负|b|-)?(\d+)(?:层|楼|f)?", re.IGNORECASE)
_BAND = re.compile(r"(.*\d(?:层|楼|[fF])?)\s*[-~～—至到]\s*((?:第|地下|负|[bB-])?\d.*)")
_WHERE = (
    "city",
    "county",
    "county_code",
    "street",
    "street_code",
    "community",
    "community_code",
    "place_code",
)


class Wrong(Exception):
    """A row that cannot be used, with what is to be said of it."""

    def __init__(self, field: str, code: str, **params: object) -> None:
        self.field, self.code, self.params = field, code, params
        super().__init__(code)


class Grouping:
    """Compounds put together from rows, in the order of the file."""

    def __init__(self, reading: Reading, source: str = "", shapes: Mapping[int, Any] | None = None) -> None:
        self._reading = reading
        self._source = source
        self._shapes = shapes or {}
        self.found: dict[tuple[str, ...], Listed] = {}
        self.errors: list[Notice] = []
        self.warnings: list[Notice] = []

    def take(self, lines: Iterable[tuple[int, Mapping[str, str]]]) -> list[Listed]:
        """The compounds of all rows; what is wrong with a row is in `errors`, and the row left out."""
        for row, cells in lines:
            self._begun: list[tuple[dict[Any, Any], Any]] = []
            try:
                self._take(row, cells)
            except Wrong as wrong:
                # What the row had begun goes with it.
                for holder, key in self._begun:
                    del holder[key]
                self.errors.append(notice(row, wrong.field, wrong.code, **wrong.params))
        return list(self.found.values())

    def _take(self, row: int, cells: Mapping[str, str]) -> None:
        for name, text in cells.items():
            if len(text) > FIELDS[name].most or "\0" in text:
                raise Wrong(name, "bad-text", zh=FIELDS[name].zh, en=name)
        if not cells.get("name"):
            raise Wrong("name", "no-name")
        lon, lat = self._point(cells)
        deep = any(cells.get(name) for name in ("number", "floor", "stairwell", "building"))
        compound = self._compound(row, cells, deep, (lon, lat))
        self._describe(row, compound, cells)
        if not deep:
            self._own(row, compound, cells, lon, lat)
            return
        building = self._building(row, compound, cells, lon, lat)
        self._floors(row, compound, building, cells)

    def _compound(
        self, row: int, cells: Mapping[str, str], deep: bool, point: tuple[float | None, float | None]
    ) -> Listed:
        source = cells.get("source") or self._source
        if not source:
            raise Wrong("source", "no-source")
        given = cells.get("key") or cells.get("code")
        where = tuple(cells.get(name, "") for name in _WHERE)
        handle: tuple[str, ...] = (
            (source, "#", given) if given else (source, same_name(cells["name"]), *where)
        )
        known = self.found.get(handle)
        if known is not None and not deep and known.has_own_row and not given:
            # The same name in the same place, at another address or far away: another compound.
            address = same_address(cells.get("address", ""))
            if address != same_address(known.address) or _apart(known, *point):
                rounded = "" if point[0] is None else f"{point[0]:.2f} {point[1]:.2f}"
                handle = (*handle, address, rounded)
                known = self.found.get(handle)
        if known is None:
            self._begun.append((self.found, handle))
            known = self.found[handle] = Listed(
                row, source, cells["name"], key=given or "", code=cells.get("code", ""), where=where
            )
        else:
            known.rows += 1
        return known

    def _describe(self, row: int, compound: Listed, cells: Mapping[str, str]) -> None:
        compound.code = compound.code or cells.get("code", "")
        compound.address = compound.address or cells.get("address", "")
        word = cells.get("kind", "")
        if word and compound.kind is None:
            compound.kind = self._reading.words.get(word)
            if compound.kind is None:
                compound.kind = CompoundKind.COMPOUND
                self._warn(row, "kind", "unknown-kind", text=word)
        if compound.households is None:
            compound.households = self._count(cells, "households")
        if compound.building_count is None:
            compound.building_count = self._count(cells, "buildings")

    def _own(
        self, row: int, compound: Listed, cells: Mapping[str, str], lon: float | None, lat: float | None
    ) -> None:
        if compound.has_own_row:
            self._warn(row, "name", "duplicate-row", other=compound.row)
            return
        compound.has_own_row, compound.row = True, row
        homes = self._count(cells, "homes")
        if compound.households is None:
            compound.households = homes
        compound.lon, compound.lat = lon, lat
        compound.shape = self._shapes.get(row)

    def _building(
        self, row: int, compound: Listed, cells: Mapping[str, str], lon: float | None, lat: float | None
    ) -> ListedBuilding:
        name = cells.get("building", "")
        key = same_building(name) if name else ""
        building = compound.buildings.get(key)
        if building is None:
            self._begun.append((compound.buildings, key))
            building = compound.buildings[key] = ListedBuilding(row, name)
        if building.lon is None:
            building.lon, building.lat = lon, lat
        return building

    def _floors(self, row: int, compound: Listed, building: ListedBuilding, cells: Mapping[str, str]) -> None:
        stairwell = cells.get("stairwell", "")
        homes, shops = self._count(cells, "homes"), self._count(cells, "shops")
        if compound.kind is CompoundKind.SHOPS and shops is None:
            homes, shops = None, homes
        number = cells.get("number")
        if number:
            self._door(row, compound, building, stairwell, number, cells)
        elif cells.get("floor"):
            floor, top = _band(cells)
            known = self._floor(row, building, stairwell, floor, top)
            if known.row != row:
                raise Wrong("floor", "floor-twice", other=known.row)
            known.homes, known.shops = homes or 0, shops or 0
        elif homes or shops:
            count = self._count(cells, "stairwells") or 1
            storeys = self._count(cells, "floors") or 1
            if storeys > MOST_STOREYS or count > MOST_STAIRWELLS:
                raise Wrong("floors", "too-many")
            names = [stairwell] if stairwell or count == 1 else [f"{at}单元" for at in range(1, count + 1)]
            spread(row, building, names, storeys, homes or 0, shops or 0)

    def _door(
        self, row: int, compound: Listed, building: ListedBuilding, stairwell: str, number: str,
        cells: Mapping[str, str],
    ) -> None:  # fmt: skip
        floor, top = _band(cells) if cells.get("floor") else (_floor_of(number),) * 2
        known = self._floor(row, building, stairwell, floor, top)
        if known.doors is None:
            known.doors = {}
        if number in known.doors:
            raise Wrong("number", "door-twice", text=number)
        use = cells.get("use", "")
        is_shop = compound.kind is CompoundKind.SHOPS or use in SHOP_WORDS or use in self._reading.shops
        known.doors[number] = is_shop
        known.shops += is_shop
        known.homes += not is_shop

    def _floor(self, row: int, building: ListedBuilding, stairwell: str, floor: int, top: int) -> ListedFloor:
        key = same_stairwell(stairwell) if stairwell else ""
        building.stairwells.setdefault(key, stairwell)
        found = building.floors.get((key, floor))
        if found is None:
            found = building.floors[key, floor] = ListedFloor(row, floor, top)
        found.top = max(found.top, top)
        return found

    def _point(self, cells: Mapping[str, str]) -> tuple[float | None, float | None]:
        if not cells.get("lon") and not cells.get("lat"):
            return None, None
        try:
            return float(cells.get("lon", "")), float(cells.get("lat", ""))
        except ValueError as error:
            raise Wrong("lon", "bad-point") from error

    def _count(self, cells: Mapping[str, str], name: str) -> int | None:
        text = cells.get(name)
        if not text:
            return None
        plain = _UNIT.sub("", text.replace(",", "").replace(" ", ""))
        try:
            value = float(plain)
        except ValueError:
            value = -1.0
        if not (0 <= value <= MOST_HOMES and value == int(value)):
            raise Wrong(name, "bad-number", zh=FIELDS[name].zh, en=name, most=MOST_HOMES)
        return int(value)

    def _warn(self, row: int, name: str, code: str, **params: object) -> None:
        self.warnings.append(notice(row, name, code, **params))


def spread(
    row: int, building: ListedBuilding, stairwells: list[str], storeys: int, homes: int, shops: int
) -> None:
    """Share out a building's totals: shops on the ground floor, homes evenly, the remainder from below.

    Floors that other rows list are left alone. What is shared out is marked as estimated.
    """
    keys = [same_stairwell(stairwell) if stairwell else "" for stairwell in stairwells]
    building.stairwells |= {
        key: building.stairwells.get(key, name) for key, name in zip(keys, stairwells, strict=True)
    }
    parts = [(key, floor) for floor in range(1, storeys + 1) for key in keys]
    each, more = divmod(homes, len(parts))
    shops_each, shops_more = divmod(shops, len(keys))
    for index, (stairwell, floor) in enumerate(parts):
        if (stairwell, floor) in building.floors:
            continue
        ground = floor == 1
        building.floors[stairwell, floor] = ListedFloor(
            row, floor, floor, each + (index < more),
            shops_each + (index < shops_more) if ground else 0, estimated=len(parts) > 1,
        )  # fmt: skip


def _apart(known: Listed, lon: float | None, lat: float | None) -> bool:
    """Whether two points as written are too far apart for one compound, whatever their datum."""
    if lon is None or lat is None or known.lon is None or known.lat is None:
        return False
    scale = math.cos(math.radians(min(abs(lat), 90.0)))
    return math.hypot((lon - known.lon) * scale, lat - known.lat) * METRES_A_DEGREE > NEAR_METRES


def _storey(text: str) -> int:
    found = _STOREY.fullmatch(text.strip())
    if found is None:
        raise Wrong("floor", "bad-floor", text=text)
    value = -int(found[2]) if found[1] else int(found[2])
    if not LOWEST <= value <= MOST_STOREYS:
        raise Wrong("floor", "bad-floor", text=text)
    return value


def _band(cells: Mapping[str, str]) -> tuple[int, int]:
    text, top = cells["floor"], cells.get("top", "")
    both = _BAND.fullmatch(text)
    if both is not None and not top:
        text, top = both[1], both[2]
    low = _storey(text)
    high = _storey(top) if top else low
    if high < low:
        raise Wrong("top", "bad-floor", text=top)
    return low, high


def _floor_of(number: str) -> int:
    """The floor in a door's number: 301 and 3-01 are on the third; anything else counts as the first."""
    digits = re.fullmatch(r"(\d{1,2})(?:-|)(\d{2})", number)
    return int(digits[1]) or 1 if digits else 1
