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
from shanzhi.base.rows.wide import FLOAT, ID, INT, Raw, id_array, ids_of, read_wide
from shanzhi.core.geometry import Metres
from shanzhi.core.planning import neighbours

Ints = NDArray[np.int64]

_FEW = 10  # communities that are read one by one in no time

# What stood there on the day. Rows of a city come as arrays (base/rows/wide): as objects they took twice the query's
# time. Names become their rank in a list that was read before; one that is not in it says that the list is old.
_COMPOUNDS = """
SELECT uuid_send(up.ancestor_id), uuid_send(c.id), c.name, c.lon, c.lat, c.area
FROM places_placeclosure up
JOIN places_place p ON p.id = up.ancestor_id AND p.level = 'community'
JOIN compounds_compound c ON c.place_id = up.descendant_id AND c.opened_on <= %(on)s
  AND (c.closed_on IS NULL OR c.closed_on > %(on)s)
WHERE up.ancestor_id = ANY(%(communities)s) AND up.from_on <= %(on)s AND (up.to_on IS NULL OR up.to_on > %(on)s)
"""
_OF_COMPOUNDS = """
(SELECT compound_id AS above, id, name, lon, lat FROM compounds_building WHERE {within}
  AND opened_on <= %(on)s AND (closed_on IS NULL OR closed_on > %(on)s)) AS own
"""
_OF_BUILDING = (
    ("above", ID, "own.above"), ("id", ID, "id"),
    ("lon", FLOAT, "coalesce(lon, 'NaN')"), ("lat", FLOAT, "coalesce(lat, 'NaN')"),
)  # fmt: skip
_OF_BUILDINGS = """
(SELECT area, building_id AS above, stairwell AS name, floor, top, homes, shops, id FROM compounds_floor
WHERE {within} AND opened_on <= %(on)s
  AND (closed_on IS NULL OR closed_on > %(on)s) AND homes + shops > 0) AS own
"""
_MEMBERSHIP = """
LEFT JOIN compounds_membership m ON m.area = own.area AND m.floor_id = own.id AND m.from_on <= %(on)s
  AND (m.to_on IS NULL OR m.to_on > %(on)s)
"""
_OF_FLOOR = (
    ("above", ID, "own.above"), ("floor", INT, "own.floor::int4"), ("top", INT, "own.top::int4"),
    ("homes", INT, "own.homes"), ("shops", INT, "own.shops"), ("id", ID, "own.id"),
    ("place", ID, "coalesce(m.place_id, '00000000-0000-0000-0000-000000000000')"),
)  # fmt: skip


@dataclass(frozen=True)
class Instance:
    """n floors, by community, compound, building, stairwell, floor; whole-number columns index the lists of ids."""

    raw: Raw
    """The ids of the floors."""
    areas: list[str]
    """The district of each compound."""
    communities: list[UUID]
    community: Ints
    compounds: list[tuple[UUID, str]]
    compound: Ints
    buildings: list[tuple[UUID, str]]
    building: Ints
    stairwell: Ints
    stair: Ints
    stair_names: list[str]
    floor: Ints
    top: Ints
    homes: Ints
    shops: Ints
    lonlat: NDArray[np.float64]
    microgrids: list[UUID]
    microgrid: Ints
    """The micro-grid in force, -1 for none."""

    @cached_property
    def ids(self) -> list[UUID]:
        """The ids of the floors."""
        return ids_of(self.raw)

    @cached_property
    def stairs(self) -> list[str]:
        """The name of each floor's stairwell."""
        return [self.stair_names[at] for at in self.stair.tolist()]

    def area(self, at: int) -> str:
        """The district of a floor."""
        return self.areas[int(self.compound[at])]

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


def _by_length(name: str) -> tuple[int, str]:
    """An order that does not hang on the database's own: 2栋 before 10栋."""
    return len(name), name


@dataclass(frozen=True)
class _Source:
    """Rows under others, whose names are ranked; `beside` is joined to what is read of them, and not to the names."""

    above: str
    rows: str
    columns: tuple[tuple[str, str, str], ...]
    beside: str = ""

    def few(self, cursor: Any, above: Raw, on: date) -> tuple[list[str], NDArray[Any]]:
        """Names in their order; and the rows under some others, whose `rank` is that of their name."""
        told = ", ".join(f"uuid_send({sql})" if kind == ID else sql for _, kind, sql in self.columns)
        within = self.rows.format(within=f"{self.above} = ANY(%(above)s::uuid[])")
        cursor.execute(
            f"SELECT own.name, {told} FROM {within} {self.beside}", {"above": id_array(above), "on": on}
        )
        found = cursor.fetchall()
        names, rank = _ranks([row[0] for row in found], _by_length)
        rows = np.array([(0, *row[1:]) for row in found], self._kinds)
        rows["rank"] = rank
        return names, rows

    def many(self, cursor: Any, areas: list[str], above: Raw, on: date) -> tuple[list[str], NDArray[Any]]:
        """The same from the rows of whole districts: a list of a hundred thousand ids is dearer to the server."""
        told = ", ".join(f"{sql} AS {name}" for name, _, sql in self.columns)
        within = self.rows.format(within="area = ANY(%(areas)s)")
        while True:
            cursor.execute(f"SELECT DISTINCT name FROM {within}", {"areas": areas, "on": on})
            names = sorted((name for (name,) in cursor.fetchall()), key=_by_length)
            rows = read_wide(
                cursor, f"SELECT coalesce(known.rank - 1, -1)::int4 AS rank, {told} FROM {within} {self.beside} "
                "LEFT JOIN unnest(%(names)s::text[]) WITH ORDINALITY AS known (called, rank) ON called = own.name",
                {"areas": areas, "on": on, "names": names}, self._kinds,
            )  # fmt: skip
            if (rows["rank"] >= 0).all():  # else a name has come in between
                return names, rows[np.isin(rows["above"], above)]

    @property
    def _kinds(self) -> list[tuple[str, str]]:
        return [("rank", INT), *((name, kind) for name, kind, _ in self.columns)]


_BUILDINGS = _Source("compound_id", _OF_COMPOUNDS, _OF_BUILDING)
_FLOORS = _Source("building_id", _OF_BUILDINGS, _OF_FLOOR, _MEMBERSHIP)


def _index(ids: Raw, column: Raw) -> Ints:
    """Where each value of a column lies among ids, all of which are there."""
    order = np.argsort(ids)
    return order[np.searchsorted(ids, column, sorter=order)]


def read(communities: Sequence[UUID], on: date) -> Instance:
    """The floors that stand in these communities on the day."""
    wide = len(communities) > _FEW
    with in_sets(wide), connection.cursor() as cursor:
        cursor.execute(_COMPOUNDS, {"communities": list(communities), "on": on})
        compounds = sorted(cursor.fetchall(), key=lambda row: (row[0], row[2], row[1]))
        groups = np.array([row[1] for row in compounds], ID)
        areas = sorted({row[5] for row in compounds})
        names, houses = (
            _BUILDINGS.many(cursor, areas, groups, on) if wide else _BUILDINGS.few(cursor, groups, on)
        )
        group = _index(groups, houses["above"])
        order = np.lexsort((houses["id"], houses["rank"], group))
        houses, group = houses[order], group[order]
        stairs, floors = (
            _FLOORS.many(cursor, areas, houses["id"], on) if wide else _FLOORS.few(cursor, houses["id"], on)
        )
    house, stair = _index(houses["id"], floors["above"]), floors["rank"].astype(np.int64)
    order = np.lexsort((floors["floor"], stair, house))
    floors, house, stair = floors[order], house[order], stair[order]

    used, building = np.unique(house, return_inverse=True)
    building = building.reshape(-1)
    owner = group[used]
    mine, compound_of = np.unique(owner, return_inverse=True)
    compound = compound_of.reshape(-1)[building]
    towns, town = _ranks([compounds[at][0] for at in mine.tolist()])
    around = np.array([(row[3], row[4]) for row in compounds], np.float64).reshape(-1, 2)[owner]
    spots: NDArray[np.float64] = np.stack([houses[axis][used] for axis in ("lon", "lat")], axis=1)
    spots = np.where(np.isnan(spots[:, :1]), around, spots.astype(np.float64))
    held = floors["place"] != b""
    microgrid = np.full(len(floors), -1, np.int64)
    known, microgrid[held] = np.unique(floors["place"][held], return_inverse=True)
    community = town[compound]
    return Instance(
        raw=np.ascontiguousarray(floors["id"]),
        areas=[compounds[at][5] for at in mine.tolist()],
        communities=[UUID(bytes=found) for found in towns],
        community=community,
        compounds=[(UUID(bytes=compounds[at][1]), compounds[at][2]) for at in mine.tolist()],
        compound=compound,
        buildings=[
            (found, names[rank])
            for found, rank in zip(ids_of(houses["id"][used]), houses["rank"][used].tolist(), strict=True)
        ],
        building=building,
        stairwell=np.unique(building * (len(stairs) + 1) + stair, return_inverse=True)[1].reshape(-1),
        stair=stair,
        stair_names=stairs,
        floor=floors["floor"].astype(np.int64),
        top=floors["top"].astype(np.int64),
        homes=floors["homes"].astype(np.int64),
        shops=floors["shops"].astype(np.int64),
        lonlat=_placed(spots[building], community),
        microgrids=ids_of(known),
        microgrid=microgrid,
    )


def _placed(lonlat: NDArray[np.float64], community: Ints) -> NDArray[np.float64]:
    """Floors without a point get the mean of their community, or of all."""
    lost = np.isnan(lonlat[:, 0])
    if not lost.any():
        return lonlat
    whole = np.nanmean(lonlat, axis=0) if not lost.all() else np.zeros(2)
    for place in np.unique(community[lost]).tolist():
        here = community == place
        seen = here & ~lost
        lonlat[here & lost] = lonlat[seen].mean(axis=0) if seen.any() else whole
    return lonlat
