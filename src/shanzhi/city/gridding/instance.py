"""Floors of some communities as arrays: what a partition works on. Read only."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any
from uuid import UUID

import numpy as np
from django.db import connection, transaction
from numpy.typing import NDArray

from shanzhi.core.geometry import Metres
from shanzhi.core.planning import neighbours

Ints = NDArray[np.int64]

_FEW = 10  # communities that are read one by one in no time

# A floor, where it stands, whose community it is in, and its micro-grid on the day.
_FLOORS = """
SELECT f.area, uuid_send(f.id), uuid_send(up.ancestor_id), uuid_send(c.id), uuid_send(b.id), f.stairwell,
  f.floor, f.top, f.homes, f.shops, coalesce(b.lon, c.lon), coalesce(b.lat, c.lat), uuid_send(m.place_id), c.name,
  b.name
FROM places_placeclosure up
JOIN places_place p ON p.id = up.ancestor_id AND p.level = 'community'
JOIN compounds_compound c ON c.place_id = up.descendant_id AND c.opened_on <= %(on)s
  AND (c.closed_on IS NULL OR c.closed_on > %(on)s)
JOIN compounds_building b ON b.area = c.area AND b.compound_id = c.id AND b.opened_on <= %(on)s
  AND (b.closed_on IS NULL OR b.closed_on > %(on)s)
JOIN compounds_floor f ON f.area = b.area AND f.building_id = b.id AND f.opened_on <= %(on)s
  AND (f.closed_on IS NULL OR f.closed_on > %(on)s) AND f.homes + f.shops > 0
LEFT JOIN compounds_membership m ON m.area = f.area AND m.floor_id = f.id AND m.from_on <= %(on)s
  AND (m.to_on IS NULL OR m.to_on > %(on)s)
WHERE up.ancestor_id = ANY(%(communities)s) AND up.from_on <= %(on)s AND (up.to_on IS NULL OR up.to_on > %(on)s)
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

    @property
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


@contextmanager
def in_sets(wide: bool) -> Iterator[None]:
    """Plans for many rows, whatever the server knows of the tables.

    Right after a large import it knows nothing, and joins row by row: measured 22 s instead of 0.4 s.
    """
    if not wide:
        yield
        return
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_nestloop = off")
        yield
        cursor.execute("SET LOCAL enable_nestloop = on")


def whole(values: Sequence[int]) -> Ints:
    """A column of whole numbers."""
    return np.array(values, np.int64)


def _numbered(column: Sequence[Any]) -> tuple[list[Any], Ints]:
    index: dict[Any, int] = {}
    numbers = np.fromiter((index.setdefault(value, len(index)) for value in column), np.int64, len(column))
    return list(index), numbers


def read(communities: Sequence[UUID], on: date) -> Instance:
    """The floors that stand in these communities on the day."""
    with in_sets(len(communities) > _FEW), connection.cursor() as cursor:
        cursor.execute(_FLOORS, {"communities": list(communities), "on": on})
        rows = cursor.fetchall()
    # Order that does not hang on the database's own: names of compounds and buildings, storeys.
    rows.sort(key=lambda r: (r[2], r[13], r[3], len(r[14]), r[14], r[4], len(r[5]), r[5], r[6], r[1]))
    columns = list(zip(*rows, strict=True)) if rows else [()] * 15
    (
        areas,
        ids,
        places,
        compounds,
        buildings,
        stairs,
        floor,
        top,
        homes,
        shops,
        lon,
        lat,
        grids,
        names,
        houses,
    ) = columns
    communities_, community = _numbered(places)
    compounds_, compound = _numbered(compounds)
    buildings_, building = _numbered(buildings)
    _, stairwell = _numbered(list(zip(buildings, stairs, strict=True)))
    known, grid = _numbered([g for g in grids if g is not None])
    microgrid = np.full(len(rows), -1, np.int64)
    microgrid[[g is not None for g in grids]] = grid
    called = dict(zip(compounds, names, strict=True))
    built = dict(zip(buildings, houses, strict=True))
    lonlat = np.array([lon, lat], np.float64).T.reshape(-1, 2)
    return Instance(
        area=list(areas),
        ids=[UUID(bytes=found) for found in ids],
        communities=[UUID(bytes=found) for found in communities_],
        community=community,
        compounds=[(UUID(bytes=found), called[found]) for found in compounds_],
        compound=compound,
        buildings=[(UUID(bytes=found), built[found]) for found in buildings_],
        building=building,
        stairwell=stairwell,
        stairs=list(stairs),
        floor=np.array(floor, np.int64),
        top=np.array(top, np.int64),
        homes=np.array(homes, np.int64),
        shops=np.array(shops, np.int64),
        lonlat=_placed(lonlat, community),
        microgrids=[UUID(bytes=found) for found in known],
        microgrid=microgrid,
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
