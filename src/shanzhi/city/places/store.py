"""The tree in the database: read whole, written in sets. Called by `actions` alone."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from functools import lru_cache
from itertools import groupby
from typing import Any
from uuid import UUID

from django.db import connection

from shanzhi.base.rows import array_of
from shanzhi.base.rows.packing import copied
from shanzhi.base.rows.wide import copy_in, day_number
from shanzhi.city.places.levels import Level, canonical
from shanzhi.city.places.rows import DivisionRow
from shanzhi.city.places.succession import Node, Plan, Tree, Wanted, line_of
from shanzhi.core.documents import RowError
from shanzhi.core.kit.ids import uuid7

_LOCK = 0x706C6163  # "plac": one writer of the tree at a time


@lru_cache(maxsize=10_000)
def _is_han(sign: str) -> bool:
    from pypinyin.constants import RE_HANS

    return RE_HANS.match(sign) is not None


@lru_cache(maxsize=20_000)
def _syllables(piece: str) -> str:
    from pypinyin import lazy_pinyin  # its dictionary takes a second to load, and few processes need it

    return " ".join(lazy_pinyin(piece))


def pinyin_key(name: str) -> str:
    """The key by which Chinese names are sorted and searched (拼音): lower-case syllables.

    Read piece by piece, as Chinese words end where the characters do: names of a city repeat a few thousand pieces.
    """
    pieces = groupby(name.lower(), _is_han)
    return " ".join([_syllables("".join(piece)) for _, piece in pieces])[:400]


def lock() -> None:
    """Until the end of the transaction nobody else changes the tree."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])


def stamp() -> None:
    """Tell whoever keeps part of the tree in memory that it has changed."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO places_treestamp (id, stamp) VALUES (1, %s) "
            "ON CONFLICT (id) DO UPDATE SET stamp = excluded.stamp",
            [uuid7()],
        )


def read_tree(rows: Sequence[DivisionRow]) -> Tree:
    """The tree as it stands, with what is needed to compare these rows."""
    former = {found[0] for row in rows if row.former_code and (found := canonical(row.former_code))}
    with connection.cursor() as cursor:
        # Plain scans, joined here: in the middle of a large change the planner knows nothing of the sizes.
        # A span without a day in it is what an undoing leaves.
        cursor.execute(
            "SELECT place_id, max(from_on) FROM places_placeversion WHERE to_on IS NULL OR to_on > from_on "
            "GROUP BY place_id"
        )
        named_on = dict(cursor.fetchall())
        cursor.execute(
            "SELECT descendant_id, ancestor_id, from_on FROM places_placeclosure "
            "WHERE depth = 1 AND to_on IS NULL"
        )
        placed = {place: (parent, since) for place, parent, since in cursor.fetchall()}
        cursor.execute(
            "SELECT id, level, code, name, urban_rural_class, lon, lat, opened_on, closed_on IS NOT NULL "
            "FROM places_place"
        )
        nodes = {}
        for place, level, code, name, kind, lon, lat, opened_on, closed in cursor.fetchall():
            parent, placed_on = placed.get(place, (None, opened_on))
            nodes[place] = Node(
                place, Level(level), code, name, parent, kind, lon, lat, named_on.get(place, opened_on),
                placed_on, closed,
            )  # fmt: skip
        cursor.execute(
            "SELECT code, place_id FROM places_placeversion WHERE code = ANY(%s) AND to_on IS NOT NULL",
            [list(former)],
        )
        formerly: dict[str, frozenset[UUID]] = {}
        for code, place_id in cursor.fetchall():
            formerly[code] = formerly.get(code, frozenset()) | {place_id}
    return Tree(nodes, formerly)


def write(plan: Plan, on: date) -> list[RowError]:
    """Carry out a plan in sets. What cannot be said of the day `on` comes back as errors."""
    if not (plan.created or plan.changed or plan.closed or plan.moved or plan.reopened):
        return []
    with connection.cursor() as cursor:
        _close(cursor, plan.closed, on)
        _rename(cursor, plan.renamed, on)
        _reopen(cursor, plan.reopened, on)
        _describe(cursor, plan.described)
        _create(cursor, plan.created, on)
        errors = _relink(cursor, plan, on)
        _unmake(cursor, plan.unmade, on)
        # Foreign keys are checked at the commit, by plans that this connection may have made when the
        # tables were tiny: with those each check reads a whole table (measured: 20 s instead of 1 s).
        cursor.execute("DISCARD PLANS")
    stamp()
    return errors


def check_links() -> None:
    """Have the server check now what it would check at the commit, while others are still at work."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


def set_shapes(shapes: Iterable[tuple[UUID, bytes | None, bool, float | None, float | None]]) -> None:
    """Give places their boundary (WKB, WGS-84), whether it is approximate, and a point inside, in one set."""
    columns = [array_of(column) for column in zip(*shapes, strict=True)]
    if columns:
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE places_place p SET boundary = d.boundary, approximate = d.approximate, lon = d.lon, "
                "lat = d.lat FROM unnest(%s::uuid[], %s::bytea[], %s::bool[], %s::float8[], %s::float8[]) "
                "AS d (id, boundary, approximate, lon, lat) WHERE p.id = d.id",
                columns,
            )
        stamp()


def _go_on(cursor: Any, added: list[tuple[Any, ...]], on: date) -> set[tuple[object, ...]]:
    """Of lines that would begin on the day, those that ended that day go on instead; which those are.

    Of several the earliest: the others have no day in them.
    """
    if not added:
        return set()
    columns = [list(column) for column in zip(*(line[:3] for line in added), strict=True)]
    cursor.execute(
        "WITH same AS (SELECT DISTINCT ON (k.ancestor_id, k.descendant_id) k.id FROM places_placeclosure k "
        "JOIN unnest(%s::uuid[], %s::uuid[], %s::int[]) AS n (ancestor, descendant, depth) "
        "ON k.ancestor_id = n.ancestor AND k.descendant_id = n.descendant AND k.depth = n.depth "
        "WHERE k.to_on = %s ORDER BY k.ancestor_id, k.descendant_id, k.from_on, k.id) "
        "UPDATE places_placeclosure k SET to_on = NULL FROM same WHERE k.id = same.id "
        "RETURNING k.ancestor_id, k.descendant_id, k.depth",
        [*columns, on],
    )
    return set(cursor.fetchall())


def _copy(cursor: Any, table: str, columns: str, lines: Iterable[tuple[Any, ...]]) -> None:
    with cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy:
        for line in lines:
            copy.write_row(line)


def _close(cursor: Any, places: list[UUID], on: date) -> None:
    if places:
        cursor.execute("UPDATE places_place SET closed_on = %s WHERE id = ANY(%s)", [on, places])
        cursor.execute(
            "UPDATE places_placeversion SET to_on = %s WHERE place_id = ANY(%s) AND to_on IS NULL",
            [on, places],
        )


def _reopen(cursor: Any, reopened: list[Wanted], on: date) -> None:
    """Places that ended on the day go on as if they had not."""
    for wanted in reopened:
        cursor.execute(
            "UPDATE places_place SET closed_on = NULL, code = %s, name = %s, pinyin = %s WHERE id = %s",
            [wanted.code, wanted.name, pinyin_key(wanted.name), wanted.id],
        )
    _version(cursor, reopened, on)


def _rename(cursor: Any, renamed: list[Wanted], on: date) -> None:
    if not renamed:
        return
    ids = [wanted.id for wanted in renamed]
    codes, names = [wanted.code for wanted in renamed], [wanted.name for wanted in renamed]
    keys = [pinyin_key(name) for name in names]
    # Codes may change hands within one list: all are freed before any is taken.
    cursor.execute("UPDATE places_place SET code = '!' || left(md5(id::text), 17) WHERE id = ANY(%s)", [ids])
    cursor.execute(
        "UPDATE places_place p SET code = n.code, name = n.name, pinyin = n.pinyin "
        "FROM unnest(%s::uuid[], %s::text[], %s::text[], %s::text[]) AS n (id, code, name, pinyin) "
        "WHERE p.id = n.id",
        [ids, codes, names, keys],
    )
    cursor.execute(
        "UPDATE places_placeversion SET to_on = %s WHERE place_id = ANY(%s) AND to_on IS NULL", [on, ids]
    )
    _version(cursor, renamed, on)


def _version(cursor: Any, places: list[Wanted], on: date) -> None:
    """Begin a code and name on the day; what ended that day and was the same goes on instead."""
    if not places:
        return
    given = [
        [wanted.id for wanted in places],
        [wanted.code for wanted in places],
        [wanted.name for wanted in places],
        [pinyin_key(wanted.name) for wanted in places],
    ]
    cursor.execute(
        "WITH n AS (SELECT * FROM unnest(%s::uuid[], %s::text[], %s::text[], %s::text[]) "
        "AS n (id, code, name, pinyin)), "
        "same AS (SELECT DISTINCT ON (v.place_id) v.id FROM places_placeversion v JOIN n ON n.id = v.place_id "
        "AND n.code = v.code AND n.name = v.name WHERE v.to_on = %s ORDER BY v.place_id, v.from_on, v.id), "
        "goes_on AS (UPDATE places_placeversion v SET to_on = NULL FROM same WHERE v.id = same.id "
        "RETURNING v.place_id) INSERT INTO places_placeversion (place_id, code, name, pinyin, from_on) "
        "SELECT n.id, n.code, n.name, n.pinyin, %s FROM n WHERE n.id NOT IN (SELECT place_id FROM goes_on)",
        [*given, on, on],
    )


def _unmake(cursor: Any, places: list[UUID], on: date) -> None:
    """Places that began on the day never were: unlike those that end they keep no line upwards."""
    cursor.execute(
        "UPDATE places_placeclosure SET to_on = %s WHERE descendant_id = ANY(%s) AND to_on IS NULL",
        [on, places],
    )


def _describe(cursor: Any, described: list[Wanted]) -> None:
    if described:
        cursor.execute(
            "UPDATE places_place p SET urban_rural_class = n.class, lon = n.lon, lat = n.lat "
            "FROM unnest(%s::uuid[], %s::text[], %s::float8[], %s::float8[]) AS n (id, class, lon, lat) "
            "WHERE p.id = n.id",
            [
                [wanted.id for wanted in described],
                [wanted.urban_rural_class for wanted in described],
                [wanted.lon for wanted in described],
                [wanted.lat for wanted in described],
            ],
        )


def _create(cursor: Any, created: list[Wanted], on: date) -> None:
    if not created:
        return
    keys = {name: pinyin_key(name) for name in {wanted.name for wanted in created}}
    _copy(
        cursor, "places_place", "id, level, code, name, pinyin, area, urban_rural_class, lon, lat, opened_on",
        (
            (w.id, w.level.value, w.code, w.name, keys[w.name], w.area, w.urban_rural_class, w.lon, w.lat, on)
            for w in created
        ),
    )  # fmt: skip
    _copy(
        cursor, "places_placeversion", "place_id, code, name, pinyin, from_on",
        ((w.id, w.code, w.name, keys[w.name], on) for w in created),
    )  # fmt: skip


def _relink(cursor: Any, plan: Plan, on: date) -> list[RowError]:
    """Bring the closure in line with the parents: end what no longer holds, add what does now."""
    if not (plan.created or plan.moved):
        return []
    cursor.execute(
        "SELECT descendant_id FROM places_placeclosure WHERE ancestor_id = ANY(%s) AND to_on IS NULL",
        [[wanted.id for wanted in plan.moved]],
    )
    below = [place for (place,) in cursor.fetchall()]
    made = {wanted.id for wanted in plan.created}
    cursor.execute(
        "SELECT descendant_id, ancestor_id FROM places_placeclosure WHERE depth = 1 AND to_on IS NULL "
        "AND (descendant_id = ANY(%s) OR descendant_id IN (SELECT ancestor_id FROM places_placeclosure "
        "WHERE descendant_id = ANY(%s) AND to_on IS NULL))",
        [below, list({wanted.parent for wanted in (*plan.created, *plan.moved)} - made - {None})],
    )
    parents: dict[UUID, UUID | None] = dict(cursor.fetchall())
    parents |= {wanted.id: wanted.parent for wanted in (*plan.created, *plan.moved)}
    cursor.execute(
        "SELECT id, descendant_id, ancestor_id, depth, from_on FROM places_placeclosure "
        "WHERE to_on IS NULL AND descendant_id = ANY(%s)",
        [below],
    )
    standing: dict[UUID, dict[UUID, tuple[int, int, date]]] = {}
    for row_id, descendant, ancestor, depth, from_on in cursor.fetchall():
        standing.setdefault(descendant, {})[ancestor] = (row_id, depth, from_on)
    ended: list[int] = []
    added: list[tuple[object, ...]] = []
    too_late: set[UUID] = set()
    for place, now in standing.items():
        line = line_of(place, parents)
        for ancestor, (row_id, depth, from_on) in now.items():
            if line.get(ancestor) != depth:
                ended.append(row_id)
                if from_on > on:
                    too_late.add(place)
        added += [
            (ancestor, place, depth, on)
            for ancestor, depth in line.items()
            if ancestor not in now or now[ancestor][1] != depth
        ]
    if too_late:
        return [
            RowError(
                wanted.row, "on", "其下有区划在该日期之后变更过，请改用较晚的日期。",
                "A place under it changed after that day: choose a later one.",
            )
            for wanted in plan.moved
            if any(wanted.id in standing[place] for place in too_late)
        ]  # fmt: skip
    cursor.execute("UPDATE places_placeclosure SET to_on = %s WHERE id = ANY(%s)", [on, ended])
    going_on = _go_on(cursor, added, on)
    _copy(cursor, "places_placeclosure", _LINE, (line for line in added if line[:3] not in going_on))
    copy_in(cursor, "places_placeclosure", _LINE, _new_lines(plan.created, parents, on))
    return []


_LINE = "ancestor_id, descendant_id, depth, from_on"


def _new_lines(created: list[Wanted], parents: Mapping[UUID, UUID | None], on: date) -> bytes:
    """The lines upwards of new places, packed: those with one parent differ only in who they are."""
    head, id_size = (
        b"\0\4\0\0\0\x10",
        b"\0\0\0\x10",
    )  # four values, of which the first and second have 16 bytes
    day = b"\0\0\0\4" + day_number(on).to_bytes(4, "big")
    between: dict[UUID | None, list[bytes]] = {}
    rows = []
    for wanted in created:
        pieces = between.get(wanted.parent)
        if pieces is None:
            above = {} if wanted.parent is None else line_of(wanted.parent, parents)
            pieces, behind = [head, id_size], b"\0\0\0\2\0\0" + day
            for ancestor, depth in above.items():
                pieces.append(behind + head + ancestor.bytes + id_size)
                behind = b"\0\0\0\2" + (depth + 1).to_bytes(2, "big") + day
            pieces.append(behind)
            between[wanted.parent] = pieces
        rows.append(wanted.id.bytes.join(pieces))
    return copied(rows)
