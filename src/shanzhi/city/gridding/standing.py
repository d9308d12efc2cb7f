"""Grids and micro-grids in force, and what a publishing would do to them (发布预览)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.db import connection

from shanzhi.city.gridding.models import Proposal, ProposalPart
from shanzhi.city.places import touching
from shanzhi.city.places.levels import Level


@dataclass(frozen=True)
class Standing:
    """A grid or micro-grid in force."""

    id: UUID
    level: str
    code: str
    name: str
    parent: UUID


def standing(communities: Sequence[UUID]) -> dict[UUID, list[Standing]]:
    """The grids and micro-grids in force under each community, by code."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT up.ancestor_id, p.id, p.level, p.code, p.name, k.ancestor_id
            FROM places_placeclosure up
            JOIN places_place p ON p.id = up.descendant_id AND p.closed_on IS NULL
            JOIN places_placeclosure k ON k.descendant_id = p.id AND k.depth = 1 AND k.to_on IS NULL
            WHERE up.ancestor_id = ANY(%s) AND up.depth > 0 AND up.to_on IS NULL
              AND p.level IN ('grid', 'microgrid')
            ORDER BY p.code
            """,
            [list(communities)],
        )
        found: dict[UUID, list[Standing]] = {}
        for community, *rest in cursor.fetchall():
            found.setdefault(community, []).append(Standing(*rest))
        return found


@dataclass(frozen=True)
class Preview:
    """What a publishing would do, in numbers."""

    created: int
    kept: int
    closed: list[Standing]
    moved_households: int
    touches: list[touching.Touched]
    """What lies at the micro-grids that end."""


def preview(found: Proposal, today: date) -> Preview:
    """What publishing the proposal would do (发布预览), without writing."""
    parts = list(
        ProposalPart.objects.filter(proposal=found).values_list("community_id", "microgrids", "grids")
    )
    kept = {UUID(entry["place"]) for _, entries, _ in parts for entry in entries if entry["place"]}
    created = sum(entry["place"] is None for _, entries, _ in parts for entry in entries)
    before = standing([community for community, _, _ in parts])
    closed = [
        place
        for places in before.values()
        for place in places
        if place.level == Level.MICROGRID and place.id not in kept
    ]
    ending = [place.id for place in closed]
    return Preview(
        created, len(kept), closed, int(found.numbers.get("moved", 0)), touching.touched(ending, today)
    )
