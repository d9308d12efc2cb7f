"""Assigning people, and what becomes of them at their postings."""

from collections.abc import Collection, Sequence
from datetime import date, datetime, time
from uuid import UUID

from django.db import connection, transaction
from django.utils.timezone import localdate, make_aware

from shanzhi.base.access import SYSTEM, Actor
from shanzhi.base.access.capabilities import SURGE_MANAGE
from shanzhi.city.people import actions as people
from shanzhi.city.places import queries as places
from shanzhi.city.surge import queries, telling
from shanzhi.city.surge.assigning import Assignment, work_out
from shanzhi.city.surge.errors import ListChanged, NobodyToAssign, PostingOver
from shanzhi.city.surge.flow import ASSIGNED, FREE, OPEN, RELIEVED, SURGE
from shanzhi.city.surge.models import Need, Offer, Posting, SurgeEvent
from shanzhi.city.surge.offering import forget_personal, tell_last
from shanzhi.core.kit.errors import InvalidInput, NotFound, Refused
from shanzhi.core.kit.ids import uuid7
from shanzhi.core.kit.texts import text_of

POST_KIND = "surge_worker"
TELL_FROM = time(8)
NeedKey = tuple[str, UUID]


def _wanted(chosen: Collection[NeedKey], actor: Actor, on: date) -> list[Need]:
    """The open needs that were chosen, or all of the actor's. Raises NotFound."""
    rows = list(queries.open_needs(actor, on).select_related("compound"))
    if not chosen:
        return rows
    found = [need for need in rows if (need.area, need.id) in set(chosen)]
    if len(found) != len(set(chosen)):
        raise NotFound(field="needs")
    return found


def _check_day(on: date, at: datetime) -> None:
    if on < localdate(at):
        raise InvalidInput(field="on", reason_zh="日期已过。", reason_en="The day has passed.")


def preview(chosen: Collection[NeedKey], on: date, *, actor: Actor, at: datetime) -> Assignment:
    """Who would go where from a day on (分派预览). Raises Refused, NotFound, InvalidInput."""
    actor.require(SURGE_MANAGE)
    _check_day(on, at)
    offers = list(queries.free_offers(actor, localdate(at)).filter(to_on__gt=on).select_related("unit"))
    return work_out(_wanted(chosen, actor, on), offers, on, localdate(at))


def assign(
    chosen: Collection[NeedKey], on: date, *, token: str = "", actor: Actor, at: datetime
) -> tuple[Assignment, list[Posting]]:
    """Assign everybody who is free to the needs (一键分派): each person gets the post, the place, the first task.

    With the `token` of a preview it does just that, or nothing. Raises Refused, NotFound, InvalidInput, ListChanged,
    NobodyToAssign.
    """
    actor.require(SURGE_MANAGE)
    _check_day(on, at)
    today = localdate(at)
    with transaction.atomic():
        offers, needs = _locked(chosen, on, actor, today)
        done = work_out(needs, offers, on, today)
        if token and token != done.token:
            raise ListChanged
        if not done.postings:
            raise NobodyToAssign
        postings = _post(done, actor, at)
    return done, postings


def _locked(
    chosen: Collection[NeedKey], on: date, actor: Actor, today: date
) -> tuple[list[Offer], list[Need]]:
    """People and needs, locked in the order of their ids, so that two assignments wait for each other."""
    free = [offer.id for offer in queries.free_offers(actor, today).filter(to_on__gt=on)]
    locked = Offer.objects.select_for_update(of=("self",)).filter(id__in=free, state__in=FREE)
    offers = list(locked.select_related("unit").order_by("id"))
    wanted = _wanted(chosen, actor, on)
    for area in sorted({need.area for need in wanted}):
        ids = [need.id for need in wanted if need.area == area]
        list(Need.objects.select_for_update().filter(area=area, id__in=ids).order_by("id"))
    return offers, _wanted(chosen, actor, on)


def _post(done: Assignment, actor: Actor, at: datetime) -> list[Posting]:
    posts = people.appoint_many(
        POST_KIND,
        [
            people.Appointment(
                one.community_id, one.from_on, one.to_on, one.offer.account_id, one.offer.name
            )
            for one in done.postings
        ],
        actor=actor, at=at,
    )  # fmt: skip
    made = Posting.objects.bulk_create(
        Posting(
            area=one.need.area, need=one.need, offer=one.offer, post=post, place_id=one.community_id,
            from_on=one.from_on, to_on=one.to_on, is_home=one.is_home, distance_m=one.distance_m,
            skills=list(one.skills), gap_percent=one.gap_percent,
        )
        for one, post in zip(done.postings, posts, strict=True)
    )  # fmt: skip
    _record([(posting, one.offer.state, ASSIGNED) for posting, one in zip(made, done.postings, strict=True)],
            "assign", "", actor, at)  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE surge_offer o SET state = %s, posting_id = n.posting_id, account_id = n.account_id "
            "FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[]) AS n (id, posting_id, account_id) WHERE o.id = n.id",
            [
                ASSIGNED, [posting.offer_id for posting in made], [posting.id for posting in made],
                [post.account_id for post in posts],
            ],
        )  # fmt: skip
    return made


def _record(
    steps: Sequence[tuple[Posting, str, str]], verb: str, reason: str, actor: Actor, at: datetime
) -> None:
    SurgeEvent.objects.bulk_create(
        SurgeEvent(
            id=uuid7(), area=posting.area, offer_id=posting.offer_id, posting=posting, verb=verb, from_state=before,
            to_state=after, actor_id=actor.account_id, actor_name=actor.name[:60], reason=reason, at=at,
        )
        for posting, before, after in steps
    )  # fmt: skip


def perform(
    area: str, posting_id: UUID, verb: str, *, reason: str = "", actor: Actor, at: datetime
) -> Posting:
    """Take one step with somebody at a posting: report_in (报到), relieve (轮换), return (返回原单位).

    Whoever is posted may report in themselves. Raises Refused, NotFound, UnknownEdge, PostingOver, InvalidInput.
    """
    on = localdate(at)
    with transaction.atomic():
        seen = queries.postings_visible_to(actor, on).filter(area=area, id=posting_id)
        if not seen.exists():
            raise NotFound(field="id")
        posting = Posting.objects.select_for_update().get(area=area, id=posting_id)
        offer = Offer.objects.select_for_update().get(id=posting.offer_id)
        is_self = (
            verb == "report_in" and actor.account_id is not None and offer.account_id == actor.account_id
        )
        if not is_self:
            actor.require(SURGE_MANAGE)
            reach = places.reach(actor, SURGE_MANAGE)
            if reach is not None and not places.is_within(posting.place_id, reach, on):
                raise Refused(what_zh="管理此处的下沉人员", what_en="manage the people posted there")
        if offer.posting_id != posting.id:
            raise PostingOver
        edge = SURGE.edge(offer.state, verb)
        said = text_of(reason, "reason", "理由", "The reason", 200, needed="reason" in edge.requires)
        _step(posting, offer, edge.verb, edge.target, said, actor, at)
    return posting


def _step(
    posting: Posting, offer: Offer, verb: str, target: str, reason: str, actor: Actor, at: datetime,
    tell_at: datetime | None = None,
) -> None:  # fmt: skip
    before, on = offer.state, localdate(at)
    if verb == "report_in":
        posting.reported_at = at
    elif before in OPEN:
        posting.ended_at, posting.end_reason = at, reason
        posting.to_on = min(posting.to_on, max(on, posting.from_on))
        people.end_many({posting.post_id: on}, actor=actor, at=at)
    if verb != "report_in":
        telling.tell_end(posting, offer, before, target, at, tell_at)
    offer.state = target
    if SURGE.state(target).final:
        forget_personal(offer)
    posting.save()
    offer.save()
    _record([(posting, before, target)], verb, reason, actor, at)


def end_due(at: datetime) -> tuple[int, int]:
    """Relieve those whose posting is over, and send home those whose offer is (到期轮换、返回): how many of each."""
    on, relieved, returned = localdate(at), 0, 0
    waking = max(at, make_aware(datetime.combine(on, TELL_FROM)))  # it runs at night, and people sleep
    for area, posting_id in Posting.objects.filter(ended_at=None, to_on__lte=on).values_list("area", "id"):
        with transaction.atomic():
            posting = Posting.objects.select_for_update().get(area=area, id=posting_id)
            offer = Offer.objects.select_for_update().get(id=posting.offer_id)
            if posting.ended_at is None and offer.posting_id == posting.id:
                _step(posting, offer, "relieve", RELIEVED, "到期", SYSTEM, at, waking)
                relieved += 1
    for offer_id in Offer.objects.filter(state__in=FREE, to_on__lte=on).values_list("id", flat=True):
        with transaction.atomic():
            offer = Offer.objects.select_for_update().get(id=offer_id)
            if offer.state not in FREE:
                continue
            edge = SURGE.edge(offer.state, "withdraw")
            SurgeEvent.objects.create(
                area=offer.unit.place.area, offer=offer, verb=edge.verb, from_state=edge.source,
                to_state=edge.target, actor_name=SYSTEM.name, reason="到期", at=at,
            )  # fmt: skip
            tell_last(offer, edge.source, edge.target, at, waking)
            offer.state = edge.target
            forget_personal(offer)
            offer.save()
            returned += 1
    return relieved, returned
