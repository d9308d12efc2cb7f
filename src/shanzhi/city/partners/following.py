"""Partners follow a change of the tree (共建单位随区划变更), in its transaction."""

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from django.db import connection


def count(places: list[UUID], on: date) -> int:
    """How many organisations are partners of these places."""
    return _number(
        "SELECT count(*) FROM partners_partner WHERE place_id = ANY(%s) AND state = 'active'", places
    )


def ever(place: UUID, on: date) -> int:
    """How many ever were: the place cannot vanish then."""
    return _number("SELECT count(*) FROM partners_partner WHERE place_id = ANY(%s)", [place])


def _number(sql: str, places: list[UUID]) -> int:
    with connection.cursor() as cursor:
        cursor.execute(sql, [places])
        row = cursor.fetchone()
    return int(row[0]) if row else 0


def follow(successors: Mapping[UUID, UUID], on: date) -> list[list[str]]:
    """Partnerships go on at the successor; what they were.

    One organisation that was a partner of both places stays twice, the second time with the name of its old place.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE partners_partner t SET place_id = f.new, name = CASE WHEN f.twice
              THEN left(t.name, 58) || '（' || left(f.was, 58) || '）' ELSE t.name END
            FROM (
              SELECT p.area, p.id, s.old, s.new, o.name AS was, p.name,
                EXISTS (SELECT 1 FROM partners_partner q WHERE q.area = p.area AND q.place_id = s.new
                        AND q.name = p.name AND q.state = 'active')
                OR row_number() OVER (PARTITION BY p.area, s.new, p.name ORDER BY p.id) > 1 AS twice
              FROM partners_partner p JOIN unnest(%s::uuid[], %s::uuid[]) AS s (old, new) ON s.old = p.place_id
              JOIN places_place o ON o.id = s.old WHERE p.state = 'active'
            ) f
            WHERE t.area = f.area AND t.id = f.id RETURNING t.area, t.id, f.old, f.name
            """,
            [list(successors), list(successors.values())],
        )
        return [[str(value) for value in row] for row in cursor.fetchall()]


def unfollow(data: Any, on: date) -> None:
    """As it was."""
    with connection.cursor() as cursor:
        for area, row_id, place, name in data:
            cursor.execute(
                "UPDATE partners_partner SET place_id = %s, name = %s WHERE area = %s AND id = %s",
                [place, name, area, row_id],
            )
