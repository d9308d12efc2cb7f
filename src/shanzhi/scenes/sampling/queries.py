"""Every read of sampling. All start from what the actor may see; a resident sees a slot and a place, nothing else."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Q, QuerySet
from django.db.models.expressions import RawSQL

from shanzhi.base.access import Actor
from shanzhi.base.access.capabilities import SAMPLING_VIEW, SAMPLING_WORK
from shanzhi.city.places import queries as places
from shanzhi.scenes.sampling.flow import DRAFT, DROPPED, ISSUED, PROPOSED, TODO
from shanzhi.scenes.sampling.models import Campaign, PlaceCount, Point, PointCount, Retest

MOST_LISTED = 200
_ABOVE = (
    "SELECT coalesce(array_agg(DISTINCT ancestor_id), '{}') FROM places_placeclosure "
    "WHERE descendant_id = ANY(%s) AND from_on <= %s AND (to_on IS NULL OR to_on > %s)"
)
_BELOW = (
    "SELECT coalesce(array_agg(descendant_id), '{}') FROM places_placeclosure "
    "WHERE ancestor_id = ANY(%s) AND from_on <= %s AND (to_on IS NULL OR to_on > %s)"
)


def visible_to(actor: Actor, on: date) -> "QuerySet[Campaign]":
    """Campaigns made for places at or below the actor's, and those under way above them."""
    grounds = places.reach(actor, SAMPLING_VIEW)
    if grounds is None:
        return Campaign.objects.all()
    if not grounds:
        return Campaign.objects.none()
    mine = Q(place_id__in=RawSQL(places.BELOW_SQL, [grounds, on, on]))
    mine |= Q(place_ids__overlap=RawSQL(f"({_BELOW})", [grounds, on, on]))
    covers = Q(place_ids__overlap=RawSQL(f"({_ABOVE})", [grounds, on, on]))
    return Campaign.objects.filter(mine | (covers & ~Q(state__in=[DRAFT, PROPOSED, DROPPED])))


def scope_of(actor: Actor, campaign: Campaign, on: date) -> list[UUID] | None:
    """The places whose part of a campaign the actor sees: None when it is the whole of it."""
    grounds = places.reach(actor, SAMPLING_VIEW)
    if grounds is None or all(places.is_within(one, grounds, on) for one in campaign.place_ids):
        return None
    return grounds


def points(campaign: Campaign, scope: list[UUID] | None, on: date) -> "QuerySet[Point]":
    """The points of a campaign in sight."""
    found = Point.objects.filter(campaign=campaign)
    return found if scope is None else found.filter(place_id__in=RawSQL(places.BELOW_SQL, [scope, on, on]))


# Points at which somebody's post lets them work: it lies at or above the point, or above a micro-grid of it.
_MINE = """
SELECT t.area, t.id FROM sampling_point t JOIN sampling_campaign g ON g.id = t.campaign_id
WHERE g.state = %(issued)s AND t.is_open AND (
  t.place_id IN (SELECT descendant_id FROM places_placeclosure WHERE ancestor_id = ANY(%(grounds)s)
    AND from_on <= %(on)s AND (to_on IS NULL OR to_on > %(on)s))
  OR EXISTS (SELECT 1 FROM sampling_allocation a JOIN places_placeclosure c ON c.descendant_id = a.place_id
    AND c.ancestor_id = ANY(%(grounds)s) AND c.from_on <= %(on)s AND (c.to_on IS NULL OR c.to_on > %(on)s)
    WHERE a.campaign_id = t.campaign_id AND a.point_id = t.id))
ORDER BY g.first_on, t.number LIMIT %(limit)s
"""


def points_worked_by(actor: Actor, on: date, limit: int = MOST_LISTED) -> "list[Point]":
    """The points of campaigns under way at which the actor may work."""
    grounds = places.reach(actor, SAMPLING_WORK)
    if grounds is None:
        found = Point.objects.filter(campaign__state=ISSUED, is_open=True)
        return list(found.select_related("campaign").order_by("campaign__first_on", "number")[:limit])
    if not grounds:
        return []
    with connection.cursor() as cursor:
        cursor.execute(_MINE, {"issued": ISSUED, "grounds": grounds, "on": on, "limit": limit})
        ids = [point for _, point in cursor.fetchall()]
    known = {one.id: one for one in Point.objects.filter(id__in=ids).select_related("campaign")}
    return [known[one] for one in ids]


_GRIDS = """
SELECT a.place_id, v.code, v.name, min(a.slot), max(a.slot), sum(a.doors)::int, bool_or(a.pinned),
  (SELECT w.name FROM places_placeclosure k JOIN places_place c ON c.id = k.ancestor_id AND c.level = 'community'
    JOIN places_placeversion w ON w.place_id = c.id AND w.from_on <= %(on)s AND (w.to_on IS NULL OR w.to_on > %(on)s)
    WHERE k.descendant_id = a.place_id AND k.from_on <= %(on)s AND (k.to_on IS NULL OR k.to_on > %(on)s) LIMIT 1)
FROM sampling_allocation a
JOIN places_placeversion v ON v.place_id = a.place_id AND v.from_on <= %(on)s
  AND (v.to_on IS NULL OR v.to_on > %(on)s)
WHERE a.campaign_id = %(campaign)s AND a.point_id = %(point)s
GROUP BY a.place_id, v.code, v.name ORDER BY min(a.slot), v.code
"""


@dataclass(frozen=True)
class GridLine:
    """A micro-grid at a point: from which slot to which, how many doors, whether by hand."""

    place_id: UUID
    code: str
    name: str
    first: int
    last: int
    doors: int
    pinned: bool
    community: str | None


def grids_at(campaign: Campaign, point_id: UUID) -> list[GridLine]:
    """The micro-grids that come to a point, by slot."""
    with connection.cursor() as cursor:
        cursor.execute(_GRIDS, {"campaign": campaign.id, "point": point_id, "on": campaign.first_on})
        return [GridLine(*row) for row in cursor.fetchall()]


def loads(campaign: Campaign) -> dict[UUID, tuple[int, int]]:
    """Point -> doors planned there, and micro-grids."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT point_id, sum(doors)::int, count(DISTINCT place_id) FROM sampling_allocation "
            "WHERE campaign_id = %s GROUP BY point_id",
            [campaign.id],
        )
        return {point: (doors, grids) for point, doors, grids in cursor.fetchall()}


def slot_loads(campaign: Campaign, point_id: UUID) -> dict[int, int]:
    """Slot -> doors planned at a point."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT slot, sum(doors)::int FROM sampling_allocation WHERE campaign_id = %s AND point_id = %s "
            "GROUP BY slot",
            [campaign.id, point_id],
        )
        return dict(cursor.fetchall())


def counts(campaign: Campaign, point_ids: Sequence[UUID]) -> list[PointCount]:
    """The roll-up of points, and of their tables."""
    return list(PointCount.objects.filter(campaign=campaign, point_id__in=point_ids))


_CHILDREN = """
SELECT r.place_id, v.name, p.level, r.doors, r.come_doors, r.come_people,
  EXISTS (SELECT 1 FROM places_placeclosure d WHERE d.ancestor_id = p.id AND d.depth = 1
    AND d.from_on <= %(on)s AND (d.to_on IS NULL OR d.to_on > %(on)s))
FROM sampling_placecount r
JOIN places_place p ON p.id = r.place_id
JOIN places_placeversion v ON v.place_id = p.id AND v.from_on <= %(on)s AND (v.to_on IS NULL OR v.to_on > %(on)s)
WHERE r.campaign_id = %(campaign)s AND {which}
ORDER BY (r.doors - r.come_doors) DESC, v.pinyin, p.code LIMIT 500
"""
_UNDER = """r.place_id IN (SELECT k.descendant_id FROM places_placeclosure k WHERE k.ancestor_id = %(place)s
  AND k.depth = 1 AND k.from_on <= %(on)s AND (k.to_on IS NULL OR k.to_on > %(on)s))"""


@dataclass(frozen=True)
class PlaceLine:
    """A place of the board."""

    place_id: UUID
    name: str
    level: str
    doors: int
    come_doors: int
    come_people: int
    has_below: bool


def by_place(campaign: Campaign, place_id: UUID | None, scope: list[UUID] | None) -> list[PlaceLine]:
    """The places right under one, or the highest in sight, those with most doors that have not come first."""
    given: dict[str, Any] = {"campaign": campaign.id, "on": campaign.first_on, "place": place_id}
    which = _UNDER
    if place_id is None:
        which = "r.place_id = ANY(%(tops)s)"
        given["tops"] = campaign.place_ids if scope is None else scope
    with connection.cursor() as cursor:
        cursor.execute(_CHILDREN.format(which=which), given)
        return [PlaceLine(*row) for row in cursor.fetchall()]


def total(campaign: Campaign, scope: list[UUID] | None) -> tuple[int, int, int]:
    """Doors planned, doors and people that came, of the part in sight."""
    tops = campaign.place_ids if scope is None else scope
    rows = PlaceCount.objects.filter(campaign=campaign, place_id__in=tops)
    found = [(row.doors, row.come_doors, row.come_people) for row in rows]
    if not found and scope is None:
        return campaign.doors - campaign.left_out, 0, 0
    return sum(row[0] for row in found), sum(row[1] for row in found), sum(row[2] for row in found)


_MISSING = """
SELECT m.code, v.name, c.name, b.name, f.stairwell, f.floor, f.top, m.number, t.name, a.slot
FROM (
  SELECT k.* FROM sampling_ticket k WHERE k.campaign_id = %(campaign)s {inside}
    AND NOT EXISTS (SELECT 1 FROM sampling_checkin n WHERE n.campaign_id = k.campaign_id AND n.ticket_id = k.id)
  ORDER BY k.place_id, k.ordinal LIMIT %(limit)s OFFSET %(offset)s
) m
JOIN places_placeversion v ON v.place_id = m.place_id AND v.from_on <= %(on)s
  AND (v.to_on IS NULL OR v.to_on > %(on)s)
JOIN compounds_floor f ON f.area = m.area AND f.id = m.floor_id
JOIN compounds_building b ON b.area = f.area AND b.id = f.building_id
JOIN compounds_compound c ON c.area = b.area AND c.id = b.compound_id
LEFT JOIN sampling_allocation a ON a.area = m.area AND a.campaign_id = m.campaign_id AND a.place_id = m.place_id
  AND m.ordinal >= a.first AND m.ordinal < a.first + a.doors
LEFT JOIN sampling_point t ON t.area = a.area AND t.id = a.point_id
ORDER BY v.code, m.ordinal
"""


@dataclass(frozen=True)
class Door:
    """A door with its ticket: nobody's name."""

    code: str
    microgrid: str
    compound: str
    building: str
    stairwell: str
    floor: int
    top: int
    number: str
    point: str | None
    slot: int | None

    @property
    def where(self) -> str:
        """The door as it is written on a list."""
        level = f"{self.floor}层" if self.floor == self.top else f"{self.floor}—{self.top}层"
        return " ".join(one for one in (self.building, self.stairwell, level, self.number) if one)


def _inside(place_id: UUID | None, scope: list[UUID] | None) -> tuple[str, list[UUID] | None]:
    tops = [place_id] if place_id is not None else scope
    if tops is None:
        return "", None
    return f"AND k.place_id IN ({places.BELOW_SQL.replace('%s', '%({})s').format('tops', 'on', 'on')})", tops


def missing(
    campaign: Campaign, place_id: UUID | None, scope: list[UUID] | None, *, offset: int = 0,
    limit: int = MOST_LISTED,
) -> list[Door]:  # fmt: skip
    """Doors that have not come (未到门户), place by place: doors, not people."""
    inside, tops = _inside(place_id, scope)
    given = {
        "campaign": campaign.id, "on": campaign.first_on, "tops": tops, "limit": limit, "offset": offset,
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_MISSING.format(inside=inside), given)
        return [Door(*row) for row in cursor.fetchall()]


_TICKETS = _MISSING.replace(
    "AND NOT EXISTS (SELECT 1 FROM sampling_checkin n WHERE n.campaign_id = k.campaign_id AND n.ticket_id = k.id)",
    "",
)


def doors(campaign: Campaign, place_id: UUID, limit: int) -> list[Door]:
    """Every door of a place with its ticket, for slips."""
    inside, tops = _inside(place_id, None)
    given = {"campaign": campaign.id, "on": campaign.first_on, "tops": tops, "limit": limit, "offset": 0}
    with connection.cursor() as cursor:
        cursor.execute(_TICKETS.format(inside=inside), given)
        return [Door(*row) for row in cursor.fetchall()]


_RETESTS = """
SELECT r.area, r.id, r.state, r.people, r.sampled, u.barcode, u.state, v.name, t.number, t.code, c.name, b.name,
  f.stairwell, f.floor, f.top, r.made_at
FROM sampling_retest r
JOIN sampling_tube u ON u.area = r.area AND u.id = r.tube_id
JOIN places_placeversion v ON v.place_id = r.place_id AND v.from_on <= %(on)s
  AND (v.to_on IS NULL OR v.to_on > %(on)s)
LEFT JOIN sampling_ticket t ON t.area = r.area AND t.id = r.ticket_id
LEFT JOIN compounds_floor f ON f.area = t.area AND f.id = t.floor_id
LEFT JOIN compounds_building b ON b.area = f.area AND b.id = f.building_id
LEFT JOIN compounds_compound c ON c.area = b.area AND c.id = b.compound_id
WHERE r.campaign_id = %(campaign)s AND (%(all)s OR r.state = %(todo)s) {inside}
ORDER BY r.state DESC, v.code, t.ordinal, r.id LIMIT %(limit)s
"""


@dataclass(frozen=True)
class RetestLine:
    """A household to be sampled again, by its door; walk-ins by their micro-grid alone."""

    area: str
    id: UUID
    state: str
    people: int
    sampled: int
    barcode: str
    tube_state: str
    microgrid: str
    number: str | None
    code: str | None
    compound: str | None
    building: str | None
    stairwell: str | None
    floor: int | None
    top: int | None
    made_at: datetime

    @property
    def where(self) -> str:
        """The door, or that it is not known."""
        if self.compound is None:
            return "未凭证登记"
        level = f"{self.floor}层" if self.floor == self.top else f"{self.floor}—{self.top}层"
        parts = (self.compound, self.building, self.stairwell, level, self.number)
        return " ".join(one for one in parts if one)


def retests(
    campaign: Campaign,
    tops: list[UUID] | None,
    *,
    every: bool = True,
    limit: int = 1000,
    ids: Sequence[UUID] | None = None,
) -> list[RetestLine]:
    """Re-tests under some places, or some of them, those to do first. Never shown to the public."""
    inside = "" if ids is None else "AND r.id = ANY(%(ids)s)"
    if tops is not None:
        inside += (
            f" AND r.place_id IN ({places.BELOW_SQL.replace('%s', '%({})s').format('tops', 'on', 'on')})"
        )
    given = {
        "campaign": campaign.id, "on": campaign.first_on, "all": every, "todo": TODO, "tops": tops,
        "limit": limit if ids is None else len(ids), "ids": None if ids is None else list(ids),
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_RETESTS.format(inside=inside), given)
        return [RetestLine(*row) for row in cursor.fetchall()]


def retest_counts(campaign: Campaign) -> dict[str, int]:
    """State -> how many."""
    found: dict[str, int] = {}
    for state in Retest.objects.filter(campaign=campaign).values_list("state", flat=True):
        found[state] = found.get(state, 0) + 1
    return found


_BY_TICKET = """
SELECT t.campaign_id, t.area, a.point_id, a.slot, a.slot FROM sampling_ticket t
JOIN sampling_campaign g ON g.id = t.campaign_id AND g.state = %s
JOIN sampling_allocation a ON a.area = t.area AND a.campaign_id = t.campaign_id AND a.place_id = t.place_id
  AND t.ordinal >= a.first AND t.ordinal < a.first + a.doors
WHERE t.code = %s ORDER BY g.issued_at DESC LIMIT 5
"""
_BY_GRID = """
SELECT a.campaign_id, a.area, a.point_id, min(a.slot), max(a.slot) FROM sampling_allocation a
JOIN sampling_campaign g ON g.id = a.campaign_id AND g.state = %s
WHERE a.place_id IN (SELECT id FROM places_place WHERE code = %s AND closed_on IS NULL)
GROUP BY a.campaign_id, a.area, a.point_id, g.issued_at ORDER BY g.issued_at DESC, min(a.slot) LIMIT 10
"""
_UNDER_GRID = f"""
SELECT a.campaign_id, a.point_id, v.name, min(a.slot), max(a.slot) FROM sampling_allocation a
JOIN sampling_campaign g ON g.id = a.campaign_id AND g.state = %s AND NOT g.is_drill
JOIN places_placeversion v ON v.place_id = a.place_id AND v.from_on <= %s AND (v.to_on IS NULL OR v.to_on > %s)
WHERE a.place_id IN ({places.BELOW_SQL}) AND g.first_on + g.days > %s
GROUP BY a.campaign_id, a.point_id, g.issued_at, v.name ORDER BY g.issued_at DESC, min(a.slot), v.name LIMIT %s
"""
MOST_SLOTS = 60


def slots_of(code: str, *, is_ticket: bool) -> list[tuple[UUID, str, UUID, int, int]]:
    """When and where, by a ticket's code or by that of a micro-grid: campaign, area, point, first and last slot."""
    with connection.cursor() as cursor:
        cursor.execute(_BY_TICKET if is_ticket else _BY_GRID, [ISSUED, code])
        return list(cursor.fetchall())


def slots_under(place_id: UUID, on: date) -> list[tuple[UUID, UUID, str, int, int]]:
    """When which micro-grids at or under a place come: campaign, point, name, first and last slot.

    What goes on or is to come, without drills. Anybody may know.
    """
    with connection.cursor() as cursor:
        cursor.execute(_UNDER_GRID, [ISSUED, on, on, [place_id], on, on, on, MOST_SLOTS])
        return list(cursor.fetchall())
