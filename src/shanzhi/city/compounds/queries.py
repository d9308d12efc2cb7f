"""Every read of compounds. All start from the places that the actor sees."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Q, QuerySet
from django.db.models.expressions import RawSQL

from shanzhi.base.access import Actor
from shanzhi.base.access.capabilities import PLACE_VIEW
from shanzhi.city.compounds.kinds import CompoundKind
from shanzhi.city.compounds.models import Compound, CompoundChoice
from shanzhi.city.places import queries as places
from shanzhi.core.kit.errors import InvalidInput, NotFound
from shanzhi.core.kit.paging import decode_cursor, encode_cursor

PAGE_ROWS = 50


@dataclass(frozen=True)
class CompoundRow:
    """A compound in a list, with the name that its place had on the day."""

    area: str
    id: UUID
    kind: str
    name: str
    code: str
    address: str
    place_id: UUID
    place_name: str
    place_level: str
    place_code: str
    lon: float | None
    lat: float | None
    datum: str
    households: int | None
    buildings: int | None
    conflict: bool
    sources: list[str]
    pinyin: str


@dataclass(frozen=True)
class FloorRow:
    """A floor as it stands on a day, with the micro-grid that it belongs to."""

    building_id: UUID
    building: str
    building_lon: float | None
    building_lat: float | None
    id: UUID | None
    stairwell: str
    floor: int
    top: int
    homes: int
    shops: int
    estimated: bool
    microgrid_id: UUID | None
    microgrid: str
    microgrid_code: str


@dataclass(frozen=True)
class Wanted:
    """What a list shows: under a place, of a kind, found by words."""

    place_id: UUID | None = None
    kind: str = ""
    text: str = ""


def visible_to(actor: Actor, on: date, capability: str = PLACE_VIEW) -> "QuerySet[Compound]":
    """The compounds that stand on a day under the actor's posts: every read of rows starts here."""
    rows = Compound.objects.filter(Q(closed_on=None) | Q(closed_on__gt=on), opened_on__lte=on)
    grounds = places.reach(actor, capability)
    if grounds is None:
        return rows
    return rows.filter(place_id__in=RawSQL(places.BELOW_SQL, [grounds, on, on]))


def compound_for(
    actor: Actor, area: str, compound_id: UUID, on: date, capability: str = PLACE_VIEW
) -> Compound:
    """One compound. Raises NotFound when it is not there or out of sight."""
    found: Compound | None = visible_to(actor, on, capability).filter(area=area, id=compound_id).first()
    if found is None:
        raise NotFound
    return found


# A compound with the name of its place on the day. Parameters: the day, the day.
_FROM = """
FROM compounds_compound c
JOIN places_place p ON p.id = c.place_id
LEFT JOIN places_placeversion v ON v.place_id = p.id AND v.from_on <= %s AND (v.to_on IS NULL OR v.to_on > %s)
"""
_COLUMNS = """
c.area, c.id, c.kind, c.name, c.code, c.address, c.place_id, coalesce(v.name, p.name), p.level,
coalesce(v.code, p.code), c.lon, c.lat,
c.datum, c.households, c.buildings, c.conflict,
ARRAY(SELECT DISTINCT s.source FROM compounds_compoundsource s
      WHERE s.area = c.area AND s.compound_id = c.id AND s.gone_on IS NULL ORDER BY s.source),
c.pinyin
"""


def _where(actor: Actor, on: date, wanted: Wanted) -> tuple[str, list[Any]]:
    seen, params = places.scope_sql(actor, on, "c.place_id")
    ways = ["c.opened_on <= %s", "(c.closed_on IS NULL OR c.closed_on > %s)", seen]
    values: list[Any] = [on, on, *params]
    if wanted.place_id is not None:
        if not places.visible_to(actor, on).filter(id=wanted.place_id).exists():
            raise NotFound(field="place")
        ways.append(f"c.place_id IN ({places.BELOW_SQL})")
        values += [[wanted.place_id], on, on]
    if wanted.kind:
        if wanted.kind not in set(CompoundKind):
            raise InvalidInput(field="kind", reason_zh="没有这种类型。", reason_en="There is no such kind.")
        ways.append("c.kind = %s")
        values.append(wanted.kind)
    text = " ".join(wanted.text.split())[:50]
    if text:
        like = text.replace("\\", "\\\\").replace("%", r"\%").replace("_", r"\_")
        found, given = (
            ["c.name ILIKE %s", "c.address ILIKE %s", "c.code LIKE %s"],
            [f"%{like}%", f"%{like}%", f"{like}%"],
        )
        plain = text.replace(" ", "").lower()
        if plain.isascii() and plain.isalpha():
            found += ["replace(c.pinyin, ' ', '') LIKE %s", "c.pinyin ~ %s"]
            given += [f"%{plain}%", "(^| )" + " ".join(f"{letter}[a-z]*" for letter in plain)]
        ways.append(f"({' OR '.join(found)})")
        values += given
    return " AND ".join(ways), values


def listed(
    actor: Actor, on: date, wanted: Wanted, cursor: str = "", rows: int | None = PAGE_ROWS
) -> tuple[list[CompoundRow], str]:
    """Compounds in pinyin order, and the cursor of the next page ("" at the end); `rows` None gives all."""
    where, values = _where(actor, on, wanted)
    if cursor:
        after = decode_cursor(cursor)
        if len(after) != 2 or not isinstance(after[0], str) or not isinstance(after[1], UUID):
            raise InvalidInput(field="cursor", reason_zh="游标无效。", reason_en="The cursor is not valid.")
        where += " AND (c.pinyin, c.id) > (%s, %s)"
        values += after
    limit = "" if rows is None else f" LIMIT {rows + 1}"
    with connection.cursor() as database:
        database.execute(
            f"SELECT {_COLUMNS} {_FROM} WHERE {where} ORDER BY c.pinyin, c.id{limit}", [on, on, *values]
        )
        found = [CompoundRow(*row) for row in database.fetchall()]
    if rows is None or len(found) <= rows:
        return found, ""
    last = found[rows - 1]
    return found[:rows], encode_cursor((last.pinyin, last.id))


def totals(actor: Actor, on: date, wanted: Wanted) -> tuple[int, int]:
    """How many compounds a list has, and their households."""
    where, values = _where(actor, on, wanted)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT count(*), coalesce(sum(c.households), 0) {_FROM} WHERE {where}", [on, on, *values]
        )
        row = cursor.fetchone()
    return (0, 0) if row is None else (int(row[0]), int(row[1]))


def one(actor: Actor, area: str, compound_id: UUID, on: date) -> CompoundRow:
    """One compound as a list shows it. Raises NotFound."""
    where, values = _where(actor, on, Wanted())
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {_COLUMNS} {_FROM} WHERE {where} AND c.area = %s AND c.id = %s",
            [on, on, *values, area, compound_id],
        )
        row = cursor.fetchone()
    if row is None:
        raise NotFound
    return CompoundRow(*row)


def choices_of(compound: Compound) -> list[CompoundChoice]:
    """What people chose or entered for a compound that the caller has found visible, newest first."""
    return list(
        CompoundChoice.objects.filter(area=compound.area, compound_id=compound.id).order_by("-at", "-id")
    )


_FLOORS = """
SELECT b.compound_id, b.id, b.name, b.lon, b.lat,
  f.id, coalesce(f.stairwell, ''), coalesce(f.floor, 0), coalesce(f.top, 0),
  coalesce(f.homes, 0), coalesce(f.shops, 0), coalesce(f.estimated, false), g.id, coalesce(v.name, ''),
  coalesce(v.code, '')
FROM compounds_building b
LEFT JOIN compounds_floor f ON f.area = b.area AND f.building_id = b.id
  AND f.opened_on <= %s AND (f.closed_on IS NULL OR f.closed_on > %s)
LEFT JOIN compounds_membership m ON m.area = f.area AND m.floor_id = f.id
  AND m.from_on <= %s AND (m.to_on IS NULL OR m.to_on > %s)
LEFT JOIN places_place g ON g.id = m.place_id
LEFT JOIN places_placeversion v ON v.place_id = g.id AND v.from_on <= %s AND (v.to_on IS NULL OR v.to_on > %s)
WHERE b.area = %s AND b.compound_id = ANY(%s) AND b.opened_on <= %s AND (b.closed_on IS NULL OR b.closed_on > %s)
"""


def floors_of(area: str, compounds: Iterable[UUID], on: date) -> list[tuple[UUID, FloorRow]]:
    """(compound, floor) of compounds that the caller has found visible; a building without floors gives one row."""
    with connection.cursor() as cursor:
        cursor.execute(_FLOORS, [*[on] * 6, area, list(compounds), on, on])
        rows = [(compound, FloorRow(*row)) for compound, *row in cursor.fetchall()]
    return sorted(
        rows,
        key=lambda row: (str(row[0]), _natural(row[1].building), _natural(row[1].stairwell), row[1].floor),
    )


def floor_count(compounds: Mapping[str, list[UUID]], on: date) -> int:
    """How many floors compounds (by area) have that the caller has found visible."""
    total = 0
    with connection.cursor() as cursor:
        for area, ids in compounds.items():
            cursor.execute(
                "SELECT count(*) FROM compounds_floor f JOIN compounds_building b "
                "ON b.area = f.area AND b.id = f.building_id WHERE b.area = %s AND b.compound_id = ANY(%s) "
                "AND f.opened_on <= %s AND (f.closed_on IS NULL OR f.closed_on > %s)",
                [area, ids, on, on],
            )
            row = cursor.fetchone()
            total += 0 if row is None else int(row[0])
    return total


def _natural(name: str) -> tuple[int, str]:
    digits = "".join(char for char in name if char.isdigit())
    return int(digits or 0), name


def points_in(place_ids: Iterable[UUID], on: date) -> dict[UUID, list[tuple[float, float]]]:
    """Of each place the WGS-84 points of the compounds known to lie in it: witnesses of a datum, seeds of cells.

    For imports and drawings by whoever manages the places; no row is shown.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT k.ancestor_id, c.lon, c.lat FROM compounds_compound c "
            "JOIN places_placeclosure k ON k.descendant_id = c.place_id AND k.ancestor_id = ANY(%s) "
            "AND k.from_on <= %s AND (k.to_on IS NULL OR k.to_on > %s) "
            "WHERE c.lon IS NOT NULL AND c.closed_on IS NULL",
            [list(place_ids), on, on],
        )
        found: dict[UUID, list[tuple[float, float]]] = {}
        for place, lon, lat in cursor.fetchall():
            found.setdefault(place, []).append((lon, lat))
    return found
