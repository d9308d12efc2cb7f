"""Needs, postings and homes follow a change of the tree (下沉随区划变更): after the posts, in one transaction."""

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from django.db import connection

_SUCCESSORS = "unnest(%s::uuid[], %s::uuid[]) AS s (old, new)"


def count(places: list[UUID], on: date) -> int:
    """How many people are posted at these places on the day, or on their way."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM surge_posting WHERE place_id = ANY(%s) AND ended_at IS NULL AND to_on > %s",
            [places, on],
        )
        row = cursor.fetchone()
    return int(row[0]) if row else 0


def ever(place: UUID, on: date) -> int:
    """How many needs and postings were ever stated at a place, and homes of people offered: it cannot vanish then."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT (SELECT count(*) FROM surge_need WHERE place_id = %s) "
            "+ (SELECT count(*) FROM surge_posting WHERE place_id = %s) "
            "+ (SELECT count(*) FROM surge_offer WHERE %s IN (place_id, home_id))",
            [place, place, place],
        )
        row = cursor.fetchone()
    return int(row[0]) if row else 0


def _rows(sql: str, params: list[Any]) -> list[list[str]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return [[str(value) for value in row] for row in cursor.fetchall()]


def follow(successors: Mapping[UUID, UUID], on: date) -> dict[str, list[list[str]]]:
    """Open needs, postings with their posts, and homes go on at the successor; what they were."""
    given = [list(successors), list(successors.values())]
    done = {
        "needs": _rows(
            f"UPDATE surge_need n SET place_id = s.new FROM {_SUCCESSORS} WHERE n.place_id = s.old "
            "AND n.withdrawn_at IS NULL AND n.to_on > %s RETURNING n.area, n.id, s.old",
            [*given, on],
        ),
        "postings": _rows(
            f"UPDATE surge_posting p SET place_id = s.new, post_id = n.id FROM {_SUCCESSORS}, people_post o, "
            "people_post n WHERE p.place_id = s.old AND p.ended_at IS NULL AND o.id = p.post_id AND o.to_on = %s "
            "AND n.place_id = s.new AND n.account_id = o.account_id AND n.kind_id = o.kind_id AND n.from_on = %s "
            "RETURNING p.area, p.id, s.old, o.id",
            [*given, on, on],
        ),
        "homes": _rows(
            f"UPDATE surge_offer f SET home_id = s.new FROM {_SUCCESSORS} WHERE f.home_id = s.old "
            "RETURNING f.id, s.old",
            given,
        ),
        "grounds": _rows(
            f"UPDATE surge_offer f SET place_id = s.new FROM {_SUCCESSORS} WHERE f.place_id = s.old "
            "AND f.state <> 'returned' RETURNING f.id, s.old",
            given,
        ),
    }
    return {what: rows for what, rows in done.items() if rows}


def unfollow(data: Any, on: date) -> None:
    """As it was."""
    with connection.cursor() as cursor:
        for area, row_id, place in data.get("needs", ()):
            cursor.execute(
                "UPDATE surge_need SET place_id = %s WHERE area = %s AND id = %s", [place, area, row_id]
            )
        for area, row_id, place, post in data.get("postings", ()):
            cursor.execute(
                "UPDATE surge_posting SET place_id = %s, post_id = %s WHERE area = %s AND id = %s",
                [place, post, area, row_id],
            )
        for row_id, place in data.get("homes", ()):
            cursor.execute("UPDATE surge_offer SET home_id = %s WHERE id = %s", [place, row_id])
        for row_id, place in data.get("grounds", ()):
            cursor.execute("UPDATE surge_offer SET place_id = %s WHERE id = %s", [place, row_id])
