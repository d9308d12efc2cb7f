"""What posts publish follows a change of the tree (公示信息随区划变更): after the posts, in the same transaction."""

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from django.db import connection


def count(places: list[UUID], on: date) -> int:
    """How many posts at these places publish something on the day."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM cards_postcontact c JOIN people_post p ON p.id = c.post_id "
            "WHERE p.place_id = ANY(%s) AND p.from_on <= %s AND (p.to_on IS NULL OR p.to_on > %s)",
            [places, on, on],
        )
        row = cursor.fetchone()
    return int(row[0]) if row else 0


def follow(successors: Mapping[UUID, UUID], on: date) -> list[str]:
    """The post that goes on at the successor publishes what its predecessor did: ids of those posts."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO cards_postcontact (post_id, phone, photo_id, is_shown, set_at, set_by) "
            "SELECT n.id, c.phone, c.photo_id, c.is_shown, c.set_at, c.set_by FROM cards_postcontact c "
            "JOIN people_post o ON o.id = c.post_id AND o.to_on = %s "
            "JOIN unnest(%s::uuid[], %s::uuid[]) AS s (old, new) ON s.old = o.place_id "
            "JOIN people_post n ON n.place_id = s.new AND n.account_id = o.account_id AND n.kind_id = o.kind_id "
            "AND n.from_on = %s ON CONFLICT DO NOTHING RETURNING post_id",
            [on, list(successors), list(successors.values()), on],
        )
        return [str(post_id) for (post_id,) in cursor.fetchall()]


def unfollow(data: Any, on: date) -> None:
    """The new posts publish nothing; the old ones have kept what was theirs."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM cards_postcontact WHERE post_id = ANY(%s::uuid[])", [data])
