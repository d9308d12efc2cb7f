"""Sampling as the endpoints show it."""

import math
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.utils.timezone import localdate

from shanzhi.base.access import Actor
from shanzhi.base.access.capabilities import SAMPLING_MANAGE
from shanzhi.city.places.errors import OutsideYourPlaces
from shanzhi.city.places.models import Place
from shanzhi.core.kit.errors import NotFound
from shanzhi.scenes.sampling import packs, planning, point_shapes, queries, shapes, slots
from shanzhi.scenes.sampling.flow import CAMPAIGN, CLOSED, DRAFT, ISSUED, OPEN, PROPOSED, RETEST_STATES, TUBE
from shanzhi.scenes.sampling.models import Campaign, CampaignEvent, Point, PointCount, Tube
from shanzhi.work.orders.drafting import home_of

_OTHER = {
    "draft": ("拟制", "Drafted"), "edit": ("修改", "Edited"), "open_point": ("增设点位", "Opened a point"),
    "change_point": ("调整点位", "Changed a point"), "move": ("移动微网格", "Moved a micro-grid"),
    "replan": ("重新排时", "Planned again"), "results": ("录入结果", "Results"), "correct": ("更正结果", "Corrected"),
}  # fmt: skip
_RETEST_NAMES = {state.code: state for state in RETEST_STATES}


def options() -> shapes.SamplingOptionsOut:
    """Everything that a composer offers."""
    pack = packs.pack()
    return shapes.SamplingOptionsOut(
        [
            shapes.SamplingTemplateOut(
                one.code, one.kind, one.zh.title, one.en.title, one.people_per_point, one.most_tables,
                one.table_rate, one.pooling, one.round_hours, one.queue_limit, one.slot_minutes, one.opens,
                one.closes, one.days,
            )
            for one in pack.templates
        ],
        poolings_out(), pack.people_per_home,
    )  # fmt: skip


def poolings_out() -> list[point_shapes.PoolingOut]:
    """The ways of pooling."""
    return [
        point_shapes.PoolingOut(one.code, one.zh, one.en, one.size, one.household)
        for one in packs.pack().pooling
    ]


def preview_out(found: planning.Wanted) -> shapes.SamplingPreviewOut:
    """What a campaign would need."""
    return shapes.SamplingPreviewOut(
        found.doors, found.people, found.microgrids, found.ungridded, found.points, found.tables,
        round(found.table_hours, 1), found.samplers, found.slots, found.slot_people,
    )  # fmt: skip


def rows_out(campaigns: Sequence[Campaign], actor: Actor, at: datetime) -> list[shapes.CampaignRowOut]:
    """Lines of the list."""
    names = dict(
        Place.objects.filter(id__in={one for c in campaigns for one in c.place_ids}).values_list("id", "name")
    )
    found = []
    for one in campaigns:
        scope = queries.scope_of(actor, one, localdate(at))
        found.append(shapes.CampaignRowOut(**_row(one, names, scope)))
    return found


def _row(one: Campaign, names: dict[UUID, str], scope: list[UUID] | None) -> dict[str, object]:
    state = CAMPAIGN.state(one.state)
    _, come_doors, come_people = queries.total(one, scope)
    return {
        "id": one.id, "number": one.number, "kind": one.kind, "title": one.title, "state": one.state,
        "state_zh": state.zh, "state_en": state.en, "is_drill": one.is_drill,
        "places": [shapes.SamplingPlaceOut(place, names.get(place, "")) for place in one.place_ids],
        "first_on": one.first_on, "days": one.days, "doors": one.doors, "people": one.people,
        "come_doors": come_doors, "come_people": come_people,
    }  # fmt: skip


def _may(actor: Actor, campaign: Campaign, at: datetime) -> bool:
    if not actor.can(SAMPLING_MANAGE):
        return False
    try:
        home_of(actor, SAMPLING_MANAGE, campaign.place_ids, localdate(at))
    except (NotFound, OutsideYourPlaces):
        return False
    return True


def campaign_out(campaign: Campaign, actor: Actor, at: datetime) -> shapes.CampaignOut:
    """The whole of it, with what the caller may do now."""
    may = _may(actor, campaign, at)
    verbs = []
    for edge in CAMPAIGN.edges_from(campaign.state) if may else ():
        if edge.verb == "issue" and actor.account_id == campaign.drafted_by_id:
            continue
        verbs.append(shapes.SamplingVerbOut(edge.verb, edge.zh, edge.en, "reason" in edge.requires))
    words = {edge.verb: (edge.zh, edge.en) for edge in CAMPAIGN.edges} | _OTHER
    pooling = packs.poolings().get(campaign.pooling)
    names = dict(Place.objects.filter(id__in=campaign.place_ids).values_list("id", "name"))
    return shapes.CampaignOut(
        **_row(campaign, names, queries.scope_of(actor, campaign, localdate(at))), template=campaign.template,
        goods=campaign.goods, opens=f"{campaign.opens:%H:%M}", closes=f"{campaign.closes:%H:%M}",
        slot_minutes=campaign.slot_minutes, table_rate=campaign.table_rate, most_tables=campaign.most_tables,
        people_per_point=campaign.people_per_point, pooling=campaign.pooling,
        pooling_zh=pooling.zh if pooling else "", pooling_en=pooling.en if pooling else "",
        queue_limit=campaign.queue_limit, round_hours=campaign.round_hours, microgrids=campaign.microgrids,
        left_out=campaign.left_out, ungridded=campaign.ungridded, metres=campaign.metres,
        planned_at=campaign.planned_at, drafted_by=campaign.drafted_by, drafted_at=campaign.drafted_at,
        issued_by=campaign.issued_by, issued_at=campaign.issued_at, ended_at=campaign.ended_at,
        has_activation=campaign.activation_id is not None,
        may_change=may and campaign.state in (DRAFT, PROPOSED, ISSUED), allowed_actions=verbs,
        events=[
            shapes.SamplingEventOut(
                one.verb, *words.get(one.verb, (one.verb, one.verb)), one.actor_name, one.reason, one.at
            )
            for one in CampaignEvent.objects.filter(campaign=campaign).order_by("-at", "-id")[:50]
        ],
    )  # type: ignore[arg-type]  # fmt: skip


def points_out(campaign: Campaign, points: Sequence[Point]) -> list[shapes.PointOut]:
    """Points with what is planned there."""
    loads = queries.loads(campaign)
    names = dict(Place.objects.filter(id__in={one.place_id for one in points}).values_list("id", "name"))
    found = []
    for one in points:
        doors, grids = loads.get(one.id, (0, 0))
        found.append(
            shapes.PointOut(
                one.area, one.id, one.number, one.name, one.address, names.get(one.place_id, ""), one.lon, one.lat,
                one.tables, sorted(one.paused), f"{one.opens:%H:%M}", f"{one.closes:%H:%M}", one.is_open,
                one.by_hand, doors, planning.people_of(campaign, doors), grids,
            )
        )  # fmt: skip
    return found


def plan_out(campaign: Campaign, point: Point) -> shapes.PointPlanOut:
    """The timetable of a point."""
    taken = queries.slot_loads(campaign, point.id)
    listed = []
    for slot in range(slots.count(campaign)):
        on, begin, end = slots.local(campaign, slot)
        is_in = point.is_open and slots.in_hours(campaign, slot, point.opens, point.closes)
        room = slots.people_a_slot(campaign, point.tables) if is_in else 0
        people = planning.people_of(campaign, taken.get(slot, 0))
        if room or people:
            listed.append(shapes.SamplingSlotOut(slot, on, f"{begin:%H:%M}", f"{end:%H:%M}", people, room))
    return shapes.PointPlanOut(
        points_out(campaign, [point])[0], listed,
        [
            shapes.PointGridOut(
                one.place_id, one.code, one.name, one.community or "", one.doors,
                planning.people_of(campaign, one.doors), one.pinned, slots.span(campaign, one.first)[0],
                slots.span(campaign, one.last)[1],
            )
            for one in queries.grids_at(campaign, point.id)
        ],
    )  # fmt: skip


def wait_minutes(campaign: Campaign, waiting: int | None, tables: int) -> int | None:
    """What a queue means with so many tables at work: None when nobody reported, or nobody works."""
    if waiting is None or tables < 1:
        return None
    return math.ceil(waiting * 60 / (tables * campaign.table_rate))


def _point_board(campaign: Campaign, point: Point, counts: dict[int, PointCount]) -> shapes.PointBoardOut:
    whole = counts.get(0) or PointCount(campaign=campaign, point_id=point.id)
    active = point.tables - len([one for one in point.paused if one <= point.tables])
    empty = PointCount(campaign=campaign, point_id=point.id)
    return shapes.PointBoardOut(
        point.area, point.id, point.number, point.name, point.is_open, whole.planned, whole.planned_now,
        whole.come, whole.hour, whole.waiting, wait_minutes(campaign, whole.waiting, active),
        (whole.waiting or 0) > campaign.queue_limit, whole.tubes_open, whole.tubes_closed, whole.tubes_handed,
        whole.tubes_told, whole.last_at,
        [
            shapes.TableCountOut(
                n, counts.get(n, empty).come, counts.get(n, empty).hour, n in point.paused,
                counts.get(n, empty).tubes_open,
            )
            for n in range(1, max([point.tables, *counts]) + 1)
        ],
    )  # fmt: skip


def board_out(
    campaign: Campaign, place_id: UUID | None, actor: Actor, at: datetime
) -> shapes.CampaignBoardOut:
    """Roll-ups of the part in sight. Raises NotFound for a place out of it."""
    from shanzhi.city.places import queries as places

    on = localdate(at)
    scope = queries.scope_of(actor, campaign, on)
    if (
        place_id is not None
        and scope is not None
        and not places.is_within(place_id, scope, campaign.first_on)
    ):
        raise NotFound(field="place")
    points = list(queries.points(campaign, scope, on).order_by("number", "id"))
    counts: dict[UUID, dict[int, PointCount]] = {}
    for row in queries.counts(campaign, [one.id for one in points]):
        counts.setdefault(row.point_id, {})[row.table_no] = row
    doors, come_doors, come_people = queries.total(campaign, scope)
    return shapes.CampaignBoardOut(
        campaign.rolled_at, doors, come_doors, come_people, planning.people_of(campaign, doors),
        [_point_board(campaign, one, counts.get(one.id, {})) for one in points],
        [
            shapes.PlaceBoardOut(
                one.place_id, one.name, one.level, one.doors, one.come_doors, one.come_people, one.has_below
            )
            for one in queries.by_place(campaign, place_id, scope)
        ],
        queries.retest_counts(campaign) if scope is None else {},
    )  # fmt: skip


def missing_out(campaign: Campaign, found: Sequence[queries.Door], most: int) -> shapes.MissingOut:
    """A page of doors that have not come."""
    return shapes.MissingOut(
        [
            shapes.MissingDoorOut(
                one.microgrid, one.compound, one.where, one.point or "",
                slots.span(campaign, one.slot)[0] if one.slot is not None else None,
            )
            for one in found[:most]
        ],
        len(found) > most,
    )  # fmt: skip


def retest_out(one: queries.RetestLine) -> point_shapes.RetestOut:
    """A household to be sampled again."""
    state, tube = _RETEST_NAMES[one.state], TUBE.state(one.tube_state)
    return point_shapes.RetestOut(
        one.area, one.id, one.state, state.zh, state.en, one.people, one.sampled, one.microgrid, one.where,
        one.code or "", one.barcode, tube.zh, tube.en,
    )  # fmt: skip


def work_out(point: Point) -> dict[str, object]:
    """A point at which the caller may work."""
    campaign = point.campaign
    return {
        "area": point.area, "id": point.id, "name": point.name, "address": point.address, "kind": campaign.kind,
        "title": campaign.title, "number": campaign.number, "is_drill": campaign.is_drill,
        "first_on": campaign.first_on, "opens": f"{point.opens:%H:%M}", "closes": f"{point.closes:%H:%M}",
    }  # fmt: skip


def work_page_out(point: Point, grounds: list[UUID] | None) -> point_shapes.WorkPointPageOut:
    """What a phone at a point needs, also while it is offline; re-tests only of the caller's own places."""
    campaign = point.campaign
    counts = {row.table_no: row for row in queries.counts(campaign, [point.id])}
    board = _point_board(campaign, point, counts)
    tubes = Tube.objects.filter(campaign=campaign, point=point, state__in=[OPEN, CLOSED]).order_by(
        "-opened_at"
    )
    lines = queries.retests(campaign, grounds, every=False) if campaign.state == ISSUED else []
    return point_shapes.WorkPointPageOut(
        **work_out(point), pooling=campaign.pooling, poolings=poolings_out() if campaign.pooling else [],
        queue_limit=campaign.queue_limit,
        tables=[
            point_shapes.WorkTableOut(one.number, one.hour, one.come, one.is_paused)
            for one in board.tables if one.number <= point.tables
        ],
        tubes=[
            point_shapes.WorkTubeOut(
                one.id, one.barcode, one.pooling, one.table_no, one.capacity, one.filled, one.state, one.opened_at
            )
            for one in tubes
        ],
        grids=[
            point_shapes.WorkGridOut(
                one.place_id, one.name, one.community or "", slots.span(campaign, one.first)[0],
                slots.span(campaign, one.last)[1],
            )
            for one in queries.grids_at(campaign, point.id)
        ],
        retests=[retest_out(one) for one in lines], planned_now=board.planned_now, come=board.come,
        hour=board.hour, waiting=board.waiting, wait_minutes=board.wait_minutes,
    )  # type: ignore[arg-type]  # fmt: skip


def _slot(campaign: Campaign, point: Point, first: int, last: int) -> tuple[Any, ...]:
    """The columns of a slot that a resident reads."""
    words = packs.templates().get(campaign.template)
    return (
        campaign.kind, campaign.title, campaign.goods, campaign.is_drill, slots.span(campaign, first)[0],
        slots.span(campaign, last)[1], point.name, point.address, point.lon, point.lat,
        words.zh.bring if words else "", words.en.bring if words else "",
        words.zh.note if words else "", words.en.note if words else "",
    )  # fmt: skip


def grid_slots_out(code: str, on: date) -> list[point_shapes.GridSlotOut]:
    """When and where the micro-grids of a grid come, or one of them; none where nothing goes on."""
    place = Place.objects.filter(code=code, level__in=["grid", "microgrid"], closed_on=None).first()
    found = queries.slots_under(place.id, on) if place else []
    campaigns = Campaign.objects.in_bulk({row[0] for row in found})
    points = {one.id: one for one in Point.objects.filter(id__in={row[1] for row in found})}
    return [
        point_shapes.GridSlotOut(*_slot(campaigns[campaign_id], points[point_id], first, last), grid=name)
        for campaign_id, point_id, name, first, last in found
    ]


def resident_out(code: str, *, is_ticket: bool) -> point_shapes.ResidentSlotsOut:
    """When and where, by a ticket's or a micro-grid's code. Raises NotFound when there is nothing."""
    found = queries.slots_of(code, is_ticket=is_ticket)
    if not found:
        raise NotFound(field="code")
    campaigns = Campaign.objects.in_bulk({row[0] for row in found})
    points = {one.id: one for one in Point.objects.filter(id__in={row[2] for row in found})}
    listed = [
        point_shapes.ResidentSlotOut(*_slot(campaigns[campaign_id], points[point_id], first, last))
        for campaign_id, _, point_id, first, last in found
    ]
    name = (
        ""
        if is_ticket
        else Place.objects.filter(code=code, closed_on=None).values_list("name", flat=True).first()
    )
    return point_shapes.ResidentSlotsOut(name or "", is_ticket, listed)
