"""Compounds and floors follow a change of the tree (小区随区划变更): called by places, in its transaction."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from shanzhi.base.rows import array_of
from shanzhi.base.rows.wide import DAY, ID, Copying, Raw, day_number, ids_of, packed
from shanzhi.core.kit.errors import InvalidInput
from shanzhi.core.kit.ids import uuid7, uuid7_many

_NAMED = (
    "JOIN unnest(%s::text[], %s::uuid[]) AS n (area, floor_id) ON m.area = n.area AND m.floor_id = n.floor_id"
)
_STANDS = "(closed_on IS NULL OR closed_on > %s)"


_COUNT = """
WITH standing AS (
  SELECT area, id, households FROM compounds_compound
  WHERE place_id = ANY(%(places)s) AND (closed_on IS NULL OR closed_on > %(on)s)
), divided AS (
  SELECT f.area, f.id, f.homes + f.shops AS doors FROM compounds_membership m
  JOIN compounds_floor f ON f.area = m.area AND f.id = m.floor_id
  WHERE m.place_id = ANY(%(places)s) AND m.from_on <= %(on)s AND (m.to_on IS NULL OR m.to_on > %(on)s)
), known AS (
  SELECT s.area, s.id AS compound, f.id, f.homes + f.shops AS doors FROM standing s
  JOIN compounds_building b ON b.area = s.area AND b.compound_id = s.id
  JOIN compounds_floor f ON f.area = b.area AND f.building_id = b.id
  WHERE f.closed_on IS NULL OR f.closed_on > %(on)s
)
SELECT coalesce((SELECT sum(doors) FROM divided), 0)
  + coalesce((SELECT sum(doors) FROM known k WHERE NOT EXISTS (
      SELECT 1 FROM compounds_membership m WHERE m.area = k.area AND m.floor_id = k.id
      AND m.from_on <= %(on)s AND (m.to_on IS NULL OR m.to_on > %(on)s))), 0)
  + coalesce((SELECT sum(households) FROM standing s WHERE NOT EXISTS (
      SELECT 1 FROM known k WHERE k.area = s.area AND k.compound = s.id)), 0)
"""


def count(places: list[UUID], on: date) -> int:
    """How many homes and shops lie at these places: floors of micro-grids, or in none, and compounds without."""
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, {"places": places, "on": on})
        row = cursor.fetchone()
    return int(row[0]) if row else 0


def ever(place: UUID, on: date) -> int:
    """How many floors and compounds belong to a place or did so since the day, if only for a while."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT (SELECT count(*) FROM compounds_membership WHERE place_id = %s "
            "AND (to_on IS NULL OR to_on > greatest(from_on, %s))) "
            "+ (SELECT count(*) FROM compounds_compound WHERE place_id = %s)",
            [place, on, place],
        )
        row = cursor.fetchone()
    return int(row[0]) if row else 0


def follow(successors: Mapping[UUID, UUID], on: date) -> dict[str, list[list[str]]]:
    """Floors and compounds of places that end belong to the successor from the day."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT area, floor_id, place_id FROM compounds_membership WHERE place_id = ANY(%s) AND to_on IS NULL "
            "ORDER BY id",
            [list(successors)],
        )
        floors = [(area, floor, place) for area, floor, place in cursor.fetchall()]
        cursor.execute(
            f"SELECT area, id, place_id FROM compounds_compound WHERE place_id = ANY(%s) AND {_STANDS} ORDER BY id",
            [list(successors), on],
        )
        compounds = [(area, compound, place) for area, compound, place in cursor.fetchall()]
    hand_over([(area, floor, successors[place]) for area, floor, place in floors], on)
    _stand([(area, compound, successors[place]) for area, compound, place in compounds])
    done = {"floors": _plain(floors), "compounds": _plain(compounds)}
    return {name: rows for name, rows in done.items() if rows}


def unfollow(data: Any, on: date) -> None:
    """Floors and compounds belong where they did; a floor that belonged nowhere does so again."""
    back = [
        (area, UUID(floor), UUID(place) if place else None) for area, floor, place in data.get("floors", [])
    ]
    hand_over(back, on)
    _stand([(area, UUID(one), UUID(place)) for area, one, place in data.get("compounds", [])])


def hand_over(floors: list[tuple[str, UUID, UUID | None]], on: date) -> None:
    """End what floors belong to, and begin the new belonging (None: to nothing), both on the day."""
    if not floors:
        return
    given = [array_of(area for area, _, _ in floors), array_of(floor for _, floor, _ in floors)]
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT max(m.from_on) FROM compounds_membership m {_NAMED} AND m.to_on IS NULL", given
        )
        row = cursor.fetchone()
        if row and row[0] is not None and row[0] > on:
            raise InvalidInput(
                field="on", reason_zh=f"这些楼层在 {row[0]:%Y-%m-%d} 又划分过，请改用较晚的日期。",
                reason_en=f"These floors were divided again on {row[0]:%Y-%m-%d}: choose a later day.",
            )  # fmt: skip
        cursor.execute(
            "UPDATE compounds_membership m SET to_on = %s FROM unnest(%s::text[], %s::uuid[]) AS n (area, floor_id) "
            "WHERE m.area = n.area AND m.floor_id = n.floor_id AND m.to_on IS NULL",
            [on, *given],
        )
        going_on = _go_on(cursor, given, floors, on)
        with cursor.copy(
            "COPY compounds_membership (id, area, floor_id, place_id, from_on) FROM STDIN"
        ) as copy:
            for area, floor, place in floors:
                if place is not None and floor not in going_on:
                    copy.write_row((uuid7(), area, floor, place, on))


@dataclass(frozen=True)
class Joined:
    """Floors (their district and id) that come to a place each: columns of one length."""

    areas: NDArray[np.str_]
    floors: Raw
    places: Raw

    def rows(self) -> list[tuple[str, UUID, UUID | None]]:
        """The same one by one."""
        return list(zip(self.areas.tolist(), ids_of(self.floors), ids_of(self.places), strict=True))


_STANDING = """
SELECT EXISTS (SELECT 1 FROM compounds_membership WHERE area = ANY(%s) AND (to_on IS NULL OR to_on >= %s))
"""


def hand_over_new(joined: Joined, on: date) -> Copying | None:
    """As `hand_over` where none of the districts has a membership in force: on the way while the caller works on.

    None where one has, and nothing is done.
    """
    areas = np.unique(joined.areas).tolist()
    with connection.cursor() as cursor:
        cursor.execute(_STANDING, [areas, on])
        row = cursor.fetchone()
    if row is None or row[0] or len({len(area) for area in areas}) != 1:
        return None
    count = len(joined.floors)
    rows = packed(
        {
            "id": (ID, uuid7_many(count)), "area": (f"S{len(areas[0])}", joined.areas.astype(bytes)),
            "floor": (ID, joined.floors), "place": (ID, joined.places), "from": (DAY, day_number(on)),
        },
        count,
    )  # fmt: skip
    return Copying("compounds_membership", "id, area, floor_id, place_id, from_on", rows)


def _go_on(cursor: Any, given: list[str], floors: list[tuple[str, UUID, UUID | None]], on: date) -> set[UUID]:
    """Of memberships that would begin on the day, those that ended that day go on instead; of which floors."""
    cursor.execute(
        "WITH same AS (SELECT DISTINCT ON (m.area, m.floor_id) m.area, m.id FROM compounds_membership m "
        "JOIN unnest(%s::text[], %s::uuid[], %s::uuid[]) AS n (area, floor_id, place_id) ON m.area = n.area "
        "AND m.floor_id = n.floor_id AND m.place_id = n.place_id WHERE m.to_on = %s "
        "ORDER BY m.area, m.floor_id, m.from_on, m.id) "
        "UPDATE compounds_membership m SET to_on = NULL FROM same WHERE m.area = same.area AND m.id = same.id "
        "RETURNING m.floor_id",
        [*given, array_of(place for _, _, place in floors), on],
    )
    return {floor for (floor,) in cursor.fetchall()}


def _stand(compounds: list[tuple[str, UUID, UUID]]) -> None:
    if compounds:
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE compounds_compound c SET place_id = n.place FROM unnest(%s::text[], %s::uuid[], %s::uuid[]) "
                "AS n (area, id, place) WHERE c.area = n.area AND c.id = n.id",
                [list(column) for column in zip(*compounds, strict=True)],
            )


def _plain(rows: list[tuple[str, UUID, UUID]]) -> list[list[str]]:
    return [[area, str(one), str(place)] for area, one, place in rows]
