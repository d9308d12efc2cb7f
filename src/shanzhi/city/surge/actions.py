"""The verbs of surge posting: the only writers."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from django.db import transaction
from django.utils.timezone import localdate

from shanzhi.base.access import Actor
from shanzhi.base.access.capabilities import SURGE_MANAGE
from shanzhi.base.audit import actions as audit
from shanzhi.city.compounds import queries as compounds
from shanzhi.city.places import queries as places
from shanzhi.city.places.errors import OutsideYourPlaces
from shanzhi.city.places.levels import Level
from shanzhi.city.surge import queries, skills
from shanzhi.city.surge.checking import check_days
from shanzhi.city.surge.errors import NeedInUse
from shanzhi.city.surge.models import Need, Posting
from shanzhi.city.surge.offering import NewOffer, offer_people, reveal_phone, withdraw_offer
from shanzhi.city.surge.posting import assign, end_due, perform, preview
from shanzhi.core.kit.errors import InvalidInput, NotFound
from shanzhi.core.kit.texts import text_of

__all__ = [
    "NewNeed", "NewOffer", "assign", "end_due", "offer_people", "perform", "preview", "reveal_phone", "state_need",
    "withdraw_need", "withdraw_offer",
]  # fmt: skip

MOST_PEOPLE = 500


@dataclass(frozen=True)
class NewNeed:
    """A need as it is stated: for a community, or for one compound (area, id)."""

    people: int
    from_on: date
    to_on: date
    task: str
    place_id: UUID | None = None
    compound: tuple[str, UUID] | None = None
    skills: Sequence[str] = field(default_factory=tuple)
    note: str = ""


def state_need(new: NewNeed, *, actor: Actor, at: datetime) -> Need:
    """State a need (提出需求). Raises Refused, NotFound, OutsideYourPlaces, InvalidInput."""
    actor.require(SURGE_MANAGE)
    on = localdate(at)
    if not 1 <= new.people <= MOST_PEOPLE:
        raise InvalidInput(
            field="people",
            reason_zh=f"人数应为 1 至 {MOST_PEOPLE}。",
            reason_en=f"1 to {MOST_PEOPLE} people.",
        )
    check_days(new.from_on, new.to_on, on)
    task = text_of(new.task, "task", "首个任务", "The first task", 200)
    note = text_of(new.note, "note", "说明", "The note", 200, needed=False)
    wanted = skills.checked(new.skills)
    compound_id = None
    if new.compound is not None:
        # Who manages postings at a place sees what stands there.
        found = compounds.compound_for(actor, *new.compound, on, SURGE_MANAGE)
        compound_id, place_id, area = found.id, found.place_id, found.area
    elif new.place_id is not None:
        place_id, area = new.place_id, ""
    else:
        raise InvalidInput(
            field="place_id", reason_zh="请选择社区或小区。", reason_en="Choose a community or a compound."
        )
    place = places.visible_to(actor, on, SURGE_MANAGE).filter(id=place_id, closed_on=None).first()
    if place is None:
        raise NotFound(field="place_id")
    community = queries.communities_of([place_id], on).get(place_id)
    if community is None or (compound_id is None and place.level != Level.COMMUNITY):
        raise InvalidInput(
            field="place_id", reason_zh=f"“{place.name}”不是社区：需求由社区提出。",
            reason_en=f"{place.name} is no community: communities state needs.",
        )  # fmt: skip
    reach = places.reach(actor, SURGE_MANAGE)
    if reach is not None and not places.is_within(community, reach, on):
        raise OutsideYourPlaces(field="place_id", name=place.name)  # the post of a grid within it
    with transaction.atomic():
        made = Need.objects.create(
            area=area or place.area, place_id=community, compound_id=compound_id, people=new.people, skills=wanted,
            from_on=new.from_on, to_on=new.to_on, task=task, note=note, stated_by=actor.name[:60], stated_at=at,
        )  # fmt: skip
        audit.record(
            actor=actor, event="surge.need-stated", area=made.area, subject=str(made.id),
            detail={"place_id": str(community), "people": new.people}, at=at,
        )  # fmt: skip
    return made


def withdraw_need(area: str, need_id: UUID, reason: str, *, actor: Actor, at: datetime) -> Need:
    """Withdraw a need (撤销需求) for which nobody is posted any more. Raises Refused, NotFound, NeedInUse."""
    actor.require(SURGE_MANAGE)
    said = text_of(reason, "reason", "理由", "The reason", 200)
    with transaction.atomic():
        seen = queries.needs_managed_by(actor, localdate(at)).filter(area=area, id=need_id, withdrawn_at=None)
        if not seen.exists():
            raise NotFound(field="id")
        need = Need.objects.select_for_update().get(area=area, id=need_id)
        there = Posting.objects.filter(area=area, need_id=need_id, ended_at=None).count()
        if there:
            raise NeedInUse(count=there)
        need.withdrawn_at = at
        need.save(update_fields=["withdrawn_at"])
        audit.record(
            actor=actor, event="surge.need-withdrawn", area=area, subject=str(need_id),
            detail={"reason": said}, at=at,
        )  # fmt: skip
    return need
