"""Compounds in the database: read by area, written in sets. Called by `actions` and `imports` alone."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

import numpy as np
from django.db import connection

from shanzhi.city.compounds.in_force import Choice, Counted, Said
from shanzhi.city.compounds.listed import same_address, same_name
from shanzhi.city.compounds.matching import KnownCompound
from shanzhi.city.compounds.structure import Changes, KnownBuilding, KnownFloor, floor_key
from shanzhi.city.places.outlines import Outlines

_LOCK = 0x636D7064  # "cmpd": one import at a time

VALUES = (
    "kind",
    "code",
    "name",
    "address",
    "place",
    "lon",
    "lat",
    "datum",
    "households",
    "buildings",
    "conflict",
)
_COMPOUND = (
    "id, area, kind, code, name, pinyin, address, place_id, lon, lat, datum, boundary, households, buildings, "
    "conflict, opened_on"
)
_LINE = (
    "id, area, compound_id, source, key, code, name, kind, address, lon, lat, datum, households, buildings, "
    "seen_on"
)


@dataclass(slots=True)
class Line:
    """A row of CompoundSource."""

    id: UUID
    compound: UUID
    said: Said
    gone: bool = False


@dataclass
class Stock:
    """What stands in some areas. `values` is a compound's row by the names of VALUES."""

    values: dict[UUID, dict[str, Any]] = field(default_factory=dict)
    areas: dict[UUID, str] = field(default_factory=dict)
    boundaries: dict[UUID, bytes | None] = field(default_factory=dict)
    lines: dict[tuple[str, str, str], Line] = field(default_factory=dict)
    lines_of: dict[UUID, list[Line]] = field(default_factory=dict)
    choices: dict[UUID, dict[str, Choice]] = field(default_factory=dict)

    def known(self) -> list[KnownCompound]:
        """The compounds as matching needs them."""
        found = []
        for compound, now in self.values.items():
            one = KnownCompound(compound, self.areas[compound], {same_name(now["name"])})
            if now["code"]:
                one.codes.add(now["code"])
            if now["lon"] is not None:
                one.points.append((now["lon"], now["lat"]))
            if now["address"]:
                one.addresses.add(same_address(now["address"]))
            for line in self.lines_of.get(compound, ()):
                one.names.add(same_name(line.said.name))
                if line.said.code:
                    one.codes.add(line.said.code)
                if line.said.position is not None:
                    one.points.append(line.said.position[:2])
                if line.said.address:
                    one.addresses.add(same_address(line.said.address))
                one.lines.setdefault(line.said.source, set()).add(line.said.key)
            found.append(one)
        return found


def lock() -> None:
    """Until the end of the transaction nobody else imports compounds."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])


def read_stock(areas: Iterable[str], compounds: Sequence[UUID] | None = None) -> Stock:
    """The open compounds of some areas (or only these of them) with their sources and choices."""
    stock = Stock()
    within = "c.area = ANY(%s)"
    params: list[list[str] | list[UUID]] = [sorted(areas)]
    if compounds is not None:
        within, params = within + " AND c.id = ANY(%s)", [*params, list(compounds)]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.id, c.area, c.kind, c.code, c.name, c.address, c.place_id, c.lon, c.lat, c.datum, "
            "c.households, c.buildings, c.conflict, c.boundary FROM compounds_compound c "
            f"WHERE {within} AND c.closed_on IS NULL",
            params,
        )
        for compound, area, *values, boundary in cursor.fetchall():
            stock.values[compound] = dict(zip(VALUES, values, strict=True))
            stock.areas[compound] = area
            stock.boundaries[compound] = None if boundary is None else bytes(boundary)
        cursor.execute(
            "SELECT s.id, s.area, s.compound_id, s.source, s.key, s.seen_on, s.name, s.kind, s.code, s.address, "
            "s.lon, s.lat, s.datum, s.households, s.buildings, s.gone_on IS NOT NULL FROM compounds_compoundsource s "
            f"WHERE {within.replace('c.id', 's.compound_id').replace('c.area', 's.area')}",
            params,
        )
        for line_id, area, compound, source, key, seen_on, *said, gone in cursor.fetchall():
            name, kind, code, address, lon, lat, datum, households, buildings = said
            position = None if lon is None else (lon, lat, datum)
            line = Line(
                line_id, compound,
                Said(source, key, seen_on, name, kind, code, address, position, households, buildings), gone,
            )  # fmt: skip
            stock.lines[area, source, key] = line
            if not gone:
                stock.lines_of.setdefault(compound, []).append(line)
        cursor.execute(
            "SELECT DISTINCT ON (h.compound_id, h.field) h.compound_id, h.field, h.source, h.key, h.reason "
            "FROM compounds_compoundchoice h "
            f"WHERE {within.replace('c.id', 'h.compound_id').replace('c.area', 'h.area')} "
            "ORDER BY h.compound_id, h.field, h.position DESC",
            params,
        )
        for compound, name, source, key, reason in cursor.fetchall():
            stock.choices.setdefault(compound, {})[name] = Choice(source, key, reason)
    return stock


def read_buildings(areas: Iterable[str], compounds: Sequence[UUID]) -> dict[UUID, list[KnownBuilding]]:
    """The open buildings of compounds with their floors and doors."""
    found: dict[UUID, list[KnownBuilding]] = {}
    if not compounds:
        return found
    by_id: dict[UUID, KnownBuilding] = {}
    floors: dict[UUID, KnownFloor] = {}
    given = [sorted(areas), list(compounds)]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, compound_id, name, lon, lat FROM compounds_building "
            "WHERE area = ANY(%s) AND compound_id = ANY(%s) AND closed_on IS NULL",
            given,
        )
        for building, compound, name, lon, lat in cursor.fetchall():
            by_id[building] = KnownBuilding(building, name, lon, lat)
            found.setdefault(compound, []).append(by_id[building])
        cursor.execute(
            "SELECT id, building_id, stairwell, floor, top, homes, shops, estimated FROM compounds_floor "
            "WHERE area = ANY(%s) AND building_id = ANY(%s) AND closed_on IS NULL",
            [given[0], list(by_id)],
        )
        for floor_id, building, stairwell, floor, *rest in cursor.fetchall():
            known = floors[floor_id] = KnownFloor(floor_id, stairwell, floor, *rest)
            place = floor_key(stairwell, floor)
            by_id[building].floors[place] = known
            by_id[building].stairwells.setdefault(place[0], stairwell)
        cursor.execute(
            "SELECT id, floor_id, number, is_shop FROM compounds_home WHERE area = ANY(%s) AND floor_id = ANY(%s)",
            [given[0], list(floors)],
        )
        for home, floor_id, number, is_shop in cursor.fetchall():
            known = floors[floor_id]
            if known.doors is None:
                known.doors = {}
            known.doors[number] = (home, is_shop)
    return found


def count_floors(areas: Iterable[str], compounds: Sequence[UUID]) -> dict[UUID, Counted]:
    """What the open floors of compounds add up to."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT b.compound_id, sum(f.homes), count(DISTINCT b.id) FROM compounds_building b "
            "JOIN compounds_floor f ON f.area = b.area AND f.building_id = b.id AND f.closed_on IS NULL "
            "WHERE b.area = ANY(%s) AND b.compound_id = ANY(%s) AND b.closed_on IS NULL GROUP BY 1",
            [sorted(areas), list(compounds)],
        )
        return {compound: Counted(int(homes), buildings) for compound, homes, buildings in cursor.fetchall()}


def create_compounds(rows: Iterable[tuple[object, ...]]) -> None:
    """New compounds: values in the order of _COMPOUND."""
    _copy("compounds_compound", _COMPOUND, rows)


def create_lines(rows: Iterable[tuple[object, ...]]) -> None:
    """New lines of sources: values in the order of _LINE."""
    _copy("compounds_compoundsource", _LINE, rows)


def line_row(line_id: UUID, area: str, compound: UUID, said: Said) -> tuple[object, ...]:
    """A line as `create_lines` takes it."""
    lon, lat, datum = said.position or (None, None, "")
    return (
        line_id, area, compound, said.source, said.key, said.code, said.name, said.kind, said.address, lon, lat,
        datum, said.households, said.buildings, said.seen_on,
    )  # fmt: skip


def change_lines(rows: Sequence[tuple[object, ...]]) -> None:
    """Lines whose source says something else now: values in the order of _LINE."""
    types = "uuid text uuid text text text text text text float8 float8 text int4 int4 date".split()
    _update(
        "compounds_compoundsource", _LINE.split(", "), types,
        "compound_id code name kind address lon lat datum households buildings seen_on".split(), rows,
        "gone_on = NULL",
    )  # fmt: skip


def change_compounds(rows: Sequence[tuple[object, ...]]) -> None:
    """Compounds with other values in force: (id, area, *VALUES, pinyin, boundary)."""
    columns = [
        "id",
        "area",
        *("place_id" if name == "place" else name for name in VALUES),
        "pinyin",
        "boundary",
    ]
    types = "uuid text text text text text uuid float8 float8 text int4 int4 bool text bytea".split()
    _update("compounds_compound", columns, types, columns[2:], rows)


def close_gone(lines: Sequence[UUID], compounds: Sequence[UUID], areas: Iterable[str], on: date) -> None:
    """Lines that their source no longer lists, and compounds that no source lists, end on a day."""
    given = sorted(areas)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE compounds_compoundsource SET gone_on = %s WHERE area = ANY(%s) AND id = ANY(%s)",
            [on, given, list(lines)],
        )
        cursor.execute(
            "UPDATE compounds_compound SET closed_on = %s WHERE area = ANY(%s) AND id = ANY(%s)",
            [on, given, list(compounds)],
        )


def write_structure(changes: Changes, on: date) -> None:
    """Buildings, floors and doors: what ends first, for it frees names."""
    with connection.cursor() as cursor:
        for table, ids in (
            ("compounds_floor", changes.closed_floors), ("compounds_building", changes.closed_buildings),
        ):  # fmt: skip
            if ids:
                cursor.execute(f"UPDATE {table} SET closed_on = %s WHERE id = ANY(%s)", [on, ids])
    _copy(
        "compounds_building", "id, area, compound_id, name, lon, lat, opened_on",
        ((*row, on) for row in changes.new_buildings),
    )  # fmt: skip
    _copy(
        "compounds_floor", "id, area, building_id, stairwell, floor, top, homes, shops, estimated, opened_on",
        ((*row, on) for row in changes.new_floors),
    )  # fmt: skip
    _copy("compounds_home", "id, area, floor_id, number, is_shop", changes.new_homes)
    _update(
        "compounds_building", ["area", "id", "lon", "lat"], ["text", "uuid", "float8", "float8"],
        ["lon", "lat"], changes.moved_buildings,
    )  # fmt: skip
    _update(
        "compounds_floor", ["area", "id", "top", "homes", "shops", "estimated"],
        ["text", "uuid", "int2", "int4", "int4", "bool"], ["top", "homes", "shops", "estimated"], changes.recounted,
    )  # fmt: skip
    _update(
        "compounds_home", ["area", "id", "is_shop"], ["text", "uuid", "bool"], ["is_shop"], changes.reused
    )


def settle(outlines: Outlines, on: date) -> int:
    """Put compounds into the deepest place whose real boundary holds them, below the one known; how many."""
    drawn = {place for place in outlines.shapes if place not in outlines.approximate}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.id, c.area, c.place_id, c.lon, c.lat FROM compounds_compound c "
            "WHERE c.closed_on IS NULL AND c.lon IS NOT NULL AND NOT EXISTS ("
            "SELECT 1 FROM compounds_compoundchoice h WHERE h.area = c.area AND h.compound_id = c.id "
            "AND h.field = 'place')"
        )
        rows = cursor.fetchall()
        lon = np.array([row[3] for row in rows], dtype=np.float64)
        lat = np.array([row[4] for row in rows], dtype=np.float64)
        moved = [
            (area, compound, found)
            for (compound, area, place, _, _), found in zip(rows, outlines.deepest(lon, lat), strict=True)
            if found is not None and found in drawn and place in outlines.names.by_id[found].above
        ]
    _update("compounds_compound", ["area", "id", "place_id"], ["text", "uuid", "uuid"], ["place_id"], moved)
    return len(moved)


def settle_statistics() -> None:
    """After a large import the planner learns the sizes, and plans made when the tables were small are dropped."""
    with connection.cursor() as cursor:
        for table in ("compound", "compoundsource", "building", "floor", "home"):
            cursor.execute(f"ANALYZE compounds_{table}")
        cursor.execute("DISCARD PLANS")


def _copy(table: str, columns: str, rows: Iterable[tuple[object, ...]]) -> None:
    with connection.cursor() as cursor, cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


def _update(
    table: str, columns: Sequence[str], types: Sequence[str], changed: Sequence[str],
    rows: Sequence[tuple[object, ...]], more: str = "",
) -> None:  # fmt: skip
    if not rows:
        return
    sets = ", ".join([*(f"{name} = n.{name}" for name in changed), *([more] if more else [])])
    arrays = ", ".join(f"%s::{kind}[]" for kind in types)
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {table} t SET {sets} FROM unnest({arrays}) AS n ({', '.join(columns)}) "
            "WHERE t.area = n.area AND t.id = n.id",
            [list(column) for column in zip(*rows, strict=True)],
        )
