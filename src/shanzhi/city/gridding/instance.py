"""Floors of some communities as arrays: what a partition works on. Read only."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any
from uuid import UUID

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from shanzhi.base.rows import in_sets
from shanzhi.core.geometry import Metres
from shanzhi.core.planning import neighbours

Ints = NDArray[np.int64]

_FEW = 10  # communities that are read one by one in no time

# What stood there on the day. Ids come as bytes: objects for each would take longer than the query.
_COMPOUNDS = """
SELECT uuid_send(up.ancestor_id), uuid_send(c.id), c.name, c.lon, c.lat, c.id
FROM places_placeclosure up
JOIN places_place p ON p.id = up.ancestor_id AND p.level = 'community'
JOIN compounds_compound c ON c.place_id = up.descendant_id AND c.opened_on <= %(on)s
  AND (c.closed_on IS NULL OR c.closed_on > %(on)s)
WHERE up.ancestor_id = ANY(%(communities)s) AND up.from_on <= %(on)s AND (up.to_on IS NULL OR up.to_on > %(on)s)
"""
_BUILDINGS = """
SELECT uuid_send(b.compound_id), uuid_send(b.id), b.name, b.lon, b.lat, b.id
FROM compounds_building b WHERE b.compound_id = ANY(%(compounds)s) AND b.opened_on <= %(on)s
  AND (b.closed_on IS NULL OR b.closed_on > %(on)s)
"""
_FLOORS = """
SELECT uuid_send(f.building_id), f.stairwell, f.floor, f.top, f.homes, f.shops, uuid_send(f.id), f.area,
  uuid_send(m.place_id)
FROM compounds_floor f
LEFT JOIN compounds_membership m ON m.area = f.area AND m.floor_id = f.id AND m.from_on <= %(on)s
  AND (m.to_on IS NULL OR m.to_on > %(on)s)
WHERE f.building_id = ANY(%(buildings)s) AND f.opened_on <= %(on)s
  AND (f.closed_on IS NULL OR f.closed_on > %(on)s) AND f.homes + f.shops > 0
"""


@dataclass(frozen=True)
class Instance:
    """n floors, by community, compound, building, stairwell, floor; whole-number columns index the lists of ids."""

    area: list[str]
    ids: list[UUID]
    communities: list[UUID]
    community: Ints
    compounds: list[tuple[UUID, str]]
    compound: Ints
    buildings: list[tuple[UUID, str]]
    building: Ints
    stairwell: Ints
    stairs: list[str]
    floor: Ints
    top: Ints
    homes: Ints
    shops: Ints
    lonlat: NDArray[np.float64]
    microgrids: list[UUID]
    microgrid: Ints
    """The micro-grid in force, -1 for none."""

    @cached_property
    def households(self) -> Ints:
        """Homes and shops of each floor: what the bounds count."""
        return self.homes + self.shops

    @cached_property
    def xy(self) -> NDArray[np.float64]:
        """Metres about the middle (n, 2); a building without a point stands at its community's middle."""
        return Metres.about(*self.lonlat.T).from_degrees(self.lonlat)

    @cached_property
    def edges(self) -> tuple[Ints, NDArray[np.int8]]:
        """Which floors lie beside which, and how (see core/planning/neighbours)."""
        return neighbours(
            self.xy, community=self.community, compound=self.compound, building=self.building,
            stairwell=self.stairwell, floor=self.floor,
        )  # fmt: skip

    def slices(self) -> list[slice]:
        """The floors of each community, in the order of `communities`."""
        ends = np.searchsorted(self.community, np.arange(len(self.communities) + 1))
        return [slice(int(begin), int(end)) for begin, end in zip(ends[:-1], ends[1:], strict=True)]


def whole(values: Sequence[int]) -> Ints:
    """A column of whole numbers."""
    return np.array(values, np.int64)


def _ranks(column: Sequence[Any], order: Any = None) -> tuple[list[Any], Ints]:
    """The values in their order, and the position of each row's value in it."""
    values = sorted(set(column), key=order)
    place = {value: at for at, value in enumerate(values)}
    return values, np.fromiter((place[value] for value in column), np.int64, len(column))


def read(communities: Sequence[UUID], on: date) -> Instance:
    """The floors that stand in these communities on the day."""
    with in_sets(len(communities) > _FEW), connection.cursor() as cursor:
        cursor.execute(_COMPOUNDS, {"communities": list(communities), "on": on})
        compounds = sorted(cursor.fetchall(), key=lambda row: (row[0], row[2], row[1]))
        cursor.execute(_BUILDINGS, {"compounds": [row[5] for row in compounds], "on": on})
        nth = {row[1]: at for at, row in enumerate(compounds)}
        # An order that does not hang on the database's own: 2栋 before 10栋.
        buildings = sorted(cursor.fetchall(), key=lambda row: (nth[row[0]], len(row[2]), row[2], row[1]))
        cursor.execute(_FLOORS, {"buildings": [row[5] for row in buildings], "on": on})
        floors = cursor.fetchall()
    columns: list[Any] = list(zip(*floors, strict=True)) if floors else [()] * 9
    house_of = {row[1]: at for at, row in enumerate(buildings)}
    house = np.fromiter((house_of[found] for found in columns[0]), np.int64, len(floors))
    stairs, stair = _ranks(columns[1], lambda name: (len(name), name))
    storey = np.array(columns[2], np.int64)
    order = np.lexsort((storey, stair, house))
    house, stair = house[order], stair[order]

    used, building = np.unique(house, return_inverse=True)
    building = building.reshape(-1)
    owner = np.array([nth[buildings[at][0]] for at in used.tolist()], np.int64)
    mine, compound_of = np.unique(owner, return_inverse=True)
    compound = compound_of.reshape(-1)[building] if len(building) else building
    towns, town = _ranks([compounds[at][0] for at in mine.tolist()])
    point = [
        (b[3], b[4]) if b[3] is not None else (compounds[nth[b[0]]][3], compounds[nth[b[0]]][4])
        for b in (buildings[at] for at in used.tolist())
    ]
    spots = np.array(point, np.float64).reshape(-1, 2)
    ids, areas, grids = columns[6], columns[7], columns[8]
    known, grid = _ranks([found for found in grids if found is not None])
    microgrid = np.full(len(floors), -1, np.int64)
    microgrid[[found is not None for found in grids]] = grid
    community = town[compound] if len(compound) else compound
    return Instance(
        area=[areas[at] for at in order],
        ids=[UUID(bytes=ids[at]) for at in order],
        communities=[UUID(bytes=found) for found in towns],
        community=community,
        compounds=[(UUID(bytes=compounds[at][1]), compounds[at][2]) for at in mine.tolist()],
        compound=compound,
        buildings=[(UUID(bytes=buildings[at][1]), buildings[at][2]) for at in used.tolist()],
        building=building,
        stairwell=np.unique(building * (len(stairs) + 1) + stair, return_inverse=True)[1].reshape(-1),
        stairs=[stairs[at] for at in stair.tolist()],
        floor=storey[order],
        top=np.array(columns[3], np.int64)[order],
        homes=np.array(columns[4], np.int64)[order],
        shops=np.array(columns[5], np.int64)[order],
        lonlat=_placed(spots[building], community),
        microgrids=[UUID(bytes=found) for found in known],
        microgrid=microgrid[order],
    )


def _placed(lonlat: NDArray[np.float64], community: Ints) -> NDArray[np.float64]:
    """Floors without a point get the mean of their community, or of all."""
    lost = np.isnan(lonlat[:, 0]) if len(lonlat) else np.zeros(0, bool)
    if not lost.any():
        return lonlat
    whole = np.nanmean(lonlat, axis=0) if not lost.all() else np.zeros(2)
    for place in np.unique(community[lost]).tolist():
        here = community == place
        seen = here & ~lost
        lonlat[here & lost] = lonlat[seen].mean(axis=0) if seen.any() else whole
    return lonlat
