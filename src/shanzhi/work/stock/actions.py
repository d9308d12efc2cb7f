"""The verbs of stock: stores, what is booked by hand, requests. Entries are appended in `ledger`."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db import connection, transaction
from django.utils.timezone import localdate

from shanzhi.base.access import Actor
from shanzhi.base.access.capabilities import LABELS, STOCK_MANAGE
from shanzhi.base.audit import actions as audit
from shanzhi.base.outbox import actions as outbox
from shanzhi.city.people.models import Account, Unit
from shanzhi.city.places import queries as places
from shanzhi.city.places.errors import OutsideYourPlaces
from shanzhi.city.places.models import Place
from shanzhi.core.kit.errors import InvalidInput, NotFound, Refused
from shanzhi.core.kit.texts import text_of
from shanzhi.work.stock import ledger, packs, queries
from shanzhi.work.stock.errors import StoreCodeTaken, StoreInUse
from shanzhi.work.stock.flow import BY_HAND, COUNT, ISSUE, KINDS, OWN, REQUEST
from shanzhi.work.stock.ledger import Deed
from shanzhi.work.stock.models import Entry, Minimum, Request, RequestEvent, Store

TOPIC = "stock"
MOST = 1_000_000
_NUMBERS = 0x73746F71  # the lock under which requests are numbered


def quantity_of(value: int, field: str = "quantity", *, least: int = 1) -> int:
    """A quantity. Raises InvalidInput naming the field."""
    if not least <= value <= MOST:
        raise InvalidInput(
            field=field, reason_zh=f"数量应为 {least} 至 {MOST} 的整数。", reason_en=f"{least} to {MOST}."
        )
    return value


def make_store(
    code: str, name: str, place_id: UUID, *, address: str = "", keeper_id: UUID | None = None, actor: Actor,
    at: datetime,
) -> Store:  # fmt: skip
    """Register a store (登记仓库). Raises Refused, NotFound, OutsideYourPlaces, StoreCodeTaken, InvalidInput."""
    actor.require(STOCK_MANAGE)
    key = text_of(code, "code", "编码", "The code", 24)
    title = text_of(name, "name", "名称", "The name", 60)
    where = text_of(address, "address", "地址", "The address", 120, needed=False)
    place = Place.objects.filter(id=place_id, closed_on=None).first()
    if place is None:
        raise NotFound(field="place_id")
    grounds = places.reach(actor, STOCK_MANAGE)
    if grounds is not None and not places.is_within(place_id, grounds, localdate(at)):
        raise OutsideYourPlaces(field="place_id", name=place.name)
    if keeper_id is not None and not Account.objects.filter(id=keeper_id, is_active=True).exists():
        raise NotFound(field="keeper_id")
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_NUMBERS])
        if Store.objects.filter(code=key).exists():
            raise StoreCodeTaken(field="code", code=key)
        made = Store.objects.create(
            code=key, name=title, place_id=place_id, address=where, keeper_id=keeper_id, made_by=actor.name[:60],
            made_at=at,
        )  # fmt: skip
        audit.record(actor=actor, event="stock.store-made", subject=str(made.id), detail={"code": key}, at=at)
    return made


def managed_store(store_id: UUID, actor: Actor, at: datetime) -> Store:
    """A store that the actor manages. Raises Refused, NotFound."""
    actor.require(STOCK_MANAGE)
    found = queries.stores_visible_to(actor, localdate(at), STOCK_MANAGE).filter(id=store_id)
    store = found.select_related("place").first()
    if store is None:
        raise NotFound(field="store_id")
    return store


def close_store(store_id: UUID, reason: str, *, actor: Actor, at: datetime) -> Store:
    """Close a store (停用仓库) in which nothing is left. Raises Refused, NotFound, StoreInUse, InvalidInput."""
    said = text_of(reason, "reason", "理由", "The reason", 200)
    with transaction.atomic():
        store = managed_store(store_id, actor, at)
        Store.objects.select_for_update().get(id=store_id)
        items = Entry.objects.filter(store=store).values_list("item", flat=True).distinct()
        ledger.lock((store.id, item) for item in items)
        if any(one.on_hand or one.reserved or one.out for one in queries.lots([store.id])):
            raise StoreInUse(store=store.name)
        store.closed_at = at
        store.save(update_fields=["closed_at"])
        audit.record(
            actor=actor, event="stock.store-closed", subject=str(store_id), detail={"reason": said}, at=at
        )
    return store


def set_minimum(store_id: UUID, item: str, quantity: int, *, actor: Actor, at: datetime) -> None:
    """Say how much of an article a store is to hold at least (最低库存); 0 takes it away."""
    packs.article(item)
    quantity_of(quantity, least=0)
    with transaction.atomic():
        store = managed_store(store_id, actor, at)
        if quantity:
            Minimum.objects.update_or_create(store=store, item=item, defaults={"quantity": quantity})
        else:
            Minimum.objects.filter(store=store, item=item).delete()
        audit.record(
            actor=actor, event="stock.minimum-set", subject=str(store_id),
            detail={"item": item, "quantity": quantity}, at=at,
        )  # fmt: skip


def book(store_id: UUID, deed: Deed, *, actor: Actor, at: datetime) -> list[Entry]:
    """Book something by hand: received, issued, returned, lost, counted, used up, missing (台账登记).

    Raises Refused, NotFound, InvalidInput, StoreClosed, NotEnough, NotOut, LotExpires.
    """
    if deed.kind not in BY_HAND:
        raise InvalidInput(field="kind", reason_zh="请选择台账类型。", reason_en="Choose what is booked.")
    article = packs.article(deed.item)
    quantity_of(deed.quantity, least=0 if deed.kind == COUNT else 1)
    text_of(deed.lot, "lot", "批号", "The lot", 32, needed=False)
    text_of(deed.reason, "reason", "理由", "The reason", 200, needed=KINDS[deed.kind].reason)
    if deed.kind in ("receive", COUNT) and article.expires and deed.lot and deed.expires_on is None:
        known = Entry.objects.filter(store_id=store_id, item=deed.item, lot=deed.lot).exists()
        if not known:
            raise InvalidInput(
                field="expires_on", reason_zh=f"{article.zh}的新批号须填写有效期。",
                reason_en=f"A new lot of {article.en} needs the day on which it expires.",
            )  # fmt: skip
    if deed.kind == ISSUE and deed.place_id is None and deed.unit_id is None:
        raise InvalidInput(
            field="place_id",
            reason_zh="请选择领用的区域或单位。",
            reason_en="Say which place or unit gets it.",
        )
    if deed.place_id is not None and not Place.objects.filter(id=deed.place_id).exists():
        raise NotFound(field="place_id")
    if deed.unit_id is not None and not Unit.objects.filter(id=deed.unit_id).exists():
        raise NotFound(field="unit_id")
    with transaction.atomic():
        store = managed_store(store_id, actor, at)
        made = ledger.book(store, deed, actor, at)
        _tell(store, deed.kind, at)
    return made


def _tell(store: Store, event: str, at: datetime) -> None:
    area = store.place.area or store.place.code[:6]
    outbox.publish([outbox.News(area, TOPIC, store.id, event, {}, at)])


@dataclass(frozen=True)
class Wish:
    """What a place asks for."""

    place_id: UUID
    item: str
    quantity: int
    use: str
    unit_id: UUID | None = None


def ask(wishes: Sequence[Wish], *, actor: Actor, at: datetime) -> list[Request]:
    """Ask for articles (物资申请), for a place at which, or above which, the actor holds a post.

    Raises Refused for nobody, NotFound, OutsideYourPlaces, InvalidInput.
    """
    if actor.account_id is None:
        raise Refused(what_zh="申请物资", what_en="ask for stock")
    on = localdate(at)
    if not 0 < len(wishes) <= 50:
        raise InvalidInput(field="items", reason_zh="请填写 1 至 50 项物资。", reason_en="1 to 50 articles.")
    made = []
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_NUMBERS])
        day = on.strftime("%Y%m%d")
        number = Request.objects.filter(number__startswith=f"WZ{day}-").count()
        for wish in wishes:
            place = Place.objects.filter(id=wish.place_id, closed_on=None).first()
            if place is None:
                raise NotFound(field="place_id")
            if not queries.may_ask_for(actor, wish.place_id, on):
                raise OutsideYourPlaces(field="place_id", name=place.name)
            packs.article(wish.item)
            quantity_of(wish.quantity)
            number += 1
            request = Request.objects.create(
                area=place.area or place.code[:6], number=f"WZ{day}-{number:04d}", place=place,
                unit_id=wish.unit_id, item=wish.item, quantity=wish.quantity,
                use=text_of(wish.use, "use", "用途", "What for", 200),
                activation_id=queries.response_at(wish.place_id, wish.item, at),
                asked_by_id=actor.account_id, asked_by=actor.name[:60], asked_at=at,
            )  # fmt: skip
            _event(request, "ask", "", actor, at, quantity=wish.quantity)
            made.append(request)
    return made


def _event(
    request: Request, verb: str, source: str, actor: Actor, at: datetime, reason: str = "",
    quantity: int | None = None,
) -> None:  # fmt: skip
    RequestEvent.objects.create(
        area=request.area, request=request, verb=verb, from_state=source, to_state=request.state, quantity=quantity,
        actor_id=actor.account_id, actor_name=actor.name[:60], reason=reason, at=at,
    )  # fmt: skip
    outbox.publish([outbox.News(request.area, TOPIC, request.id, verb, {"number": request.number}, at)])


def perform(
    area: str, request_id: UUID, verb: str, *, store_id: UUID | None = None, quantity: int | None = None,
    reason: str = "", actor: Actor, at: datetime,
) -> Request:  # fmt: skip
    """Take a request further: approve, refuse, issue by whoever keeps the stock; receive, withdraw by who asked.

    Raises UnknownEdge, NotFound, Refused, NotEnough, InvalidInput.
    """
    on = localdate(at)
    with transaction.atomic():
        if not queries.requests_visible_to(actor, on).filter(area=area, id=request_id).exists():
            raise NotFound(field="id")
        request = Request.objects.select_for_update().get(area=area, id=request_id)
        edge = REQUEST.edge(request.state, verb)
        said = text_of(reason, "reason", "理由", "The reason", 200, needed="reason" in edge.requires)
        if verb in OWN:
            if not may_receive(actor, request):
                raise Refused(what_zh=edge.zh, what_en=edge.en.lower())
        else:
            actor.require(STOCK_MANAGE)
            seen = queries.requests_visible_to(actor, on, STOCK_MANAGE)
            if not seen.filter(area=area, id=request_id).exclude(asked_by_id=actor.account_id).exists():
                # Whoever asks does not grant it to themselves.
                raise Refused(what_zh=LABELS[STOCK_MANAGE][0], what_en=LABELS[STOCK_MANAGE][1])
        if verb == "approve":
            _approve(request, store_id, quantity, actor, at)
        if verb == "issue":
            assert request.store_id is not None and request.approved is not None
            store = managed_store(request.store_id, actor, at)
            deed = Deed(
                ISSUE, request.item, request.approved, activation_id=request.activation_id, request_id=request.id,
                place_id=request.place_id, unit_id=request.unit_id, group_id=request.id,
            )  # fmt: skip
            ledger.book(store, deed, actor, at)
        source, request.state = request.state, edge.target
        request.save(update_fields=["state", "store", "approved"])
        _event(request, verb, source, actor, at, said, request.approved)
    return request


def may_receive(actor: Actor, request: Request) -> bool:
    """Whether the actor asked for it, or holds a post at the place."""
    if actor.account_id is not None and request.asked_by_id == actor.account_id:
        return True
    return any(post.place_id == request.place_id for post in actor.posts)


def _approve(
    request: Request, store_id: UUID | None, quantity: int | None, actor: Actor, at: datetime
) -> None:
    if store_id is None:
        raise InvalidInput(field="store_id", reason_zh="请选择仓库。", reason_en="Choose the store.")
    store = managed_store(store_id, actor, at)
    granted = quantity_of(request.quantity if quantity is None else quantity)
    if granted > request.quantity:
        raise InvalidInput(
            field="quantity", reason_zh=f"批准数量不能超过申请数量 {request.quantity}。",
            reason_en=f"Not more than the {request.quantity} asked for.",
        )  # fmt: skip
    # Approved is not issued: who issues finds out whether it is still there. A plain shortage is told at once.
    found = queries.stocks([store.id], localdate(at), request.item)
    mine = sum(
        one.reserved
        for one in (queries.of_response(request.activation_id) if request.activation_id else ())
        if one.store_id == store.id and one.item == request.item
    )
    free = (found[0].free if found else 0) + mine
    if free < granted:
        raise ledger.not_enough(store, Deed(ISSUE, request.item, granted), free)
    request.store, request.approved = store, granted


def day_of(text: str, field: str = "expires_on") -> date | None:
    """A day of a file; empty: none. Raises InvalidInput."""
    if not text.strip():
        return None
    try:
        return date.fromisoformat(text.strip()[:10].replace("/", "-").replace(".", "-"))
    except ValueError as error:
        raise InvalidInput(
            field=field, reason_zh="日期应写作 2026-01-31。", reason_en="Write the day as 2026-01-31."
        ) from error
