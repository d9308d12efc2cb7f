"""Every read of proposals."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import numpy as np
from django.db import connection
from django.db.models import QuerySet
from django.db.models.expressions import RawSQL

from shanzhi.base.access import Actor
from shanzhi.base.access.capabilities import PLACE_VIEW
from shanzhi.city.gridding import instance
from shanzhi.city.gridding.models import Proposal, ProposalEdit, ProposalPart
from shanzhi.city.places import queries as places
from shanzhi.core.kit.errors import NotFound
from shanzhi.core.planning import Certificate

REASONS = {
    Certificate.within: ("", ""),
    Certificate.component_too_small: ("连片的住户总数不足下限", "the connected homes are too few"),
    Certificate.piece_too_large: (
        "含有不可再分、自身超过上限的楼层", "a floor that cannot be cut is above the bound",
    ),
    Certificate.sums_impossible: (
        "周边楼层户数怎样组合都不落在上下限内", "no sum of neighbouring floors falls within the bounds",
    ),
    Certificate.unproved: ("人工调整", "changed by hand"),
}  # fmt: skip


@dataclass(frozen=True)
class CommunityRow:
    """A community of a proposal in a list."""

    place_id: UUID
    code: str
    name: str
    households: int
    microgrids: int
    exceptions: int
    edited: bool
    approximate: bool


@dataclass(frozen=True)
class Exceptional:
    """A micro-grid out of its band, and why."""

    community_id: UUID
    community: str
    label: int
    households: int
    certificate: int
    accept: str


def visible_to(actor: Actor, on: date, capability: str = PLACE_VIEW) -> "QuerySet[Proposal]":
    """Proposals all of whose places lie under the actor's posts."""
    grounds = places.reach(actor, capability)
    if grounds is None:
        return Proposal.objects.all()
    outside = (
        "SELECT q.id FROM gridding_proposal q, unnest(q.places) AS place "
        f"WHERE place NOT IN ({places.BELOW_SQL})"
    )
    return Proposal.objects.exclude(id__in=RawSQL(outside, [grounds, on, on]))


def proposal(proposal_id: UUID, actor: Actor, on: date, capability: str = PLACE_VIEW) -> Proposal:
    """A proposal in the actor's sight. Raises NotFound."""
    found = visible_to(actor, on, capability).filter(id=proposal_id).first()
    if found is None:
        raise NotFound(field="proposal_id")
    return found


def part(found: Proposal, community_id: UUID) -> ProposalPart:
    """The part of a community. Raises NotFound."""
    one = ProposalPart.objects.filter(proposal=found, community_id=community_id).first()
    if one is None:
        raise NotFound(field="place_id")
    return one


def communities_of(place_ids: Sequence[UUID], on: date) -> list[UUID]:
    """The communities that these places are, lie in, or have below them, by code."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT DISTINCT p.id, p.code FROM places_placeclosure k JOIN places_place p ON p.id = k.descendant_id
            WHERE k.ancestor_id = ANY(%s) AND k.from_on <= %s AND (k.to_on IS NULL OR k.to_on > %s)
              AND p.level = 'community' AND p.opened_on <= %s AND (p.closed_on IS NULL OR p.closed_on > %s)
            ORDER BY p.code
            """,
            [list(place_ids), on, on, on, on],
        )
        return [place for place, _ in cursor.fetchall()]


def communities(found: Proposal) -> list[CommunityRow]:
    """The communities of a proposal by code."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT c.id, c.code, c.name, p.households, p.count, p.below + p.above, p.version > 1, c.approximate
            FROM gridding_proposalpart p JOIN places_place c ON c.id = p.community_id
            WHERE p.proposal_id = %s ORDER BY c.code
            """,
            [found.id],
        )
        return [CommunityRow(*row) for row in cursor.fetchall()]


def areas_of(found: Proposal) -> list[str]:
    """The districts that a proposal touches."""
    return sorted(set(ProposalPart.objects.filter(proposal=found).values_list("community__area", flat=True)))


def exceptions(found: Proposal, limit: int = 2000) -> list[Exceptional]:
    """The micro-grids out of their band, by community."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT c.id, c.name, (m->>'label')::int, (m->>'households')::int, (m->>'certificate')::int, m->>'accept'
            FROM gridding_proposalpart p JOIN places_place c ON c.id = p.community_id,
              jsonb_array_elements(p.microgrids) AS m
            WHERE p.proposal_id = %s AND p.below + p.above > 0
              AND NOT (m->>'households')::int BETWEEN %s AND %s
            ORDER BY c.code, 3 LIMIT %s
            """,
            [found.id, found.low, found.high, limit],
        )
        return [Exceptional(*row) for row in cursor.fetchall()]


def totals(found: Proposal) -> dict[str, int]:
    """What corrections may have changed: micro-grids, and those out of their band."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(sum(count), 0), coalesce(sum(below), 0), coalesce(sum(above), 0), "
            "count(*) FILTER (WHERE version > 1) FROM gridding_proposalpart WHERE proposal_id = %s",
            [found.id],
        )
        microgrids, below, above, edited = cursor.fetchone() or (0, 0, 0, 0)
    return {"microgrids": microgrids, "below": below, "above": above, "edited": edited}


def grids_above(microgrids: Sequence[UUID], on: date) -> dict[UUID, UUID]:
    """The grid right above each micro-grid on the day."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT k.descendant_id, k.ancestor_id FROM places_placeclosure k JOIN places_place g "
            "ON g.id = k.ancestor_id AND g.level = 'grid' WHERE k.descendant_id = ANY(%s) AND k.depth = 1 "
            "AND k.from_on <= %s AND (k.to_on IS NULL OR k.to_on > %s)",
            [list(microgrids), on, on],
        )
        return dict(cursor.fetchall())


def edits_of(part_id: UUID, area: str) -> "QuerySet[ProposalEdit]":
    """The corrections of a community in their order."""
    return ProposalEdit.objects.filter(area=area, part_id=part_id).order_by("number")


def last_edit(part_id: UUID, area: str) -> ProposalEdit | None:
    """The newest correction that was not taken back."""
    taken_back: set[int] = set()
    for edit in edits_of(part_id, area).reverse():
        if edit.undoes is not None:
            taken_back.add(edit.undoes)
        elif edit.number not in taken_back:
            return edit
    return None


def labels_of(found: instance.Instance, one: ProposalPart) -> "np.ndarray[Any, np.dtype[np.int64]] | None":
    """The labels of a part in the order of the instance; None when the floors are no longer the same."""
    label = dict(zip(one.floors, one.labels, strict=True))
    if len(label) != len(found.ids) or any(floor not in label for floor in found.ids):
        return None
    return np.array([label[floor] for floor in found.ids], np.int64)


def reason(certificate: int) -> tuple[str, str]:
    """Why a micro-grid is out of its band, in Chinese and English."""
    return REASONS[Certificate(certificate)]
