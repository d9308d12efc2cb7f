"""The verbs of orders: the only writers of an order. Receipts come through `receipts`, rungs through `ladder`."""

from datetime import datetime
from uuid import UUID

from django.db import connection, transaction
from django.utils.timezone import localdate

from shanzhi.base.access import Actor
from shanzhi.base.access.capabilities import LABELS, ORDER_CONFIRM, ORDER_DRAFT, ORDER_VIEW
from shanzhi.base.audit import actions as audit
from shanzhi.base.outbox import actions as outbox
from shanzhi.city.places.models import Place
from shanzhi.core.flow import Edge
from shanzhi.core.kit.errors import InvalidInput, NotFound, Refused
from shanzhi.core.kit.texts import text_of
from shanzhi.work.orders import audience, ladder, queries
from shanzhi.work.orders.drafting import Draft, audience_of, audience_of_order, checked, home_of
from shanzhi.work.orders.errors import (
    AlreadyCorrected,
    AudienceChanged,
    NobodyMeant,
    OrderOver,
    SecondPerson,
)
from shanzhi.work.orders.flow import DROPPED, ISSUED, ORDER, CallOutcome
from shanzhi.work.orders.models import CallThrough, Order, OrderEvent, Recipient, Said

TOPIC = "orders"
_NUMBERS = 0x6F726465  # the lock under which orders are numbered: "orde"


def number(at: datetime) -> str:
    """The next number of the day: 指 and the day, then 001 …"""
    day = localdate(at).strftime("%Y%m%d")
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_NUMBERS])
        cursor.execute("SELECT count(*) FROM orders_order WHERE number LIKE %s", [f"ZL{day}-%"])
        row = cursor.fetchone()
    return f"ZL{day}-{(row[0] if row else 0) + 1:03d}"


def append(order: Order, verb: str, source: str, actor: Actor, at: datetime, reason: str = "") -> None:
    """Append what was done to the history of an order (记入指令记录)."""
    OrderEvent.objects.create(
        order=order, verb=verb, from_state=source, to_state=order.state, actor_id=actor.account_id,
        actor_name=actor.name[:60], reason=reason, at=at,
    )  # fmt: skip


def require_places(actor: Actor, capability: str, order_places: list[UUID], at: datetime) -> UUID:
    """The place from which the actor does this to an order for these places. Raises Refused, OutsideYourPlaces."""
    actor.require(capability)
    return home_of(actor, capability, order_places, localdate(at))


def preview(draft: Draft, *, actor: Actor, at: datetime) -> audience.Preview:
    """Whom it would reach, without writing anything (预览). Raises as `create` does."""
    columns = checked(draft, at)
    require_places(actor, ORDER_DRAFT, columns["place_ids"], at)
    return audience.preview(audience_of(columns), localdate(at))


def create(draft: Draft, *, actor: Actor, at: datetime, supersedes: UUID | None = None) -> Order:
    """Draft an order (拟制), perhaps one that corrects another (更正).

    Raises InvalidInput, NotFound, OutsideYourPlaces, Refused, AlreadyCorrected.
    """
    columns = checked(draft, at)
    place_id = require_places(actor, ORDER_DRAFT, columns["place_ids"], at)
    with transaction.atomic():
        if supersedes is not None:
            old = _locked(supersedes, actor, at)
            ORDER.edge(old.state, "supersede")
            open_one = Order.objects.filter(supersedes=old).exclude(state=DROPPED).first()
            if open_one is not None:
                raise AlreadyCorrected(number=open_one.number)
            Order.objects.filter(supersedes=old).update(supersedes=None)
            columns |= {"is_drill": old.is_drill, "activation_id": old.activation_id}
        order = Order.objects.create(
            **columns, number=number(at), place_id=place_id, supersedes_id=supersedes,
            drafted_by_id=_account(actor), drafted_by=actor.name[:60], drafted_at=at,
        )  # fmt: skip
        append(order, "draft", "", actor, at)
    return order


def _account(actor: Actor) -> UUID:
    if actor.account_id is None:
        raise Refused(what_zh=LABELS[ORDER_DRAFT][0], what_en=LABELS[ORDER_DRAFT][1])
    return actor.account_id


def edit(order_id: UUID, draft: Draft, *, actor: Actor, at: datetime) -> Order:
    """Change a draft (修改草稿). Raises as `create` does, and UnknownEdge for what is no draft any more."""
    columns = checked(draft, at)
    place_id = require_places(actor, ORDER_DRAFT, columns["place_ids"], at)
    with transaction.atomic():
        order = _locked(order_id, actor, at)
        ORDER.edge(order.state, "propose")
        if order.supersedes_id is not None:
            columns |= {"is_drill": order.is_drill, "activation_id": order.activation_id}
        for name, value in columns.items():
            setattr(order, name, value)
        order.place_id = place_id
        order.save(update_fields=[*columns, "place_id"])
        append(order, "edit", order.state, actor, at)
    return order


def _locked(order_id: UUID, actor: Actor, at: datetime) -> Order:
    if not queries.visible_to(actor, localdate(at)).filter(id=order_id).exists():
        raise NotFound(field="id")
    return Order.objects.select_for_update().get(id=order_id)


def perform(
    order_id: UUID, verb: str, *, actor: Actor, at: datetime, reason: str = "", seen: int | None = None
) -> Order:
    """Do a verb to an order: propose, send_back, confirm, recall, end, drop.

    `seen` is the number of people that the preview showed; when others are meant by now, AudienceChanged. Raises
    UnknownEdge, Refused, NotFound, SecondPerson, NobodyMeant, OrderOver, InvalidInput naming `reason`.
    """
    with transaction.atomic():
        order = _locked(order_id, actor, at)
        edge = ORDER.edge(order.state, verb)
        require_places(actor, edge.capability, order.place_ids, at)
        said = text_of(reason, "reason", "理由", "The reason", 200, needed="reason" in edge.requires)
        if verb == "supersede":
            raise InvalidInput(
                field="verb", reason_zh="请拟制一条更正指令。", reason_en="Draft an order that corrects it."
            )
        if verb == "confirm":
            issue(order, actor, at, seen)
        source = move(order, edge, at)
        append(order, verb, source, actor, at, said)
        if edge.source == ISSUED:
            over(order, at)
    return order


def move(order: Order, edge: Edge, at: datetime) -> str:
    """Take an order along an edge; the state from which it came. The caller appends the event."""
    source, order.state = order.state, edge.target
    if edge.source == ISSUED:
        order.ended_at = at
    order.save(update_fields=["state", "ended_at"])
    return source


def issue(order: Order, actor: Actor, at: datetime, seen: int | None) -> None:
    """Freeze the audience, count it, start the ladder, wake the phones: all in the caller's transaction."""
    if actor.account_id is None or actor.account_id == order.drafted_by_id:
        raise SecondPerson
    if order.until_at <= at:
        raise OrderOver(field="until_at")
    whom = audience_of_order(order)
    on = localdate(at)
    sent_at = at if ladder.goes_out_at_once(order) else None
    order.people = audience.snapshot(order.id, whom, on, sent_at)
    if not order.people:
        raise NobodyMeant(field="place_ids")
    if seen is not None and seen != order.people:
        raise AudienceChanged(seen=seen, now=order.people)
    order.households, _ = audience.households(whom, on)
    order.issued_at, order.confirmed_by = at, actor.name[:60]
    order.save(update_fields=["people", "households", "issued_at", "confirmed_by"])
    ladder.begin(order, at)
    if order.supersedes_id is not None:
        old = Order.objects.select_for_update().get(id=order.supersedes_id)
        source = move(old, ORDER.edge(old.state, "supersede"), at)
        append(old, "supersede", source, actor, at, order.number)
        over(old, at)
    _tell(order, "issued", at)
    audit.record(
        actor=actor, event="order.issued", area=_area(order), subject=str(order.id),
        detail={"number": order.number, "people": order.people, "drill": order.is_drill}, at=at,
    )  # fmt: skip


def over(order: Order, at: datetime) -> None:
    """What was issued goes on no further: rungs stop, what waits to be sent is cancelled, the phones hear."""
    ladder.stop_all(order, at)
    _tell(order, order.state, at)


def _area(order: Order) -> str:
    place = Place.objects.only("area", "code").get(id=order.place_id)
    return place.area or place.code[:6]


def _tell(order: Order, event: str, at: datetime) -> None:
    payload = {"number": order.number, "sentence": order.sentence, "drill": order.is_drill}
    outbox.publish([outbox.News(_area(order), TOPIC, order.id, event, payload, at)])


def stop_rung(order_id: UUID, position: int, reason: str, *, actor: Actor, at: datetime) -> None:
    """Stop a rung of the ladder (停止叫应). Raises NotFound, Refused, RungOver, InvalidInput naming `reason`."""
    actor.require(ORDER_CONFIRM)
    said = text_of(reason, "reason", "理由", "The reason", 200)
    with transaction.atomic():
        order = _locked(order_id, actor, at)
        require_places(actor, ORDER_CONFIRM, order.place_ids, at)
        ladder.stop(order, position, at)
        append(order, "stop_rung", order.state, actor, at, f"{position}：{said}"[:200])


def call_through(
    area: str, recipient_id: UUID, outcome: str, note: str, *, actor: Actor, at: datetime
) -> CallThrough:
    """Note that somebody rang a person who is silent (叫应记录). Raises NotFound, Refused, InvalidInput."""
    actor.require(ORDER_VIEW)
    if outcome not in CallOutcome.values:
        raise InvalidInput(field="outcome", reason_zh="请选择通话结果。", reason_en="Say what came of it.")
    said = text_of(note, "note", "说明", "The note", 200, needed=False)
    on = localdate(at)
    found = queries.recipients_visible_to(actor, on).filter(area=area, id=recipient_id).first()
    if found is None:
        raise NotFound(field="recipient_id")
    with transaction.atomic():
        call = CallThrough.objects.create(
            area=area, recipient_id=recipient_id, outcome=outcome, actor_id=actor.account_id,
            actor_name=actor.name[:60], at=at,
        )  # fmt: skip
        if said:
            Said.objects.create(id=call.id, area=area, recipient_id=recipient_id, reason=said, at=at)
    return call


def phone_of(area: str, recipient_id: UUID, reason: str, *, actor: Actor, at: datetime) -> str:
    """The telephone of somebody who is silent, in full, to ring them up; who asked and why is recorded.

    Raises NotFound, Refused, InvalidInput naming `reason`. Empty when none is known.
    """
    actor.require(ORDER_VIEW)
    said = text_of(reason, "reason", "理由", "The reason", 200)
    found = queries.recipients_visible_to(actor, localdate(at)).filter(area=area, id=recipient_id).first()
    if found is None:
        raise NotFound(field="recipient_id")
    phone = queries.phone_of(found.account_id)
    audit.record_reveal(
        actor=actor, area=area, subject=str(found.account_id),
        detail={"what": "phone", "order": str(found.order_id), "reason": said}, at=at,
    )  # fmt: skip
    return phone


def silent_of(order: Order) -> int:
    """How many of its own people have not acknowledged and not said that they cannot."""
    return Recipient.objects.filter(order=order, standing="own", acknowledged_at=None, cannot_at=None).count()
