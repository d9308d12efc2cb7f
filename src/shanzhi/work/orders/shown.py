"""Orders as the endpoints show them."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec
import shapely
from django.db import connection, transaction
from django.db.models import TextChoices
from django.utils.timezone import localdate

from shanzhi.base.access import Actor
from shanzhi.base.access.capabilities import ORDER_CONFIRM, ORDER_DRAFT
from shanzhi.base.messaging import channels
from shanzhi.city.compounds.models import Compound
from shanzhi.city.people import queries as people
from shanzhi.city.people.models import ContactKind
from shanzhi.city.places.errors import OutsideYourPlaces
from shanzhi.city.places.models import Place
from shanzhi.city.surge import skills
from shanzhi.core.kit.errors import NotFound, ShanzhiError
from shanzhi.core.kit.outcomes import INVALID, Outcome
from shanzhi.work.orders import answering, audience, packs, queries, receipts, shapes
from shanzhi.work.orders.drafting import Draft, audience_of, checked, home_of
from shanzhi.work.orders.flow import (
    DRAFT,
    ISSUED,
    ORDER,
    Answer,
    CallOutcome,
    Mismatch,
    Reach,
    RungKind,
    RungState,
    Standing,
)
from shanzhi.work.orders.models import Order, OrderEvent, Rung
from shanzhi.work.orders.promise import Plan, plan, warnings

_OTHER_VERBS = {
    "draft": ("拟制", "Drafted"),
    "edit": ("修改", "Edited"),
    "stop_rung": ("停止叫应", "Stopped a rung"),
    "repair": ("对账补正", "Numbers put right"),
}


def words(choices: type[TextChoices], value: str) -> tuple[str, str]:
    """Chinese and English of a choice."""
    zh, _, en = str(choices(value).label).partition(" ")
    return zh, en


def _named(choices: type[TextChoices]) -> list[shapes.OrderNamedOut]:
    return [shapes.OrderNamedOut(value, *words(choices, value)) for value in choices.values]


def options() -> shapes.OrderOptionsOut:
    """Everything that a composer offers."""
    return shapes.OrderOptionsOut(
        templates=[
            shapes.TemplateOut(
                one.code, one.zh.title, one.en.title, one.zh.title, one.zh.sentence, one.zh.body, one.post_kinds,
                one.ladder, one.minutes, one.answers, _asks([msgspec.to_builtins(ask) for ask in one.asks]),
                one.hazard, one.households,
            )
            for one in packs.templates().values()
        ],
        ladders=[
            shapes.LadderOut(
                one.code, one.zh, one.en,
                [
                    shapes.OrderStepOut(
                        step.kind, *_rung_words(step), step.channel, step.after_seconds, step.per_second
                    )
                    for step in one.rungs
                ],
            )
            for one in packs.ladders().values()
        ],
        post_kinds=[shapes.OrderNamedOut(kind.code, kind.zh, kind.en) for kind in people.post_kinds()],
        skills=[shapes.OrderNamedOut(one.code, one.zh, one.en) for one in skills.known().values()],
        answers=[one for one in _named(Answer) if one.code not in {str(Answer.DELIVERED), str(Answer.READ)}],
        channels=sorted(channels.registered()),
        household_rules=[
            shapes.HouseholdRuleOut(one.code, one.zh, one.en, one.chosen) for one in packs.household_rules().values()
        ],
    )  # fmt: skip


def _asks(given: Iterable[Mapping[str, Any]]) -> list[shapes.AskOut]:
    return [msgspec.convert(dict(ask), shapes.AskOut) for ask in given]


def preview_out(draft: Draft, found: audience.Preview, at: datetime) -> shapes.PreviewOut:
    """The preview, with what the ladder can and cannot keep."""
    kinds = {kind.code: kind for kind in people.post_kinds()}
    areas = dict(Place.objects.filter(level="county", closed_on=None).values_list("code", "name"))
    whom = audience_of(checked(draft, at))
    with_phone = audience.with_contact(whom, localdate(at), str(ContactKind.PHONE))
    ladder, registered = packs.ladder(draft.ladder), set(channels.registered())
    told = warnings(ladder, found.people, with_phone, registered)
    if found.unknown:
        told.append(
            (
                f"有 {found.unknown} 个小区没有楼层资料，其一楼住户未计入。",
                f"{found.unknown} compounds have no floors here: their ground floors are not counted.",
            )
        )
    every = {step.channel for step in ladder.rungs if step.channel}
    return shapes.PreviewOut(
        people=found.people, households=found.households,
        kinds=[
            shapes.OrderCountOut(code, kinds[code].zh, kinds[code].en, count)
            for code, count in sorted(found.by_kind.items(), key=lambda one: -one[1])
        ],
        areas=[
            shapes.OrderCountOut(code, name := areas.get(code, code), name, count)
            for code, count in sorted(found.by_area.items())
        ],
        with_phone=with_phone,
        warnings=[shapes.OrderWarningOut(zh, en) for zh, en in told],
        promise=_promise(plan(ladder, found.people, registered)),
        promise_full=_promise(plan(ladder, found.people, every)),
    )  # fmt: skip


def _promise(found: Plan | None) -> shapes.OrderPromiseOut | None:
    return msgspec.convert(vars(found), shapes.OrderPromiseOut) if found else None


def _expected(order: Order) -> shapes.OrderPromiseOut | None:
    """What was to be expected of an order that is out; a drill's messages all go somewhere."""
    if not order.people or order.ladder not in packs.ladders():
        return None
    ladder = packs.ladder(order.ladder)
    every = {step.channel for step in ladder.rungs if step.channel}
    return _promise(plan(ladder, order.people, every if order.is_drill else set(channels.registered())))


def _rule(order: Order) -> shapes.OrderNamedOut:
    found = packs.household_rules().get(order.household_rule)
    code = order.household_rule
    return shapes.OrderNamedOut(code, found.zh if found else code, found.en if found else code)


def _compounds(order: Order) -> list[shapes.OrderCompoundOut]:
    if not order.compound_ids:
        return []
    found = Compound.objects.filter(id__in=order.compound_ids).order_by("pinyin", "id")
    return [shapes.OrderCompoundOut(one.area, one.id, one.name) for one in found]


def numbers_out(found: queries.Numbers) -> shapes.OrderNumbersOut:
    """Numbers as they are shown."""
    return shapes.OrderNumbersOut(
        found.people, found.sent, found.delivered, found.failed, found.pending, found.acknowledged,
        found.working, found.done, found.cannot,
    )  # fmt: skip


def _places(orders: Sequence[Order]) -> dict[UUID, str]:
    wanted = {place_id for order in orders for place_id in order.place_ids}
    return dict(Place.objects.filter(id__in=wanted).values_list("id", "name"))


def row_out(order: Order, names: Mapping[UUID, str], found: queries.Numbers) -> shapes.OrderRowOut:
    """A line of the list."""
    state = ORDER.state(order.state)
    return shapes.OrderRowOut(
        order.id, order.number, order.title, order.sentence, order.state, state.zh, state.en, order.is_drill,
        [shapes.OrderPlaceOut(one, names.get(one, "")) for one in order.place_ids], order.until_at, order.drafted_by,
        order.drafted_at, order.issued_at, numbers_out(found),
    )  # fmt: skip


def rows_out(orders: Sequence[Order], actor: Actor, on: date) -> list[shapes.OrderRowOut]:
    """The lines of a list, each with what the caller sees of it."""
    names = _places(orders)
    return [
        row_out(order, names, queries.numbers(order, queries.scope_of(actor, order, on))) for order in orders
    ]


def _may(actor: Actor, capability: str, order: Order, on: date) -> bool:
    if not actor.can(capability):
        return False
    try:
        home_of(actor, capability, order.place_ids, on)
    except NotFound:
        return True  # a place has ended since: the verb itself tells
    except OutsideYourPlaces:
        return False
    return True


def _actions(order: Order, actor: Actor, on: date) -> list[shapes.ActionOut]:
    found = []
    for edge in ORDER.edges_from(order.state):
        own = edge.verb == "confirm" and actor.account_id == order.drafted_by_id
        if edge.verb == "supersede" or own or not _may(actor, edge.capability, order, on):
            continue
        found.append(shapes.ActionOut(edge.verb, edge.zh, edge.en, "reason" in edge.requires))
    return found


def _rung_words(rung: Rung | packs.Step) -> tuple[str, str]:
    """What a rung is called: a channel by its own name."""
    return channels.names_of([rung.channel]) if rung.channel else words(RungKind, rung.kind)


def _rung_out(rung: Rung, messages: dict[str, int], may_stop: bool) -> shapes.RungOut:
    is_open = rung.state in {RungState.WAITING, RungState.RUNNING}
    return shapes.RungOut(
        rung.position, rung.kind, *_rung_words(rung), rung.channel, rung.after_seconds, rung.per_second,
        rung.due_at, rung.started_at, rung.ended_at, rung.state, *words(RungState, rung.state), rung.wanted, messages,
        may_stop and is_open,
    )  # fmt: skip


def _event_out(event: OrderEvent) -> shapes.OrderEventOut:
    edge = next((one for one in ORDER.edges if one.verb == event.verb), None)
    zh, en = (edge.zh, edge.en) if edge else _OTHER_VERBS.get(event.verb, (event.verb, event.verb))
    return shapes.OrderEventOut(event.at, event.verb, zh, en, event.actor_name, event.reason)


def order_out(order: Order, actor: Actor, at: datetime) -> shapes.OrderOut:
    """One order, whole, with what the caller may do."""
    on = localdate(at)
    scope = queries.scope_of(actor, order, on)
    kinds = {kind.code: kind for kind in people.post_kinds()}
    messages = queries.messages(order) if order.issued_at else {}
    may_confirm = order.state == ISSUED and _may(actor, ORDER_CONFIRM, order, on)
    corrected = Order.objects.filter(supersedes=order).exclude(state="dropped").first()
    may_draft = _may(actor, ORDER_DRAFT, order, on)
    return shapes.OrderOut(
        row=row_out(order, _places([order]), queries.numbers(order, scope)),
        body=order.body,
        outline=_geojson(order.outline),
        post_kinds=[
            shapes.OrderNamedOut(code, kinds[code].zh, kinds[code].en)
            for code in order.post_kinds
            if code in kinds
        ],
        skills=[shapes.OrderNamedOut(code, *skills.words([code])) for code in order.skills],
        answers=order.answers,
        asks=_asks(order.asks),
        ladder=order.ladder,
        template=order.template,
        confirmed_by=order.confirmed_by,
        ended_at=order.ended_at,
        people=order.people,
        households=order.households,
        supersedes=shapes.OrderPlaceOut(order.supersedes.id, order.supersedes.number)
        if order.supersedes
        else None,
        superseded_by=shapes.OrderPlaceOut(corrected.id, corrected.number) if corrected else None,
        rungs=[
            _rung_out(rung, messages.get(rung.position, {}), may_confirm)
            for rung in Rung.objects.filter(order=order).order_by("position")
        ],
        stand_ins=[
            shapes.OrderCountOut(code, *words(Standing, code), asked)
            for code, (asked, _) in sorted(queries.stand_ins(order).items())
        ],
        events=[_event_out(event) for event in OrderEvent.objects.filter(order=order).order_by("at", "id")],
        actions=_actions(order, actor, on),
        may_edit=order.state == DRAFT and may_draft,
        may_correct=order.state == ISSUED and may_draft and corrected is None,
        household_rule=_rule(order),
        compounds=_compounds(order),
        promise=_expected(order),
    )


def _geojson(outline: Any) -> dict[str, Any] | None:
    if outline is None:
        return None
    found: dict[str, Any] = msgspec.json.decode(shapely.to_geojson(shapely.from_wkb(bytes(outline))))
    return found


def board_out(order: Order, place_id: UUID | None, actor: Actor, at: datetime) -> shapes.OrderBoardOut:
    """What the board asks for every few seconds: roll-ups only."""
    scope = queries.scope_of(actor, order, localdate(at))
    return shapes.OrderBoardOut(
        at=at,
        numbers=numbers_out(queries.numbers(order, scope)),
        curve=[
            shapes.OrderPointOut(one.at, one.sent, one.delivered, one.acknowledged, one.done, one.cannot)
            for one in (queries.curve(order) if scope is None else [])
        ],
        places=[
            shapes.PlaceLineOut(one.place_id, one.name, one.level, numbers_out(one.numbers), one.has_below)
            for one in queries.by_place(order, place_id, scope)
        ],
        answered=[
            shapes.OrderAnsweredOut(
                one.code, one.zh, one.en, one.kind, one.count, float(one.total) if one.total is not None else None,
                one.choices, one.texts,
            )
            for one in answering.answered(order, scope)
        ],
        discrepancies=[
            shapes.OrderDiscrepancyOut(
                one.kind, *words(Mismatch, one.kind), one.detail, one.wanted, one.found, one.repaired, one.first_at,
                one.closed_at,
            )
            for one in queries.discrepancies(order)
        ],
    )  # fmt: skip


def person_out(one: queries.Person) -> shapes.OrderPersonOut:
    """Somebody who has not answered."""
    call_zh, call_en = words(CallOutcome, one.call) if one.call else (None, None)
    return shapes.OrderPersonOut(
        one.area, one.id, one.name, one.post, one.place, one.state, *words(Reach, one.state), one.has_phone,
        one.deputy, one.deputy_state, one.call, call_zh, call_en, one.called_by, one.called_at,
        one.reason or "",
    )  # fmt: skip


def inbox_out(account_id: UUID, at: datetime) -> shapes.InboxOut:
    """A person's own orders."""
    mine = queries.inbox(account_id, at)
    corrected = dict(
        Order.objects.filter(
            supersedes_id__in=[one.order.id for one in mine], issued_at__isnull=False
        ).values_list("supersedes_id", "number")
    )
    waiting = sum(1 for one in mine if one.order.state == ISSUED and one.recipient.acknowledged_at is None)
    return shapes.InboxOut(waiting, [_mine_out(one, corrected.get(one.order.id, "")) for one in mine])


def _mine_out(one: queries.Mine, corrected: str) -> shapes.MineOut:
    order, row = one.order, one.recipient
    state = ORDER.state(order.state)
    assert order.issued_at is not None
    return shapes.MineOut(
        row.area, row.id, order.id, order.number, order.title, order.sentence, order.body, order.is_drill,
        order.state, state.zh, state.en, row.state, *words(Reach, row.state), order.answers, _asks(order.asks),
        order.until_at, order.issued_at, row.standing, one.instead_of, corrected, one.reason,
        _rule(order), [found.name for found in _compounds(order)], one.simulated,
    )  # fmt: skip


def take_receipts(
    items: Sequence[Mapping[str, Any]], account_id: UUID, at: datetime
) -> list[shapes.OrderOutcomeOut]:
    """Store receipts one account sent, in one transaction: a bad one holds up no other."""
    outcomes: dict[int, Outcome] = {}
    good: dict[int, receipts.Submission] = {}
    for number, item in enumerate(items):
        try:
            good[number] = receipts.submission(account_id, receipts.read(msgspec.json.encode(item)))
        except ShanzhiError as error:
            outcomes[number] = Outcome(INVALID, error)
    with transaction.atomic(), connection.cursor() as cursor:
        outcomes |= zip(good, receipts.take(cursor, list(good.values()), at), strict=True)
    return [_outcome_out(outcomes[number]) for number in range(len(items))]


def _outcome_out(one: Outcome) -> shapes.OrderOutcomeOut:
    error = one.error
    if error is None:
        return shapes.OrderOutcomeOut(one.status, "", "", "", "")
    return shapes.OrderOutcomeOut(
        one.status, error.code, error.sentence("zh"), error.sentence("en"), error.field
    )
