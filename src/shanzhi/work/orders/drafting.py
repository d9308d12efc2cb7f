"""What is typed into an order, checked: each error names its field, and nothing is written before all is right."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import shapely
from django.utils.timezone import localdate

from shanzhi.base.access import Actor
from shanzhi.city.compounds import covering
from shanzhi.city.people import queries as people
from shanzhi.city.places import queries as places
from shanzhi.city.places.errors import OutsideYourPlaces
from shanzhi.city.places.models import Place
from shanzhi.city.surge import skills
from shanzhi.core.kit.errors import InvalidInput, NotFound
from shanzhi.core.kit.texts import lines_of, text_of
from shanzhi.work.orders import packs
from shanzhi.work.orders.audience import Audience
from shanzhi.work.orders.errors import OrderOver
from shanzhi.work.orders.flow import Answer
from shanzhi.work.orders.models import Order

MOST_PLACES = 500
MOST_ASKS = 6
MOST_COMPOUNDS = 500
LONGEST = timedelta(days=60)
AUDIENCE = ("place_ids", "outline", "post_kinds", "skills", "household_rule", "compound_ids")
# The phone tells of these by itself.
_OWN_ANSWERS = {str(one) for one in (Answer.ACKNOWLEDGED, Answer.WORKING, Answer.DONE, Answer.CANNOT)}


@dataclass(frozen=True)
class Draft:
    """An order as it is typed. `outline` is a GeoJSON polygon; `asks` are questions that go with an answer."""

    title: str
    sentence: str
    place_ids: Sequence[UUID]
    post_kinds: Sequence[str]
    until_at: datetime
    ladder: str
    body: str = ""
    outline: Mapping[str, Any] | None = None
    skills: Sequence[str] = ()
    answers: Sequence[str] = (str(Answer.ACKNOWLEDGED), str(Answer.DONE), str(Answer.CANNOT))
    asks: Sequence[Mapping[str, Any]] = field(default_factory=tuple)
    template: str = ""
    is_drill: bool = False
    activation_id: UUID | None = None
    household_rule: str = "all"
    compound_ids: Sequence[UUID] = ()


def _compounds(draft: Draft, on: date) -> list[UUID]:
    """The compounds that the rule wants named. Raises InvalidInput or NotFound naming `compound_ids`."""
    if not packs.household_rule(draft.household_rule).chosen:
        return []
    wanted = list(dict.fromkeys(draft.compound_ids))
    if not wanted:
        raise InvalidInput(
            field="compound_ids",
            reason_zh="请选择涉及的小区。",
            reason_en="Choose the compounds it is about.",
        )
    if len(wanted) > MOST_COMPOUNDS:
        raise InvalidInput(
            field="compound_ids", reason_zh=f"最多选择 {MOST_COMPOUNDS} 个小区。",
            reason_en=f"At most {MOST_COMPOUNDS} compounds.",
        )  # fmt: skip
    below = {one for _, one in covering.compounds_below(draft.place_ids, on)}
    if not below.issuperset(wanted):
        raise InvalidInput(
            field="compound_ids", reason_zh="有小区不在所选区域内，请重新选择。",
            reason_en="A compound does not lie in the chosen places: choose again.",
        )  # fmt: skip
    return wanted


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


def _asks(given: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    if len(given) > MOST_ASKS:
        raise InvalidInput(
            field="asks", reason_zh=f"最多 {MOST_ASKS} 个问题。", reason_en=f"At most {MOST_ASKS} questions."
        )
    try:
        asks = msgspec.convert(list(given), list[packs.Ask])
    except msgspec.ValidationError:
        raise InvalidInput(
            field="asks", reason_zh="问题的内容不合要求。", reason_en="A question is not valid."
        ) from None
    if len({ask.code for ask in asks}) < len(asks):
        raise InvalidInput(field="asks", reason_zh="问题有重复。", reason_en="A question stands twice.")
    for ask in asks:
        text_of(ask.zh, "asks", "问题", "A question", 40)
        if ask.kind not in {"text", "number", "choice"} or (ask.kind == "choice") != bool(ask.choices):
            raise InvalidInput(
                field="asks", reason_zh=f"“{ask.zh}”应为文字、数字，或列出选项。",
                reason_en=f"{ask.en or ask.code}: text, a number, or a list of choices.",
            )  # fmt: skip
    return [msgspec.to_builtins(ask) for ask in asks]


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
        below = places.ids_below([ground], on)
        if all(place_id in below for place_id in place_ids):
            return ground
    every = places.ids_below(grounds, on)
    outside = next((there[one] for one in place_ids if one not in every), there[place_ids[0]])
    raise OutsideYourPlaces(field="place_ids", name=outside.name)


def _tops(place_ids: Sequence[UUID], on: date) -> list[UUID]:
    """These places without those that lie under another of them, in their order."""
    wanted = list(dict.fromkeys(place_ids))
    return (
        [one for one in wanted if not any(above.id in wanted for above in places.ancestors(one, on))]
        if len(wanted) > 1
        else wanted
    )


def checked(draft: Draft, at: datetime) -> dict[str, Any]:
    """The columns of an order. Raises InvalidInput or OrderOver naming the field."""
    on = localdate(at)
    if not draft.place_ids:
        raise InvalidInput(field="place_ids", reason_zh="请选择区域。", reason_en="Choose where.")
    if len(draft.place_ids) > MOST_PLACES:
        raise InvalidInput(
            field="place_ids", reason_zh=f"最多选择 {MOST_PLACES} 个区域，请改选上级区域。",
            reason_en=f"At most {MOST_PLACES} places: choose those above.",
        )  # fmt: skip
    known = {kind.code for kind in people.post_kinds()}
    kinds = list(dict.fromkeys(draft.post_kinds))
    if not kinds or not known.issuperset(kinds):
        raise InvalidInput(
            field="post_kinds", reason_zh="请选择接收指令的岗位。", reason_en="Choose the posts that get it."
        )
    answers = list(dict.fromkeys(draft.answers))
    if str(Answer.ACKNOWLEDGED) not in answers or not _OWN_ANSWERS.issuperset(answers):
        raise InvalidInput(
            field="answers", reason_zh="回复项至少包括“收到”。", reason_en="“Acknowledged” must be an answer."
        )
    if draft.until_at <= at:
        raise OrderOver(field="until_at")
    if draft.until_at - at > LONGEST:
        raise InvalidInput(
            field="until_at", reason_zh=f"完成时间应在 {LONGEST.days} 天以内。",
            reason_en=f"Within {LONGEST.days} days.",
        )  # fmt: skip
    packs.ladder(draft.ladder)
    if draft.template and draft.template not in packs.templates():
        raise NotFound(field="template")
    return {
        "title": text_of(draft.title, "title", "标题", "The title", 60),
        "sentence": text_of(draft.sentence, "sentence", "第一句话", "The first sentence", 120),
        "body": lines_of(draft.body, "body", "正文", "The text", 4000),
        "place_ids": _tops(draft.place_ids, on), "outline": _polygon(draft.outline), "post_kinds": kinds,
        "skills": skills.checked(draft.skills), "answers": answers, "asks": _asks(draft.asks),
        "until_at": draft.until_at, "ladder": draft.ladder, "template": draft.template,
        "is_drill": draft.is_drill, "activation_id": draft.activation_id,
        "household_rule": packs.household_rule(draft.household_rule).code, "compound_ids": _compounds(draft, on),
    }  # fmt: skip


def audience_of(columns: Mapping[str, Any]) -> Audience:
    """Whom the columns of an order mean."""
    outline = columns["outline"]
    return Audience(
        columns["place_ids"], columns["post_kinds"], columns["skills"],
        bytes(outline) if outline is not None else None, columns["household_rule"], columns["compound_ids"],
    )  # fmt: skip


def audience_of_order(order: Order) -> Audience:
    """Whom an order means."""
    return audience_of({name: getattr(order, name) for name in AUDIENCE})
