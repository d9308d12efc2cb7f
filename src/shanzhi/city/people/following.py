"""Posts and units follow a change of the tree (岗位随区划变更): called by places, in its transaction."""

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from django.db import connection

from shanzhi.core.kit.ids import uuid7

_HELD = "from_on <= %s AND (to_on IS NULL OR to_on > %s)"


def count(places: list[UUID], on: date) -> int:
    """How many people hold a post at these places on the day."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT count(DISTINCT account_id) FROM people_post WHERE place_id = ANY(%s) AND {_HELD}",
            [places, on, on],
        )
        row = cursor.fetchone()
    return int(row[0]) if row else 0


def ever(place: UUID, on: date) -> int:
    """How many posts at a place are held on the day, or have been or will be after it; and units there."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT (SELECT count(*) FROM people_post WHERE place_id = %s "
            "AND (to_on IS NULL OR to_on > greatest(from_on, %s))) "
            "+ (SELECT count(*) FROM people_unit WHERE place_id = %s)",
            [place, on, place],
        )
        row = cursor.fetchone()
    return int(row[0]) if row else 0


def follow(successors: Mapping[UUID, UUID], on: date) -> dict[str, list[list[str]]]:
    """Posts and units at places that end go on at the successor from the day.

    A post held on the day ends and begins anew there, unless the same post is held there already; one that begins
    later only changes its place. Gives what was done: `posts` as [old, new or "", end of the old or ""], `later` and
    `units` as [id, former place].
    """
    ending = list(successors)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, account_id, kind_id, unit_id, place_id, to_on FROM people_post "
            f"WHERE place_id = ANY(%s) AND {_HELD} ORDER BY to_on DESC NULLS FIRST, id",
            [ending, on, on],
        )
        held = cursor.fetchall()
        cursor.execute(
            "SELECT account_id, kind_id, unit_id, place_id, to_on FROM people_post "
            f"WHERE place_id = ANY(%s) AND {_HELD}",
            [list(set(successors.values())), on, on],
        )
        there: dict[tuple[Any, ...], date] = {}
        for *post, until in cursor.fetchall():
            there[tuple(post)] = max(there.get(tuple(post), date.min), until or date.max)
        posts: list[list[str]] = []
        made: list[tuple[UUID, UUID, UUID]] = []
        for old, account, kind, unit, place, until in held:
            same, new = (account, kind, unit, successors[place]), None
            # The longest comes first, so that of two alike one goes on.
            if there.get(same, date.min) < (until or date.max):
                there[same], new = until or date.max, uuid7()
                made.append((old, new, successors[place]))
            posts.append([str(old), str(new or ""), until.isoformat() if until else ""])
        if made:
            cursor.execute(
                "INSERT INTO people_post (id, account_id, kind_id, place_id, unit_id, from_on, to_on) "
                "SELECT n.new, p.account_id, p.kind_id, n.place, p.unit_id, %s, p.to_on FROM people_post p "
                "JOIN unnest(%s::uuid[], %s::uuid[], %s::uuid[]) AS n (old, new, place) ON n.old = p.id",
                [on, *(list(column) for column in zip(*made, strict=True))],
            )
        if held:
            cursor.execute(
                "UPDATE people_post SET to_on = %s WHERE id = ANY(%s)", [on, [row[0] for row in held]]
            )
        later = _go_over(cursor, "people_post", "from_on > %s", [on], successors)
        units = _go_over(cursor, "people_unit", "TRUE", [], successors)
    done = {"posts": posts, "later": later, "units": units}
    return {name: rows for name, rows in done.items() if rows}


def _go_over(
    cursor: Any, table: str, which: str, params: list[Any], successors: Mapping[UUID, UUID]
) -> list[list[str]]:
    """Give rows of places that end to the successors; [id, former place] of each."""
    cursor.execute(
        f"UPDATE {table} r SET place_id = n.new FROM unnest(%s::uuid[], %s::uuid[]) AS n (old, new) "
        f"WHERE r.place_id = n.old AND {which} RETURNING r.id, n.old",
        [list(successors), list(successors.values()), *params],
    )
    return sorted([str(row), str(place)] for row, place in cursor.fetchall())


def unfollow(data: Any, on: date) -> None:
    """The old posts go on as they would have; the new ones never were."""
    with connection.cursor() as cursor:
        for old, new, until in data.get("posts", []):
            cursor.execute(
                "UPDATE people_post SET to_on = CASE WHEN %s::uuid IS NULL THEN %s::date "
                "ELSE (SELECT p.to_on FROM people_post p WHERE p.id = %s::uuid) END WHERE id = %s::uuid",
                [new or None, until or None, new or None, old],
            )
        cursor.execute(
            "UPDATE people_post SET to_on = %s WHERE id = ANY(%s::uuid[])",
            [on, [new for _, new, _ in data.get("posts", []) if new]],
        )
        for table, name in (("people_post", "later"), ("people_unit", "units")):
            rows = data.get(name, [])
            cursor.execute(
                f"UPDATE {table} r SET place_id = n.place FROM unnest(%s::uuid[], %s::uuid[]) AS n (id, place) "
                "WHERE r.id = n.id",
                [[one for one, _ in rows], [place for _, place in rows]],
            )
