"""What is typed into a sweep, checked: each error names its field, and nothing is written before all is right."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import shapely
from django.utils.timezone import localdate

from shanzhi.base.access import Actor
from shanzhi.city.places import queries as places
from shanzhi.city.places.errors import OutsideYourPlaces
from shanzhi.city.places.models import Place
from shanzhi.core.kit.errors import InvalidInput, NotFound
from shanzhi.core.kit.texts import lines_of, text_of
from shanzhi.work.forms import packs as forms
from shanzhi.work.sweeps import packs
from shanzhi.work.sweeps.errors import SweepOver
from shanzhi.work.sweeps.snapshot import Area

MOST_PLACES = 500
LONGEST = timedelta(days=60)


@dataclass(frozen=True)
class Draft:
    """A sweep as it is typed. `outline` is a GeoJSON polygon; `reasons` narrow a sweep of priority doors."""

    title: str
    place_ids: Sequence[UUID]
    targets: Sequence[str]
    form: str
    cadence: str
    until_at: datetime
    per_head: int = 63
    body: str = ""
    outline: Mapping[str, Any] | None = None
    reasons: Sequence[str] = ()
    template: str = ""
    is_drill: bool = False
    activation_id: UUID | None = None


def _polygon(given: Mapping[str, Any] | None) -> bytes | None:
    if given is None:
        return None
    try:
        shape = shapely.from_geojson(msgspec.json.encode(given))
    except (shapely.errors.GEOSException, TypeError, ValueError):
        shape = None
    if shape is None or shape.geom_type not in {"Polygon", "MultiPolygon"} or shape.is_empty:
        raise InvalidInput(field="outline", reason_zh="请圈出一个范围。", reason_en="Draw an area.")
    if not shape.is_valid:
        raise InvalidInput(
            field="outline", reason_zh="所圈范围的边线有交叉，请重新圈画。",
            reason_en="The outline crosses itself: draw it again.",
        )  # fmt: skip
    west, south, east, north = shape.bounds
    if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):
        raise InvalidInput(field="outline", reason_zh="坐标超出范围。", reason_en="Not on this earth.")
    return bytes(shapely.to_wkb(shape))


def home_of(actor: Actor, capability: str, place_ids: Sequence[UUID], on: date) -> UUID:
    """The place of the actor's post from which all of these places are reached.

    Raises NotFound for a place that is not there, OutsideYourPlaces for one beyond every post.
    """
    there = {place.id: place for place in Place.objects.filter(id__in=place_ids, closed_on=None)}
    for place_id in place_ids:
        if place_id not in there:
            raise NotFound(field="place_ids")
    if capability in actor.capabilities:
        return place_ids[0]
    grounds = actor.place_ids(capability)
    for ground in grounds:
        if all(places.is_within(place_id, [ground], on) for place_id in place_ids):
            return ground
    outside = next(
        (there[one] for one in place_ids if not places.is_within(one, grounds, on)), there[place_ids[0]]
    )
    raise OutsideYourPlaces(field="place_ids", name=outside.name)


def _tops(place_ids: Sequence[UUID], on: date) -> list[UUID]:
    """These places without those that lie under another of them, in their order."""
    wanted = list(dict.fromkeys(place_ids))
    if len(wanted) < 2:
        return wanted
    return [one for one in wanted if not any(above.id in wanted for above in places.ancestors(one, on))]


def _targets(draft: Draft) -> tuple[list[str], list[str]]:
    targets = [one for one in packs.TARGETS if one in draft.targets]
    if not targets or set(draft.targets) - set(targets):
        names = "、".join(zh for zh, _ in packs.TARGETS.values())
        raise InvalidInput(
            field="targets", reason_zh=f"请选择对象：{names}。", reason_en="Choose whom it is about."
        )
    reasons = list(dict.fromkeys(draft.reasons))
    if not set(packs.reasons()).issuperset(reasons) or (reasons and "priority" not in targets):
        raise InvalidInput(
            field="reasons", reason_zh="重点走访的类别不在目录中。", reason_en="There is no such reason."
        )
    return targets, reasons


def checked(draft: Draft, at: datetime) -> dict[str, Any]:
    """The columns of a sweep. Raises InvalidInput or SweepOver naming the field."""
    on = localdate(at)
    if not draft.place_ids:
        raise InvalidInput(field="place_ids", reason_zh="请选择区域。", reason_en="Choose where.")
    if len(draft.place_ids) > MOST_PLACES:
        raise InvalidInput(
            field="place_ids", reason_zh=f"最多选择 {MOST_PLACES} 个区域，请改选上级区域。",
            reason_en=f"At most {MOST_PLACES} places: choose those above.",
        )  # fmt: skip
    targets, reasons = _targets(draft)
    if draft.until_at <= at:
        raise SweepOver(field="until_at")
    if draft.until_at - at > LONGEST:
        raise InvalidInput(
            field="until_at", reason_zh=f"结束时间应在 {LONGEST.days} 天以内。",
            reason_en=f"Within {LONGEST.days} days.",
        )  # fmt: skip
    if not 1 <= draft.per_head <= packs.LONGEST_HEAD:
        raise InvalidInput(
            field="per_head", reason_zh=f"每人户数应为 1 至 {packs.LONGEST_HEAD}。",
            reason_en=f"From 1 to {packs.LONGEST_HEAD} doors a head.",
        )  # fmt: skip
    if draft.template:
        packs.template(draft.template)
    return {
        "title": text_of(draft.title, "title", "标题", "The title", 60),
        "body": lines_of(draft.body, "body", "说明", "The text", 2000),
        "place_ids": _tops(draft.place_ids, on), "outline": _polygon(draft.outline), "targets": targets,
        "reasons": reasons, "form": forms.newest_of(draft.form).code, "cadence": packs.cadence(draft.cadence).code,
        "per_head": draft.per_head, "until_at": draft.until_at, "template": draft.template,
        "is_drill": draft.is_drill, "activation_id": draft.activation_id,
    }  # fmt: skip


def area_of(columns: Mapping[str, Any], group: UUID | None = None) -> Area:
    """Which doors the columns of a sweep mean; `group` is the sweep whose own list counts too."""
    outline = columns["outline"]
    return Area(
        columns["place_ids"], columns["targets"], bytes(outline) if outline is not None else None,
        columns["reasons"], group,
    )  # fmt: skip
