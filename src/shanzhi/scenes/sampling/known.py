"""What the database knows of the things that acts from points name (现场记录涉及的对象), read in sets.

Tubes and re-tests are locked in the order of their ids.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils.timezone import localdate

from shanzhi.base.access.capabilities import SAMPLING_WORK
from shanzhi.scenes.sampling.flow import TODO, What
from shanzhi.scenes.sampling.reading import Submission

# A point and its campaign, for those whose post lies at or above it, or above a micro-grid that comes there.
_POINTS = """
SELECT DISTINCT t.id, w.account_id, t.campaign_id, g.kind, g.state, g.ended_at, t.tables
FROM unnest(%(areas)s::text[], %(points)s::uuid[], %(accounts)s::uuid[]) AS w (area, point_id, account_id)
JOIN sampling_point t ON t.area = w.area AND t.id = w.point_id
JOIN sampling_campaign g ON g.id = t.campaign_id
JOIN people_post p ON p.account_id = w.account_id AND p.from_on <= %(on)s
  AND (p.to_on IS NULL OR p.to_on > %(on)s)
JOIN people_postkind k ON k.code = p.kind_id AND k.capabilities @> ARRAY[%(work)s]::varchar[]
WHERE EXISTS (
  SELECT 1 FROM places_placeclosure c WHERE c.ancestor_id = p.place_id AND c.from_on <= %(on)s
    AND (c.to_on IS NULL OR c.to_on > %(on)s) AND (c.descendant_id = t.place_id OR c.descendant_id IN (
      SELECT a.place_id FROM sampling_allocation a WHERE a.campaign_id = t.campaign_id AND a.point_id = t.id)))
"""
_LOCK = """
SELECT id, campaign_id, point_id, state, pooling, capacity, filled, ticket_id, retest_id
FROM sampling_tube WHERE area = ANY(%s) AND id = ANY(%s) ORDER BY id FOR UPDATE
"""
_TICKETS = """
SELECT campaign_id, code, id, place_id FROM sampling_ticket WHERE campaign_id = ANY(%s) AND code = ANY(%s)
"""
_RETESTS = """
SELECT id, campaign_id, ticket_id, place_id, people - sampled FROM sampling_retest
WHERE area = ANY(%s) AND id = ANY(%s) AND state = %s ORDER BY id FOR UPDATE
"""
_GRIDS = """
SELECT DISTINCT campaign_id, place_id FROM sampling_allocation WHERE campaign_id = ANY(%s) AND place_id = ANY(%s)
"""
_BARCODES = "SELECT campaign_id, barcode FROM sampling_tube WHERE campaign_id = ANY(%s) AND barcode = ANY(%s)"
_SERVED = """
SELECT campaign_id, ticket_id FROM sampling_checkin WHERE campaign_id = ANY(%s) AND ticket_id = ANY(%s) AND once
"""
_HASHES = "SELECT id, hash FROM sampling_act WHERE id = ANY(%s)"


@dataclass(slots=True)
class KnownPoint:
    """A point at which the account may work, and how far its campaign is."""

    campaign_id: UUID
    kind: str
    state: str
    ended_at: datetime | None
    tables: int


@dataclass(slots=True)
class KnownTube:
    """A tube as it stands; judging an act changes it here first."""

    campaign_id: UUID
    point_id: UUID
    state: str
    pooling: str
    capacity: int
    filled: int
    ticket_id: UUID | None
    retest_id: UUID | None


@dataclass(slots=True)
class Seen:
    """What the database knows of the things that a set names."""

    points: dict[tuple[UUID, UUID], KnownPoint] = field(default_factory=dict)
    tubes: dict[UUID, KnownTube] = field(default_factory=dict)
    hashes: dict[UUID, bytes] = field(default_factory=dict)
    tickets: dict[tuple[UUID, str], tuple[UUID, UUID]] = field(default_factory=dict)
    retests: dict[UUID, list[Any]] = field(default_factory=dict)
    grids: set[tuple[UUID, UUID]] = field(default_factory=set)
    barcodes: set[tuple[UUID, str]] = field(default_factory=set)
    served: set[tuple[UUID, UUID]] = field(default_factory=set)


def _fetch(cursor: Any, sql: str, params: Any) -> list[tuple[Any, ...]]:
    cursor.execute(sql, params)
    return list(cursor.fetchall())


def look(cursor: Any, items: Sequence[Submission], received_at: datetime) -> Seen:
    """Read and lock what a set of acts names."""
    seen, given = Seen(), [one.given for one in items]
    areas = sorted({one.area for one in given})
    pairs = sorted({(one.given.area, one.given.point, one.account_id) for one in items})
    rows = _fetch(
        cursor, _POINTS,
        {
            "areas": [area for area, _, _ in pairs], "points": [point for _, point, _ in pairs],
            "accounts": [account for _, _, account in pairs], "on": localdate(received_at), "work": SAMPLING_WORK,
        },
    )  # fmt: skip
    seen.points = {(row[0], row[1]): KnownPoint(*row[2:]) for row in rows}
    campaigns = list({one.campaign_id for one in seen.points.values()})
    named = {one.tube for one in given if one.tube} | {tube for one in given for tube in one.tubes}
    named |= {one.id for one in given if one.what == str(What.TUBE)}
    if named:
        seen.tubes = {row[0]: KnownTube(*row[1:]) for row in _fetch(cursor, _LOCK, [areas, sorted(named)])}
    if retests := sorted({one.retest for one in given if one.retest}):
        found = _fetch(cursor, _RETESTS, [areas, retests, TODO])
        seen.retests = {row[0]: list(row[1:]) for row in found}
    seen.hashes = hashes_of(cursor, [one.id for one in given])
    if codes := sorted({one.code for one in items if one.code}):
        rows = _fetch(cursor, _TICKETS, [campaigns, codes])
        seen.tickets = {(campaign, code): (ticket, place) for campaign, code, ticket, place in rows}
        mine = [ticket for ticket, _ in seen.tickets.values()]
        seen.served = set(_fetch(cursor, _SERVED, [campaigns, mine]))
    if grids := sorted({one.place for one in given if one.place}):
        seen.grids = set(_fetch(cursor, _GRIDS, [campaigns, grids]))
    if barcodes := sorted({one.barcode for one in given if one.barcode}):
        seen.barcodes = set(_fetch(cursor, _BARCODES, [campaigns, barcodes]))
    return seen


def hashes_of(cursor: Any, ids: Sequence[UUID]) -> dict[UUID, bytes]:
    """The keyed hash of each act that is stored."""
    return {found: bytes(content) for found, content in _fetch(cursor, _HASHES, [list(ids)])}
