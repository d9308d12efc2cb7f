"""Rosters follow a change of the tree (值班随区划变更): shifts that are not over go on at the successor."""

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from django.db import connection

from shanzhi.city.places.touching import Moving

# Of rosters that go on; shifts of theirs that are over move too.
_LIVE = "t.dropped_at IS NULL AND t.roster_id IN (SELECT id FROM rosters_roster WHERE ended_at IS NULL)"
SHIFTS = Moving((("shifts", "rosters_shift", _LIVE),))


def follow(successors: Mapping[UUID, UUID], on: date) -> dict[str, list[list[str]]]:
    """Shifts of rosters that go on lie at the successor, and the rosters name it; what they were."""
    done, named = SHIFTS.follow(successors, on), []
    with connection.cursor() as cursor:
        # A roster names its places too, so that new shifts are made where the old place went on.
        for old, new in successors.items():
            cursor.execute(
                "UPDATE rosters_roster SET place_ids = array_replace(place_ids, %s, %s) "
                "WHERE %s = ANY(place_ids) AND NOT %s = ANY(place_ids) AND ended_at IS NULL RETURNING id",
                [old, new, old, new],
            )
            named += [[str(row[0]), str(old), str(new)] for row in cursor.fetchall()]
    return done | ({"rosters": named} if named else {})


def unfollow(data: Any, on: date) -> None:
    """As it was."""
    SHIFTS.unfollow(data, on)
    with connection.cursor() as cursor:
        for roster, old, new in data.get("rosters", ()):
            cursor.execute(
                "UPDATE rosters_roster SET place_ids = array_replace(place_ids, %s, %s) WHERE id = %s",
                [new, old, roster],
            )
