"""Buildings, floors and doors as listed beside those known (楼栋结构比对). Pure: writes are in `store`."""

from collections.abc import Iterable, Sized
from dataclasses import dataclass, field
from uuid import UUID

from shanzhi.city.compounds.in_force import Counted
from shanzhi.city.compounds.listed import (
    Listed,
    ListedBuilding,
    ListedFloor,
    same_building,
    same_stairwell,
)
from shanzhi.city.compounds.notices import Notice, notice
from shanzhi.core.kit.ids import uuid7


@dataclass(slots=True)
class KnownFloor:
    """A floor as it stands; `doors` is number -> (home id, whether it is a shop)."""

    id: UUID
    stairwell: str
    floor: int
    top: int
    homes: int
    shops: int
    estimated: bool
    doors: dict[str, tuple[UUID, bool]] | None = None


@dataclass(slots=True)
class KnownBuilding:
    """A building as it stands. `stairwells` has the names of its stairwells, by how they are compared."""

    id: UUID
    name: str
    lon: float | None
    lat: float | None
    floors: dict[tuple[str, int], KnownFloor] = field(default_factory=dict)
    stairwells: dict[str, str] = field(default_factory=dict)


@dataclass
class Changes:
    """Rows to write. New rows are complete, changed ones are (area, id, values…)."""

    new_buildings: list[tuple[object, ...]] = field(default_factory=list)
    new_floors: list[tuple[object, ...]] = field(default_factory=list)
    new_homes: list[tuple[object, ...]] = field(default_factory=list)
    moved_buildings: list[tuple[str, UUID, float | None, float | None]] = field(default_factory=list)
    recounted: list[tuple[str, UUID, int, int, int, bool]] = field(default_factory=list)
    reused: list[tuple[str, UUID, bool]] = field(default_factory=list)
    closed_floors: list[UUID] = field(default_factory=list)
    closed_buildings: list[UUID] = field(default_factory=list)
    warnings: list[Notice] = field(default_factory=list)

    def size(self) -> int:
        """How many rows."""
        lists: tuple[Sized, ...] = (
            self.new_buildings, self.new_floors, self.new_homes, self.moved_buildings, self.recounted,
            self.reused, self.closed_floors, self.closed_buildings,
        )  # fmt: skip
        return sum(map(len, lists))


def compare(
    compound: UUID, one: Listed, known: list[KnownBuilding], into: Changes, *, close_gone: bool
) -> bool:
    """Add to `into` what the file changes in one compound, and bring `known` up to date; whether anything changed.

    Listed floors replace estimated ones; estimates never replace listed floors. What the file does not name
    stays, unless `close_gone` or it was only estimated.
    """
    before = into.size()
    standing = {same_building(building.name) if building.name else "": building for building in known}
    for key, listed in one.buildings.items():
        building = standing.get(key)
        if building is None:
            building = standing[key] = KnownBuilding(uuid7(), listed.name, listed.lon, listed.lat)
            known.append(building)
            into.new_buildings.append((building.id, one.area, compound, listed.name, listed.lon, listed.lat))
        elif listed.lon is not None and (listed.lon, listed.lat) != (building.lon, building.lat):
            building.lon, building.lat = listed.lon, listed.lat
            into.moved_buildings.append((one.area, building.id, listed.lon, listed.lat))
        if listed.floors and building.floors:
            _end(building, listed, into, close_gone)
        for place, floor in listed.floors.items():
            _floor(one, building, place, listed.stairwells.get(place[0], ""), floor, into)
    real = any(not floor.estimated for listed in one.buildings.values() for floor in listed.floors.values())
    if one.buildings and (close_gone or real):
        for key, building in standing.items():
            if key not in one.buildings and (close_gone or _only_estimated(building)):
                into.closed_buildings.append(building.id)
                into.closed_floors += [floor.id for floor in building.floors.values()]
                known.remove(building)
    return into.size() > before


def _only_estimated(building: KnownBuilding) -> bool:
    """Whether it was only made up: it ends where floors of its compound are listed."""
    return bool(building.floors) and all(floor.estimated for floor in building.floors.values())


def counted(known: Iterable[KnownBuilding]) -> Counted:
    """What the floors add up to."""
    with_floors = [building for building in known if building.floors]
    homes = sum(floor.homes for building in with_floors for floor in building.floors.values())
    return Counted(homes, len(with_floors))


def _end(building: KnownBuilding, listed: ListedBuilding, into: Changes, close_gone: bool) -> None:
    """Floors that what is listed replaces: estimates by a list, another cut by the newer one."""
    real = any(not floor.estimated for floor in listed.floors.values())
    for place, floor in list(building.floors.items()):
        if place in listed.floors:
            continue
        if close_gone or (real and floor.estimated) or (real and _covered(place[0], floor, listed.floors)):
            into.closed_floors.append(floor.id)
            del building.floors[place]


def _covered(stairwell: str, known: KnownFloor, listed: dict[tuple[str, int], ListedFloor]) -> bool:
    """Whether floors that are listed take in a known one of another cut: the newer cut replaces it."""
    return any(
        place[0] == stairwell and floor.floor <= known.top and known.floor <= floor.top
        for place, floor in listed.items()
    )


def _floor(
    one: Listed,
    building: KnownBuilding,
    place: tuple[str, int],
    stairwell: str,
    listed: ListedFloor,
    into: Changes,
) -> None:
    known = building.floors.get(place)
    if known is None:
        if listed.estimated and any(not floor.estimated for floor in building.floors.values()):
            return
        stairwell = building.stairwells.setdefault(place[0], stairwell)
        known = KnownFloor(
            uuid7(), stairwell, listed.floor, listed.top, listed.homes, listed.shops, listed.estimated
        )
        building.floors[place] = known
        into.new_floors.append(
            (known.id, one.area, building.id, stairwell, listed.floor, listed.top, listed.homes, listed.shops,
             listed.estimated)
        )  # fmt: skip
        _doors(one, known, listed, into)
        return
    if listed.estimated and not known.estimated:
        return
    homes, shops = listed.homes, listed.shops
    if listed.doors is not None:
        kept = [shop for number, (_, shop) in (known.doors or {}).items() if number not in listed.doors]
        shops += sum(kept)
        homes += len(kept) - sum(kept)
        _doors(one, known, listed, into)
    if (listed.top, homes, shops, listed.estimated) != (known.top, known.homes, known.shops, known.estimated):
        known.top, known.homes, known.shops, known.estimated = listed.top, homes, shops, listed.estimated
        into.recounted.append((one.area, known.id, listed.top, homes, shops, listed.estimated))


def _doors(one: Listed, known: KnownFloor, listed: ListedFloor, into: Changes) -> None:
    if not listed.doors:
        return
    doors = known.doors = known.doors or {}
    for number, shop in listed.doors.items():
        if number not in doors:
            doors[number] = (uuid7(), shop)
            into.new_homes.append((doors[number][0], one.area, known.id, number, shop))
        elif doors[number][1] != shop:
            doors[number] = (doors[number][0], shop)
            into.reused.append((one.area, doors[number][0], shop))


def overlaps(one: Listed) -> list[Notice]:
    """Floors of one stairwell whose bands overlap: the later row is in error."""
    found = []
    for building in one.buildings.values():
        last: dict[str, ListedFloor] = {}
        for (stairwell, _), floor in sorted(building.floors.items()):
            below = last.get(stairwell)
            if below is not None and floor.floor <= below.top:
                first, last_row = sorted((floor.row, below.row))
                found.append(notice(last_row, "floor", "floors-overlap", other=first))
            last[stairwell] = floor
    return found


def floor_key(stairwell: str, floor: int) -> tuple[str, int]:
    """How a floor is found again within its building."""
    return (same_stairwell(stairwell) if stairwell else ""), floor
