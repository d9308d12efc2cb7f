"""Offering people, taking them back, and reading a telephone number against a reason."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils.timezone import localdate

from shanzhi.base.access import Actor
from shanzhi.base.access.capabilities import SURGE_MANAGE, SURGE_OFFER
from shanzhi.base.audit import actions as audit
from shanzhi.city.people.models import Account, Unit
from shanzhi.city.places import queries as places
from shanzhi.city.places.levels import Level
from shanzhi.city.places.models import Place
from shanzhi.city.surge import queries, skills, telling
from shanzhi.city.surge.checking import check_days
from shanzhi.city.surge.errors import AlreadyOffered
from shanzhi.city.surge.flow import OFFERED, RETURNED, SURGE
from shanzhi.city.surge.models import Offer, Posting, SurgeEvent
from shanzhi.core.kit.errors import InvalidInput, NotFound, Refused
from shanzhi.core.kit.texts import phone_of, text_of

MOST_OFFERS = 5000


@dataclass(frozen=True)
class NewOffer:
    """Somebody who is offered: by account, or by name and telephone; the home as a community or as a point."""

    name: str = ""
    phone: str = ""
    account_id: UUID | None = None
    skills: Sequence[str] = field(default_factory=tuple)
    home_id: UUID | None = None
    home_point: tuple[float, float] | None = None
    from_on: date | None = None
    to_on: date | None = None


def is_offered(unit_id: UUID, name: str, account_id: UUID | None, from_on: date, to_on: date) -> bool:
    """Whether the person of the unit is on offer for days that overlap."""
    who = Q(account_id=account_id) if account_id is not None else Q(name=name)
    rows = Offer.objects.filter(who, unit_id=unit_id, from_on__lt=to_on, to_on__gt=from_on)
    return rows.exclude(state=RETURNED).exists()


def _home(new: NewOffer) -> tuple[Place | None, tuple[float, float] | None]:
    home = None
    if new.home_id is not None:
        home = Place.objects.filter(id=new.home_id, closed_on=None).first()
        if home is None:
            raise NotFound(field="home")
        if home.level not in (Level.COMMUNITY, Level.GRID, Level.MICROGRID):
            raise InvalidInput(
                field="home", reason_zh=f"“{home.name}”不是社区，请选择居住的社区。",
                reason_en=f"{home.name} is no community: choose the community of the home.",
            )  # fmt: skip
    if new.home_point is None:
        return home, None
    lon, lat = new.home_point
    if not (-180 <= lon <= 180 and -90 <= lat <= 90):
        raise InvalidInput(field="home", reason_zh="坐标无效。", reason_en="Not a point.")
    return home, (round(lon, 3), round(lat, 3))  # about a hundred metres: enough for a way, no address


def _offer(new: NewOffer, unit: Unit, ground: Place, actor: Actor, at: datetime) -> Offer:
    assert new.from_on is not None
    assert new.to_on is not None
    check_days(new.from_on, new.to_on, localdate(at))
    name = new.name
    if new.account_id is not None:
        account = Account.objects.filter(id=new.account_id, is_active=True, posts__unit=unit).first()
        if account is None:
            raise NotFound(field="account_id")
        name = account.display_name
    name = text_of(name, "name", "姓名", "The name", 60)
    if is_offered(unit.id, name, new.account_id, new.from_on, new.to_on):
        raise AlreadyOffered(field="name", name=name)
    home, point = _home(new)
    return Offer(
        unit=unit, place=ground, account_id=new.account_id, name=name, phone=phone_of(new.phone),
        skills=skills.checked(new.skills), home=home, home_lon=point[0] if point else None,
        home_lat=point[1] if point else None, from_on=new.from_on, to_on=new.to_on,
        offered_by=actor.name[:60], offered_at=at,
    )  # fmt: skip


def offer_people(
    unit_id: UUID, listed: Sequence[NewOffer], *, place_id: UUID | None = None, actor: Actor, at: datetime
) -> list[Offer]:
    """Offer people of a unit (派出人员), all or nobody; `place_id` is the place within which they may be sent.

    That is the unit's own place, unless a place above or below it is named: party members report where they live
    (双报到). Raises Refused, NotFound, InvalidInput, AlreadyOffered.
    """
    actor.require(SURGE_OFFER)
    on = localdate(at)
    unit = queries.unit_to_offer_for(actor, unit_id, on)
    if not 1 <= len(listed) <= MOST_OFFERS:
        raise InvalidInput(
            field="people", reason_zh=f"应为 1 至 {MOST_OFFERS} 人。", reason_en=f"1 to {MOST_OFFERS} people."
        )
    ground = unit.place
    if place_id is not None and place_id != unit.place_id:
        if not (
            places.is_within(unit.place_id, [place_id], on) or places.is_within(place_id, [unit.place_id], on)
        ):
            raise NotFound(field="place_id")
        ground = Place.objects.get(id=place_id)
    with transaction.atomic():
        Unit.objects.select_for_update().get(id=unit.id)  # two lists at once wait for each other
        made = [_offer(new, unit, ground, actor, at) for new in listed]
        twice = {
            one.name
            for one in made
            if sum(other.name == one.name for other in made) > 1 and not one.account_id
        }
        if twice:
            raise AlreadyOffered(field="name", name=min(twice))
        Offer.objects.bulk_create(made)
        SurgeEvent.objects.bulk_create(
            SurgeEvent(
                area=unit.place.area, offer=one, verb="offer", to_state=OFFERED, actor_id=actor.account_id,
                actor_name=actor.name[:60], at=at,
            )
            for one in made
        )  # fmt: skip
        audit.record(
            actor=actor, event="surge.offered", area=unit.place.area, subject=str(unit.id),
            detail={"people": len(made)}, at=at,
        )  # fmt: skip
    return made


def forget_personal(offer: Offer) -> None:
    """Erase what was needed only to reach and to post the person."""
    offer.home, offer.home_lon, offer.home_lat = None, None, None
    offer.phone = ""  # type: ignore[assignment]


def tell_last(offer: Offer, source: str, target: str, at: datetime, due_at: datetime | None = None) -> int:
    """Tell somebody between two postings that they go home; before their telephone is erased."""
    posting = (
        Posting.objects.filter(id=offer.posting_id, offer=offer).select_related("need__compound").first()
    )
    return 0 if posting is None else telling.tell_end(posting, offer, source, target, at, due_at)


def withdraw_offer(offer_id: UUID, reason: str, *, actor: Actor, at: datetime) -> Offer:
    """Take somebody back who is not at a posting (撤回派出). Raises Refused, NotFound, UnknownEdge, InvalidInput."""
    actor.require(SURGE_OFFER)
    said = text_of(reason, "reason", "理由", "The reason", 200)
    on = localdate(at)
    with transaction.atomic():
        mine = queries.units_to_offer_for(actor, on).order_by().values("id")
        offer = Offer.objects.select_for_update().filter(id=offer_id, unit_id__in=mine).first()
        if offer is None:
            raise NotFound(field="id")
        edge = SURGE.edge(offer.state, "withdraw")
        tell_last(offer, edge.source, edge.target, at)
        offer.state = edge.target
        forget_personal(offer)
        offer.save()
        SurgeEvent.objects.create(
            area=offer.unit.place.area, offer=offer, verb=edge.verb, from_state=edge.source, to_state=edge.target,
            actor_id=actor.account_id, actor_name=actor.name[:60], reason=said, at=at,
        )  # fmt: skip
    return offer


def reveal_phone(offer_id: UUID, reason: str, *, actor: Actor, at: datetime) -> str:
    """The telephone of somebody offered, in full, against a reason (查看电话).

    Raises Refused, NotFound, InvalidInput.
    """
    if not (actor.can(SURGE_MANAGE) or actor.can(SURGE_OFFER)):
        raise Refused(what_zh="查看电话", what_en="see the telephone")
    said = text_of(reason, "reason", "理由", "The reason", 200)
    offer = queries.offers_visible_to(actor, localdate(at)).filter(id=offer_id).first()
    if offer is None:
        raise NotFound(field="id")
    audit.record_reveal(
        actor=actor, area=offer.unit.place.area, subject=str(offer.id),
        detail={"what": "surge-phone", "reason": said}, at=at,
    )  # fmt: skip
    return str(offer.phone or "")
