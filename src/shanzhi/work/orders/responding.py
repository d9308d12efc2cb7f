"""Orders of a response (响应指令): issued as a plan's templates have them, and ended with the response."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from django.db import transaction
from django.db.models import QuerySet

from shanzhi.base.access import Actor
from shanzhi.base.access.capabilities import ORDER_CONFIRM, RESPONSE_APPROVE
from shanzhi.city.people import queries as people
from shanzhi.city.people.models import Account
from shanzhi.core.kit.errors import InvalidInput
from shanzhi.work.orders import actions, packs
from shanzhi.work.orders.drafting import LONGEST, Draft, checked
from shanzhi.work.orders.flow import DRAFT, DROPPED, ISSUED, ORDER, PROPOSED, SUPERSEDED
from shanzhi.work.orders.models import Order

_KEYS = {"template", "posts", "minutes", "ladder"}


@dataclass(frozen=True)
class Wanted:
    """An order as a plan's level holds it: a template, and what it has instead of the template's own."""

    template: packs.Template
    post_kinds: Sequence[str]
    minutes: int
    ladder: str


def _wrong(field: str, zh: str, en: str) -> InvalidInput:
    return InvalidInput(field=field, reason_zh=zh, reason_en=en)


def wanted(item: Mapping[str, Any], field: str = "template") -> Wanted:
    """What an item of a plan means. Raises InvalidInput whose field begins with `field`."""
    if extra := sorted(set(item) - _KEYS):
        raise _wrong(f"{field}.{extra[0]}", f"指令没有“{extra[0]}”这一项。", f"An order has no {extra[0]}.")
    code = item.get("template")
    template = packs.templates().get(code) if isinstance(code, str) else None
    if template is None:
        raise _wrong(f"{field}.template", f"没有指令模板“{code}”。", f"There is no template {code}.")
    posts = item.get("posts", template.post_kinds)
    known = {kind.code for kind in people.post_kinds()}
    if not isinstance(posts, list) or not posts or not known.issuperset(map(str, posts)):
        raise _wrong(f"{field}.posts", "岗位不对，请从岗位目录中选择。", "Choose posts from their list.")
    minutes = item.get("minutes", template.minutes)
    most = int(LONGEST.total_seconds() // 60)
    if not isinstance(minutes, int) or isinstance(minutes, bool) or not 1 <= minutes <= most:
        raise _wrong(f"{field}.minutes", f"时限应为 1 至 {most} 分钟。", f"Between 1 and {most} minutes.")
    ladder = item.get("ladder", template.ladder)
    if not isinstance(ladder, str) or ladder not in packs.ladders():
        raise _wrong(f"{field}.ladder", "没有这种叫应方式。", "There is no such ladder.")
    return Wanted(template, posts, minutes, ladder)


def draft_of(given: Wanted, place_ids: Sequence[UUID], at: datetime, *, is_drill: bool = False) -> Draft:
    """The order that a template makes for some places now."""
    template = given.template
    return Draft(
        title=template.zh.title, sentence=template.zh.sentence, body=template.zh.body, place_ids=place_ids,
        post_kinds=given.post_kinds, until_at=at + timedelta(minutes=given.minutes), ladder=given.ladder,
        answers=template.answers, template=template.code, is_drill=is_drill,
        asks=[msgspec.to_builtins(ask) for ask in template.asks], household_rule=template.households,
    )  # fmt: skip


def issue(
    given: Wanted,
    place_ids: Sequence[UUID],
    *,
    drafted_by: UUID,
    actor: Actor,
    at: datetime,
    activation_id: UUID | None = None,
    level: int | None = None,
    is_drill: bool = False,
) -> Order:
    """Issue an order as its template has it, drafted by one person and confirmed by another (按模板下达).

    A response is proposed by one and approved by another, who saw the preview: its orders are issued with it, each
    once for a level. Raises SecondPerson, NobodyMeant, Refused, OutsideYourPlaces, InvalidInput, NotFound.
    """
    drafter = Account.objects.get(id=drafted_by)
    draft = replace(draft_of(given, place_ids, at, is_drill=is_drill), activation_id=activation_id)
    columns = checked(draft, at)
    # Who may approve a response issues the orders that belong to it.
    approves = activation_id is not None and not actor.can(ORDER_CONFIRM)
    capability = RESPONSE_APPROVE if approves else ORDER_CONFIRM
    place_id = actions.require_places(actor, capability, columns["place_ids"], at)
    by = Actor(drafter.id, drafter.display_name, "desk")
    with transaction.atomic():
        order = Order.objects.create(
            **columns, number=actions.number(at), place_id=place_id, drafted_by_id=drafter.id,
            drafted_by=drafter.display_name[:60], drafted_at=at, activation_level=level,
        )  # fmt: skip
        actions.append(order, "draft", "", by, at)
        order.state = ORDER.edge(DRAFT, "propose").target
        actions.append(order, "propose", DRAFT, by, at)
        actions.issue(order, actor, at, None)
        source = actions.move(order, ORDER.edge(order.state, "confirm"), at)
        actions.append(order, "confirm", source, actor, at)
    return order


_OPEN = [DRAFT, PROPOSED, ISSUED]


def under_way(activation_id: UUID) -> list[Order]:
    """The orders of a response by template that are not over: of one that was corrected, the order that it was first.

    An order is known by the template of the first of its line of corrections: a correction may be written by hand.
    """
    return [first for first, last in _lines(activation_id) if first.template and last.state in _OPEN]


def _lines(activation_id: UUID) -> list[tuple[Order, Order]]:
    """First and last of each line of corrections (更正) of a response; a dropped correction corrects nothing."""
    rows = {one.id: one for one in Order.objects.filter(activation_id=activation_id).order_by("number")}
    after = {one.supersedes_id: one for one in rows.values() if one.supersedes_id and one.state != DROPPED}
    found = []
    for first in rows.values():
        if first.supersedes_id in rows:
            continue
        last = first
        while last.state == SUPERSEDED and last.id in after:
            last = after[last.id]
        found.append((first, last))
    return found


def end_all(activation_id: UUID, reason: str, *, actor: Actor, at: datetime) -> list[Order]:
    """End what a response issued, drop what was only drafted for it (随响应结束), in the caller's transaction.

    Whoever ends the response was asked there. Done again it finds nothing.
    """
    return _end(Order.objects.filter(activation_id=activation_id), reason, actor, at)


def end_others(
    activation_id: UUID, stays: Collection[str], reason: str, *, actor: Actor, at: datetime
) -> list[Order]:
    """End what a response issued by a template that is not among those that stay, its corrections with it."""
    roots = {first.id for first, _ in _lines(activation_id) if first.template and first.template not in stays}
    going = set(roots)
    while roots:
        roots = set(Order.objects.filter(supersedes_id__in=roots).values_list("id", flat=True)) - going
        going |= roots
    return _end(Order.objects.filter(id__in=going), reason, actor, at)


def _end(orders: "QuerySet[Order]", reason: str, actor: Actor, at: datetime) -> list[Order]:
    found = orders.select_for_update().filter(state__in=_OPEN)
    ended = []
    for order in found.order_by("number"):
        if order.state == PROPOSED:
            _step(order, "send_back", reason, actor, at)
        _step(order, "end" if order.state == ISSUED else "drop", reason, actor, at)
        ended.append(order)
    return ended


def _step(order: Order, verb: str, reason: str, actor: Actor, at: datetime) -> None:
    edge = ORDER.edge(order.state, verb)
    source = actions.move(order, edge, at)
    actions.append(order, verb, source, actor, at, reason)
    if edge.source == ISSUED:
        actions.over(order, at)
