"""Planning a campaign (布点与排时): points where people live, micro-grids to points and slots, and again by hand."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import numpy as np
from django.db import connection

from shanzhi.core.kit.ids import uuid7
from shanzhi.core.planning.points import plan_points
from shanzhi.core.planning.sites import choose_sites
from shanzhi.scenes.sampling import packs, slots
from shanzhi.scenes.sampling.errors import NoMicrogrids
from shanzhi.scenes.sampling.flow import ISSUED, Kind
from shanzhi.scenes.sampling.ground import Ground, Spot, ground, spots
from shanzhi.scenes.sampling.models import Allocation, Campaign, Point

SLACK = 1.08  # tables are for so much more than the doors planned: who comes late finds room
_COPY = "COPY sampling_allocation (id, area, campaign_id, place_id, point_id, slot, first, doors, pinned) FROM STDIN"


@dataclass(frozen=True)
class Wanted:
    """What a campaign would need (预览): people, doors, points, tables, table hours, people who take samples."""

    doors: int
    people: int
    microgrids: int
    ungridded: int
    points: int
    tables: int
    table_hours: float
    samplers: int
    slots: int
    slot_people: int


def people_of(campaign: Campaign, doors: int) -> int:
    """The people behind some doors, as planned."""
    return round(doors * campaign.people_per_home)


def _left(campaign: Campaign, at: datetime) -> int:
    """The slots that have not begun: a round drafted at noon for the same day has half of them."""
    return max(1, slots.count(campaign) - slots.begun(campaign, at))


def wanted(campaign: Campaign, on_ground: Ground, at: datetime) -> Wanted:
    """What a campaign of these numbers needs on this ground from now on; writes nothing."""
    doors, left = int(on_ground.doors.sum()), _left(campaign, at)
    people = people_of(campaign, doors)
    loads = _loads(campaign, on_ground, left)
    tables = sum(_tables(campaign, load, left) for load in loads)
    hours = left * campaign.slot_minutes / 60
    samplers = math.ceil(people / packs.pack().samplers_for) if campaign.kind == str(Kind.SAMPLING) else 0
    return Wanted(
        doors, people, len(on_ground.ids), on_ground.ungridded, len(loads), tables, tables * hours, samplers,
        left, slots.people_a_slot(campaign, campaign.most_tables),
    )  # fmt: skip


def _how_many(campaign: Campaign, doors: int, left: int) -> int:
    wish = people_of(campaign, doors) / campaign.people_per_point
    need = doors * SLACK / max(1, slots.doors_a_slot(campaign, campaign.most_tables) * left)
    return max(1, math.ceil(max(wish, need) - 1e-9)) if doors else 0


def _loads(campaign: Campaign, on_ground: Ground, left: int) -> list[int]:
    """The doors of each point, about."""
    found: list[int] = []
    areas = np.array(on_ground.areas)
    for area in sorted(set(on_ground.areas)):
        doors = int(on_ground.doors[areas == area].sum())
        count = _how_many(campaign, doors, left)
        found += [math.ceil(doors / count)] * count
    return found


def _tables(campaign: Campaign, doors: int, left: int) -> int:
    """The fewest tables that take so many doors, and some more, in the slots left."""
    need = doors * SLACK / left
    for tables in range(1, campaign.most_tables):
        if slots.doors_a_slot(campaign, tables) >= need:
            return tables
    return campaign.most_tables


def propose(campaign: Campaign, at: datetime) -> None:
    """Points for a campaign, and its timetable; what was planned before goes. Raises NoMicrogrids."""
    found = ground(campaign.place_ids, campaign.first_on)
    if not found.ids:
        raise NoMicrogrids(field="place_ids")
    candidates = spots(campaign.place_ids, campaign.first_on)
    Allocation.objects.filter(campaign=campaign).delete()
    Point.objects.filter(campaign=campaign).delete()
    made: list[Point] = []
    areas = np.array(found.areas)
    for area in sorted(set(found.areas)):
        mine = np.flatnonzero(areas == area)
        here = [one for one in candidates if one.area == area] or [_amid(found, mine)]
        made += _points(campaign, found, mine, here, len(made), _left(campaign, at))
    Point.objects.bulk_create(made, batch_size=2000)
    _lay_out(campaign, found, made, at)


def _amid(found: Ground, mine: Any) -> Spot:
    lon, lat = found.plane.to_degrees(found.at[mine].mean(axis=0)[None])[0].tolist()
    return Spot(found.areas[mine[0]], found.ids[mine[0]], "", "", lon, lat)


def _points(
    campaign: Campaign, found: Ground, mine: Any, here: Sequence[Spot], before: int, left: int
) -> list[Point]:
    doors = found.doors[mine]
    lonlat = np.array([[one.lon, one.lat] for one in here])
    sites = choose_sites(
        doors, found.at[mine], found.plane.from_degrees(lonlat), _how_many(campaign, int(doors.sum()), left)
    )
    loads = np.bincount(sites.share, weights=doors, minlength=len(sites.spot))
    word = "采样点" if campaign.kind == str(Kind.SAMPLING) else "发放点"
    used: dict[int, int] = {}
    made = []
    for number, spot in enumerate(sites.spot.tolist()):
        used[spot] = used.get(spot, 0) + 1
        one = here[spot]
        again = f"{used[spot]} 号" if used[spot] > 1 else ""
        made.append(
            Point(
                area=one.area, campaign=campaign, place_id=one.place_id, number=before + number + 1,
                name=f"{one.name[:48]}{again}{word}", address=one.address, lon=one.lon, lat=one.lat,
                tables=_tables(campaign, int(loads[number]), left), opens=campaign.opens, closes=campaign.closes,
            )
        )  # fmt: skip
    return made


def again(campaign: Campaign, at: datetime) -> None:
    """Lay the micro-grids into slots again (重排): what somebody put by hand stays, so does what is near enough.

    Once the campaign is under way, micro-grids whose slots have begun keep them, and past slots take nobody.
    """
    found = ground(campaign.place_ids, campaign.first_on)
    _lay_out(campaign, found, list(Point.objects.filter(campaign=campaign).order_by("number", "id")), at)


def _lay_out(campaign: Campaign, found: Ground, points: list[Point], at: datetime) -> None:
    begun = slots.begun(campaign, at)
    row_of = {place: number for number, place in enumerate(found.ids)}
    now_at, pinned, frozen = _held(campaign, row_of, begun if campaign.state == ISSUED else 0)
    doors = found.doors.copy()
    doors[list(frozen)] = 0
    room = _room(campaign, points, begun)
    column = {point.id: number for number, point in enumerate(points)}
    for point_id, slot, taken in _taken(campaign, [found.ids[one] for one in frozen]):
        room[column[point_id], slot] = max(0, room[column[point_id], slot] - taken)
    areas, stands = np.array(found.areas), np.array([point.area for point in points])
    open_now = np.array([point.is_open for point in points], dtype=bool)
    lines: list[tuple[Any, ...]] = []
    left, metres = 0, 0.0
    for area in sorted(set(found.areas)):
        mine = np.flatnonzero(areas == area)
        here = np.flatnonzero((stands == area) & open_now)
        spot_of = {points[one].id: number for number, one in enumerate(here)}
        held = np.array([spot_of.get(now_at.get(one, campaign.id), -1) for one in mine.tolist()])
        fixed = np.array([one in pinned for one in mine.tolist()], dtype=bool) & (held >= 0)
        lonlat = np.array([[points[one].lon, points[one].lat] for one in here]).reshape(-1, 2)
        plan = plan_points(
            doors[mine], found.at[mine], found.plane.from_degrees(lonlat) if len(here) else lonlat, room[here],
            held=held, pinned=fixed, keep_metres=packs.pack().keep_metres if now_at else 0,
        )  # fmt: skip
        left += int(plan.left_out.sum())
        metres += plan.door_metres
        lines += [
            (
                uuid7(), area, campaign.id, found.ids[mine[who]], points[here[point]].id, slot, first, size,
                bool(fixed[who]),
            )
            for who, point, slot, first, size in zip(
                plan.microgrid.tolist(), plan.point.tolist(), plan.slot.tolist(), plan.first.tolist(),
                plan.doors.tolist(), strict=True,
            )
        ]  # fmt: skip
    _store(campaign, [found.ids[one] for one in frozen], lines)
    planned = int(found.doors.sum())
    campaign.doors, campaign.people, campaign.microgrids = (
        planned,
        people_of(campaign, planned),
        len(found.ids),
    )
    campaign.left_out, campaign.ungridded, campaign.planned_at = left, found.ungridded, at
    campaign.metres = round(metres / max(1, planned - left))
    campaign.save(
        update_fields=["doors", "people", "microgrids", "left_out", "ungridded", "planned_at", "metres"]
    )


def _held(
    campaign: Campaign, row_of: dict[UUID, int], begun: int
) -> tuple[dict[int, UUID], set[int], set[int]]:
    """Where each micro-grid is now, which were put there by hand, and which have begun."""
    now_at: dict[int, UUID] = {}
    pinned, frozen = set(), set()
    for place_id, point_id, slot, by_hand in (
        Allocation.objects.filter(campaign=campaign)
        .order_by("place_id", "first")
        .values_list("place_id", "point_id", "slot", "pinned")
    ):
        row = row_of.get(place_id)
        if row is None:
            continue
        now_at.setdefault(row, point_id)
        if by_hand:
            pinned.add(row)
        if slot < begun:
            frozen.add(row)
    return now_at, pinned, frozen


def _room(campaign: Campaign, points: Iterable[Point], begun: int) -> Any:
    listed = list(points)
    room = np.zeros((len(listed), slots.count(campaign)), dtype=np.int64)
    for number, point in enumerate(listed):
        if not point.is_open:
            continue
        each = slots.doors_a_slot(campaign, point.tables)
        for slot in range(begun, room.shape[1]):
            if slots.in_hours(campaign, slot, point.opens, point.closes):
                room[number, slot] = each
    return room


def _taken(campaign: Campaign, frozen: list[UUID]) -> list[tuple[UUID, int, int]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT point_id, slot, sum(doors)::int FROM sampling_allocation "
            "WHERE campaign_id = %s AND place_id = ANY(%s) GROUP BY point_id, slot",
            [campaign.id, frozen],
        )
        return list(cursor.fetchall())


def _store(campaign: Campaign, frozen: list[UUID], lines: list[tuple[Any, ...]]) -> None:
    Allocation.objects.filter(campaign=campaign).exclude(place_id__in=frozen).delete()
    with connection.cursor() as cursor, cursor.copy(_COPY) as copy:
        for line in lines:
            copy.write_row(line)


def has_begun(campaign: Campaign, place_id: UUID, at: datetime) -> bool:
    """Whether a slot of the micro-grid has begun."""
    return Allocation.objects.filter(
        campaign=campaign, place_id=place_id, slot__lt=slots.begun(campaign, at)
    ).exists()


def is_late(campaign: Campaign, at: datetime) -> bool:
    """Whether its timetable holds slots that have begun."""
    return Allocation.objects.filter(campaign=campaign, slot__lt=slots.begun(campaign, at)).exists()
