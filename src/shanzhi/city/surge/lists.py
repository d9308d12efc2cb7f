"""Needs, people and postings as they are listed and exported."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from uuid import UUID

from django.db.models import Count, QuerySet
from django.utils.timezone import get_current_timezone, localdate

from shanzhi.base.access import SYSTEM, Actor
from shanzhi.base.access.capabilities import SURGE_MANAGE
from shanzhi.city.places import queries as places
from shanzhi.city.places.levels import Level
from shanzhi.city.surge import queries, skills, telling
from shanzhi.city.surge.assigning import Assignment, why
from shanzhi.city.surge.flow import OPEN, REPORTED_IN, RETURNED, SURGE
from shanzhi.city.surge.models import Need, Offer, Posting, SurgeEvent
from shanzhi.city.surge.shapes import (
    AllowedStepOut,
    AssignmentOut,
    CompoundRefOut,
    HistoryOut,
    HomeOut,
    NamedOut,
    NeedOut,
    OfferOut,
    PostingOut,
    ProposedOut,
    SkillOut,
    SurgeOut,
    SurgeStateOut,
    ToldOut,
)
from shanzhi.core.documents import Column, Sheet, write_workbook
from shanzhi.core.kit.errors import NotFound
from shanzhi.core.kit.masking import mask_phone

MOST_LISTED = 500
MOST_EXPORTED = 50_000
MOST_HOMES = 12
_VERBS = {edge.verb: (edge.zh, edge.en) for edge in reversed(SURGE.edges)} | {"offer": ("派出", "Offer")}


def overview(
    actor: Actor, at: datetime, *, place_id: UUID | None, unit_id: UUID | None, state: str
) -> SurgeOut:
    """Needs and people in the actor's sight. Raises Refused."""
    queries.require_any(actor)
    on = localdate(at)
    needs = chosen_needs(actor, on, place_id)
    mine = queries.offers_visible_to(actor, on)
    if unit_id is not None:
        mine = mine.filter(unit_id=unit_id)
    counts = dict(mine.order_by().values_list("state").annotate(Count("id")))
    offers = chosen_offers(actor, on, unit_id, state)
    listed = list(needs.select_related("compound").order_by("from_on", "id")[:MOST_LISTED])
    met = queries.met(listed)
    units = list(queries.units_to_offer_for(actor, on))
    return SurgeOut(
        may_manage=actor.can(SURGE_MANAGE),
        units=[NamedOut(unit.id, unit.name) for unit in units],
        skills=[SkillOut(one.code, one.zh, one.en) for one in skills.known().values()],
        needed=sum(need.people for need in listed),
        met=sum(min(met.get(need.id, 0), need.people) for need in listed),
        states=[SurgeStateOut(one.code, one.zh, one.en, counts.get(one.code, 0)) for one in SURGE.states],
        needs=_needs(actor, listed, met, on),
        offers=_offers(offers.select_related("unit", "home")[:MOST_LISTED], {unit.id for unit in units}),
        offers_total=offers.count(),
    )


def chosen_needs(actor: Actor, on: date, place_id: UUID | None) -> "QuerySet[Need]":
    """Needs in sight that are neither withdrawn nor over, of a place and below. Raises Refused."""
    queries.require_any(actor)
    needs = queries.needs_visible_to(actor, on).filter(withdrawn_at=None, to_on__gt=on)
    return needs if place_id is None else needs.filter(place_id__in=places.ids_below([place_id], on))


def chosen_offers(actor: Actor, on: date, unit_id: UUID | None, state: str) -> "QuerySet[Offer]":
    """People in sight of a unit, in a state; without a state all who have not returned. Raises Refused."""
    queries.require_any(actor)
    offers = queries.offers_visible_to(actor, on)
    if unit_id is not None:
        offers = offers.filter(unit_id=unit_id)
    return offers.filter(state=state) if state else offers.exclude(state=RETURNED)


def _needs(actor: Actor, listed: Sequence[Need], met: dict[UUID, int], on: date) -> list[NeedOut]:
    names = queries.names_of([need.place_id for need in listed], on)
    mine = queries.needs_managed_by(actor, on).filter(id__in=[need.id for need in listed])
    managed = set(mine.values_list("id", flat=True)) if actor.can(SURGE_MANAGE) else set()
    return [
        NeedOut(
            area=need.area, id=need.id, place=NamedOut(need.place_id, names.get(need.place_id, "")),
            compound=_compound(need), people=need.people, met=met.get(need.id, 0), skills=need.skills,
            skills_zh=skills.words(need.skills)[0], skills_en=skills.words(need.skills)[1],
            from_on=need.from_on, to_on=need.to_on, task=need.task, note=need.note, stated_by=need.stated_by,
            may_manage=need.id in managed,
        )
        for need in listed
    ]  # fmt: skip


def _compound(need: Need) -> CompoundRefOut | None:
    found = need.compound
    return None if found is None else CompoundRefOut(found.area, found.id, found.name)


def _offers(listed: Iterable[Offer], mine: set[UUID]) -> list[OfferOut]:
    made = []
    for offer in listed:
        state = SURGE.state(offer.state)
        may = offer.unit_id in mine and any(edge.verb == "withdraw" for edge in SURGE.edges_from(offer.state))
        made.append(
            OfferOut(
                id=offer.id,
                unit=NamedOut(offer.unit_id, offer.unit.name),
                name=offer.name,
                phone_masked=mask_phone(offer.phone or ""),
                skills=offer.skills,
                skills_zh=skills.words(offer.skills)[0],
                skills_en=skills.words(offer.skills)[1],
                home=offer.home.name if offer.home else "",
                from_on=offer.from_on,
                to_on=offer.to_on,
                state=state.code,
                state_zh=state.zh,
                state_en=state.en,
                may_withdraw=may,
            )  # fmt: skip
        )
    return made


def chosen_postings(
    actor: Actor, at: datetime, *, unit_id: UUID | None, compound_id: UUID | None, place_id: UUID | None,
    on: date | None,
) -> "QuerySet[Posting]":  # fmt: skip
    """The postings in sight, of a unit, of a compound, under a place, of a day (none: all that were and are)."""
    rows = queries.postings_visible_to(actor, localdate(at))
    if unit_id is not None:
        rows = rows.filter(offer__unit_id=unit_id)
    if compound_id is not None:
        rows = rows.filter(need_id__in=Need.objects.filter(compound_id=compound_id).values("id"))
    if place_id is not None:
        rows = rows.filter(place_id__in=places.ids_below([place_id], localdate(at)))
    if on is not None:
        rows = queries.held_on(rows, on)
    return rows.select_related("offer__unit", "need__compound").order_by("-from_on", "place_id", "id")


def state_of(posting: Posting) -> str:
    """The state of a posting: that of the person while it is the last one, else how it ended."""
    if posting.offer.posting_id == posting.id:
        return str(posting.offer.state)
    return "relieved"


def homes(text: str, on: date) -> list[HomeOut]:
    """Communities of the whole city by part of the name, pinyin or code: their names are public."""
    found = [node for node in places.search(text, SYSTEM, on) if node.level == Level.COMMUNITY][:MOST_HOMES]
    made = []
    for node in found:
        above = [
            one.name for one in places.ancestors(node.id, on) if one.level in (Level.COUNTY, Level.STREET)
        ]
        made.append(HomeOut(node.id, node.name, " ".join(above)))
    return made


def again(posting: Posting) -> Posting:
    """The posting read anew, with what its line shows."""
    rows = Posting.objects.select_related("offer__unit", "need__compound")
    return rows.get(area=posting.area, id=posting.id)


def postings_out(actor: Actor, rows: Iterable[Posting], at: datetime) -> list[PostingOut]:
    """Postings with what this actor may do with each."""
    on, listed = localdate(at), list(rows)
    names = queries.names_of([posting.place_id for posting in listed], on)
    told = telling.told(listed)
    reach = places.reach(actor, SURGE_MANAGE)
    below = None if reach is None else (places.ids_below(reach, on) if reach else set())
    made = []
    for posting in listed:
        offer, state = posting.offer, SURGE.state(state_of(posting))
        is_last = offer.posting_id == posting.id
        manages = below is None or posting.place_id in below
        is_self = actor.account_id is not None and offer.account_id == actor.account_id
        steps = [
            AllowedStepOut(edge.verb, edge.zh, edge.en, list(edge.requires))
            for edge in SURGE.edges_from(state.code)
            if is_last
            and edge.verb in ("report_in", "relieve", "return")
            and (manages or (is_self and edge.verb == "report_in"))
        ]
        why_zh, why_en = why(posting)
        made.append(
            PostingOut(
                area=posting.area,
                id=posting.id,
                offer_id=offer.id,
                name=offer.name,
                phone_masked=mask_phone(offer.phone or ""),
                unit=NamedOut(offer.unit_id, offer.unit.name),
                place=NamedOut(posting.place_id, names.get(posting.place_id, "")),
                compound=_compound(posting.need),
                task=posting.need.task,
                from_on=posting.from_on,
                to_on=posting.to_on,
                state=state.code,
                state_zh=state.zh,
                state_en=state.en,
                why_zh=why_zh,
                why_en=why_en,
                reported_at=posting.reported_at,
                ended_at=posting.ended_at,
                end_reason=posting.end_reason,
                allowed_actions=steps,
                told=_told(told.get(posting.id)),
            )  # fmt: skip
        )
    return made


def _told(found: telling.Told | None) -> ToldOut | None:
    return None if found is None else ToldOut(found.code, found.zh, found.en, found.call)


def history(actor: Actor, offer_id: UUID, at: datetime) -> list[HistoryOut]:
    """What happened to a person offered, in order. Raises NotFound."""
    on = localdate(at)
    in_sight = queries.offers_visible_to(actor, on).filter(id=offer_id).exists()
    if not in_sight and not queries.postings_visible_to(actor, on).filter(offer_id=offer_id).exists():
        raise NotFound(field="id")
    events = list(SurgeEvent.objects.filter(offer_id=offer_id).select_related("posting").order_by("at", "id"))
    names = queries.names_of([event.posting.place_id for event in events if event.posting], on)
    return [
        HistoryOut(
            event.at, event.verb, *_VERBS[event.verb], event.actor_name, event.reason,
            names.get(event.posting.place_id, "") if event.posting else "",
        )
        for event in events
    ]  # fmt: skip


def assignment_out(done: Assignment, at: datetime, seconds: float) -> AssignmentOut:
    """A preview, or what was done."""
    names = queries.names_of([one.community_id for one in done.postings], localdate(at))
    items = []
    for one in done.postings:
        why_zh, why_en = why(one)
        items.append(
            ProposedOut(
                offer_id=one.offer.id,
                name=one.offer.name,
                unit=one.offer.unit.name,
                need_area=one.need.area,
                need_id=one.need.id,
                place=names.get(one.community_id, ""),
                compound=one.need.compound.name if one.need.compound else "",
                task=one.need.task,
                from_on=one.from_on,
                to_on=one.to_on,
                why_zh=why_zh,
                why_en=why_en,
            )  # fmt: skip
        )
    return AssignmentOut(items, done.token, len(items), done.unmet, done.left_over, round(seconds, 3))


def workbook(rows: "QuerySet[Posting]", by: str, at: datetime, *, zh: bool) -> bytes:
    """The postings as Excel, by unit or by compound: a sheet with how many, and one with everybody."""
    on = localdate(at)
    listed = list(rows[:MOST_EXPORTED])
    names = queries.names_of([posting.place_id for posting in listed], on)

    def where(posting: Posting) -> tuple[str, str]:
        return names.get(posting.place_id, ""), posting.need.compound.name if posting.need.compound else ""

    def key(posting: Posting) -> tuple[str, ...]:
        unit = posting.offer.unit.name
        return (unit, *where(posting)) if by == "unit" else (*where(posting), unit)

    listed.sort(key=lambda posting: (key(posting), posting.offer.name))
    heads = [("单位", "Unit"), ("社区", "Community"), ("小区", "Compound")]
    heads = heads if by == "unit" else [*heads[1:], heads[0]]
    groups: dict[tuple[str, ...], list[Posting]] = {}
    for posting in listed:
        groups.setdefault(key(posting), []).append(posting)

    def columns(*titles: tuple[str, str]) -> list[Column]:
        return [Column(title_zh if zh else title_en) for title_zh, title_en in titles]

    counted = [
        *columns(*heads),
        Column("人数" if zh else "People", "number"),
        Column("在岗" if zh else "There", "number"),
    ]
    sums = Sheet(
        ("按单位" if by == "unit" else "按小区") if zh else f"By {by}", counted,
        [
            (*group, sum(state_of(one) in OPEN for one in rows_), sum(state_of(one) == REPORTED_IN for one in rows_))
            for group, rows_ in groups.items()
        ],
    )  # fmt: skip
    everybody = Sheet(
        "人员名单" if zh else "People",
        columns(
            *heads, ("姓名", "Name"), ("电话", "Telephone"), ("首个任务", "First task"), ("开始", "From"),
            ("结束", "Until"), ("状态", "State"), ("分派理由", "Why"), ("结束原因", "Why ended"),
        ),
        [
            (
                *key(one), one.offer.name, mask_phone(one.offer.phone or ""), one.need.task, one.from_on, one.to_on,
                SURGE.state(state_of(one)).zh if zh else SURGE.state(state_of(one)).en, why(one)[0 if zh else 1],
                one.end_reason,
            )
            for one in listed
        ],
    )  # fmt: skip
    return write_workbook([sums, everybody], zone=get_current_timezone(), at=at)
