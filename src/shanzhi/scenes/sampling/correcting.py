"""Corrections by hand (人工调整): another point, fewer tables, a micro-grid elsewhere; the rest is planned again."""

from dataclasses import dataclass
from datetime import datetime, time
from uuid import UUID

from django.db import transaction
from django.db.models import Avg, Max
from django.utils.timezone import localdate

from shanzhi.base.access import Actor
from shanzhi.city.places import queries as places
from shanzhi.city.places.models import Place
from shanzhi.core.kit.errors import InvalidInput, NotFound
from shanzhi.core.kit.texts import text_of
from shanzhi.scenes.sampling import planning
from shanzhi.scenes.sampling.actions import managed, note, tell
from shanzhi.scenes.sampling.flow import CAMPAIGN, ISSUED
from shanzhi.scenes.sampling.models import Allocation, Campaign, Point


@dataclass(frozen=True)
class NewPoint:
    """A point as it is typed; without a position it stands amid the micro-grids of its place."""

    place_id: UUID
    name: str
    address: str
    tables: int
    lon: float | None = None
    lat: float | None = None
    opens: time | None = None
    closes: time | None = None


@dataclass(frozen=True)
class PointChange:
    """What is to change of a point; None stays."""

    name: str | None = None
    address: str | None = None
    tables: int | None = None
    opens: time | None = None
    closes: time | None = None
    is_open: bool | None = None


def _tables(campaign: Campaign, tables: int) -> int:
    most = max(1, campaign.queue_limit * 60 // (campaign.table_rate * campaign.slot_minutes))
    if not 1 <= tables <= most:
        raise InvalidInput(
            field="tables",
            reason_zh=f"台数应为 1 至 {most}：每时段到场不超过 {campaign.queue_limit} 人。",
            reason_en=f"From 1 to {most} tables: at most {campaign.queue_limit} people come in a slot.",
        )
    return tables


def _hours(campaign: Campaign, opens: time, closes: time) -> tuple[time, time]:
    if not campaign.opens <= opens < closes <= campaign.closes:
        raise InvalidInput(
            field="opens",
            reason_zh=f"点位时间应在 {campaign.opens:%H:%M}—{campaign.closes:%H:%M} 之内。",
            reason_en=f"The hours lie within {campaign.opens:%H:%M}–{campaign.closes:%H:%M}.",
        )
    return opens, closes


def _changeable(campaign: Campaign) -> None:
    """Raise UnknownEdge once it is over: a timetable is changed until then."""
    if campaign.state != ISSUED:
        CAMPAIGN.edge(campaign.state, "propose" if campaign.state != "proposed" else "issue")


def _again(campaign: Campaign, verb: str, what: str, actor: Actor, at: datetime) -> None:
    planning.again(campaign, at)
    note(campaign, verb, campaign.state, actor, at, what)
    if campaign.state == ISSUED:
        tell(campaign, "planned", at)


def open_point(campaign_id: UUID, new: NewPoint, *, actor: Actor, at: datetime) -> Point:
    """Open another point (增设点位). Raises NotFound, Refused, InvalidInput naming the field."""
    with transaction.atomic():
        campaign = managed(campaign_id, actor, at)
        _changeable(campaign)
        place = Place.objects.filter(id=new.place_id, closed_on=None).first()
        if (
            place is None
            or not place.area
            or not places.is_within(place.id, campaign.place_ids, localdate(at))
        ):
            raise NotFound(field="place_id")
        opens, closes = _hours(campaign, new.opens or campaign.opens, new.closes or campaign.closes)
        lon, lat = _position(campaign, place, new, at)
        last = Point.objects.filter(campaign=campaign).aggregate(n=Max("number"))["n"] or 0
        point = Point.objects.create(
            area=place.area, campaign=campaign, place=place, number=last + 1,
            name=text_of(new.name, "name", "点位名称", "The name", 60),
            address=text_of(new.address, "address", "地址", "The address", 200, needed=False), lon=lon, lat=lat,
            tables=_tables(campaign, new.tables), opens=opens, closes=closes, by_hand=True,
        )  # fmt: skip
        _again(campaign, "open_point", point.name, actor, at)
    return point


def _position(campaign: Campaign, place: Place, new: NewPoint, at: datetime) -> tuple[float, float]:
    if new.lon is not None and new.lat is not None:
        if not (70 <= new.lon <= 140 and 0 <= new.lat <= 60):
            raise InvalidInput(field="lon", reason_zh="坐标不在国内。", reason_en="The position is abroad.")
        return new.lon, new.lat
    if place.lon is not None and place.lat is not None:
        return place.lon, place.lat
    below = places.ids_below([place.id], localdate(at))
    found = Place.objects.filter(id__in=below).aggregate(lon=Avg("lon"), lat=Avg("lat"))
    if found["lon"] is None:
        found = Point.objects.filter(campaign=campaign).aggregate(lon=Avg("lon"), lat=Avg("lat"))
    if found["lon"] is None:
        raise InvalidInput(
            field="lon", reason_zh="请填写点位坐标。", reason_en="Say where it stands: its position."
        )
    return found["lon"], found["lat"]


def change_point(
    campaign_id: UUID, point_id: UUID, change: PointChange, *, actor: Actor, at: datetime
) -> Point:
    """Tables, hours, name, open or closed (调整点位). Raises NotFound, Refused, InvalidInput naming the field."""
    with transaction.atomic():
        campaign = managed(campaign_id, actor, at)
        _changeable(campaign)
        point = Point.objects.select_for_update().filter(campaign=campaign, id=point_id).first()
        if point is None:
            raise NotFound(field="point_id")
        said = []
        if change.name is not None:
            point.name = text_of(change.name, "name", "点位名称", "The name", 60)
        if change.address is not None:
            point.address = text_of(change.address, "address", "地址", "The address", 200, needed=False)
        if change.tables is not None and change.tables != point.tables:
            said.append(f"{point.tables}→{_tables(campaign, change.tables)} 台")
            point.tables = change.tables
            point.paused = [one for one in point.paused if one <= point.tables]
        if change.opens is not None or change.closes is not None:
            point.opens, point.closes = _hours(
                campaign, change.opens or point.opens, change.closes or point.closes
            )
            said.append(f"{point.opens:%H:%M}—{point.closes:%H:%M}")
        if change.is_open is not None and change.is_open != point.is_open:
            point.is_open = change.is_open
            said.append("开放" if point.is_open else "关闭")
        point.save()
        _again(campaign, "change_point", f"{point.name} {'，'.join(said)}", actor, at)
    return point


def move(campaign_id: UUID, place_id: UUID, point_id: UUID | None, *, actor: Actor, at: datetime) -> Campaign:
    """Put a micro-grid at a point by hand, or with None let the program choose again (移动微网格).

    Raises NotFound, Refused; InvalidInput when its slots have begun, or when the point is closed or elsewhere.
    """
    with transaction.atomic():
        campaign = managed(campaign_id, actor, at)
        _changeable(campaign)
        rows = Allocation.objects.filter(campaign=campaign, place_id=place_id)
        first = rows.order_by("first").first()
        if first is None:
            raise NotFound(field="place_id")
        name = Place.objects.only("name").get(id=place_id).name
        if campaign.state == ISSUED and planning.has_begun(campaign, place_id, at):
            raise InvalidInput(
                field="place_id", reason_zh=f"{name}的时段已开始，不能再移动。",
                reason_en=f"The slots of {name} have begun: it stays.",
            )  # fmt: skip
        if point_id is None:
            rows.update(pinned=False)
            _again(campaign, "move", f"{name} → 自动", actor, at)
            return campaign
        point = Point.objects.filter(campaign=campaign, id=point_id, is_open=True).first()
        if point is None:
            raise NotFound(field="point_id")
        if point.area != first.area:
            raise InvalidInput(
                field="point_id", reason_zh="点位与微网格不在同一区（市）县。",
                reason_en="The point lies in another district than the micro-grid.",
            )  # fmt: skip
        rows.update(pinned=True, point_id=point.id)
        _again(campaign, "move", f"{name} → {point.name}", actor, at)
    return campaign


def replan(campaign_id: UUID, *, anew: bool, actor: Actor, at: datetime) -> Campaign:
    """Plan again (重新排时): the timetable alone, or with `anew`, for a draft, the points too."""
    with transaction.atomic():
        campaign = managed(campaign_id, actor, at)
        _changeable(campaign)
        if anew:
            CAMPAIGN.edge(campaign.state, "propose")
            planning.propose(campaign, at)
            note(campaign, "replan", campaign.state, actor, at, "重新布点")
        else:
            _again(campaign, "replan", "重新排时", actor, at)
    return campaign
