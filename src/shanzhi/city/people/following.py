"""Posts follow a change of the tree (岗位随区划变更): called by places, in its transaction."""

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


def follow(successors: Mapping[UUID, UUID], on: date) -> list[list[str]]:
    """Posts at places that end go on at the successor from the day: [old, new] ids of posts."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT id, place_id FROM people_post WHERE place_id = ANY(%s) AND {_HELD} ORDER BY id",
            [list(successors), on, on],
        )
        moved = [(old, uuid7(), successors[place]) for old, place in cursor.fetchall()]
        if moved:
            cursor.execute(
                "INSERT INTO people_post (id, account_id, kind_id, place_id, unit_id, from_on, to_on) "
                "SELECT n.new, p.account_id, p.kind_id, n.place, p.unit_id, %s, p.to_on FROM people_post p "
                "JOIN unnest(%s::uuid[], %s::uuid[], %s::uuid[]) AS n (old, new, place) ON n.old = p.id",
                [on, *(list(column) for column in zip(*moved, strict=True))],
            )
            cursor.execute(
                "UPDATE people_post SET to_on = %s WHERE id = ANY(%s)", [on, [old for old, _, _ in moved]]
            )
    return [[str(old), str(new)] for old, new, _ in moved]


def unfollow(data: Any, on: date) -> None:
    """The old posts go on as they would have; the new ones never were."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE people_post o SET to_on = p.to_on FROM people_post p, "
            "unnest(%s::uuid[], %s::uuid[]) AS n (old, new) WHERE o.id = n.old AND p.id = n.new",
            [[old for old, _ in data], [new for _, new in data]],
        )
        cursor.execute(
            "UPDATE people_post SET to_on = %s WHERE id = ANY(%s::uuid[])", [on, [new for _, new in data]]
        )
