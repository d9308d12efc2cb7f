"""The ledger (台账): the one place that appends entries, and the folding of what they come to.

Writers of an article in a store take one lock, so its entries are numbered (`line`) without gaps, in the order in
which they were committed: sums up to a line are whole, and no reserve or balance goes below zero.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Max, Sum
from django.utils.timezone import localdate

from shanzhi.base.access import Actor
from shanzhi.core.kit.ids import uuid7
from shanzhi.work.stock import packs, queries
from shanzhi.work.stock.errors import LotExpires, NotEnough, NotOut, StoreClosed
from shanzhi.work.stock.flow import COUNT, ISSUE, KINDS, LOSS, RELEASE, RESERVE, RETURN
from shanzhi.work.stock.models import Balance, Entry, Store

_LOCK = 0x73746F63  # "stoc"; the second half of the lock is the article in the store
_FOLDING = 0x666F6C64
_FOLD = """
INSERT INTO stock_balance (id, area, store_id, item, lot, expires_on, on_hand, reserved, "out", line, folded_at)
SELECT overlay(gen_random_uuid()::text PLACING %(prefix)s FROM 1)::uuid, e.area, e.store_id, e.item, e.lot,
  max(e.expires_on), sum(e.on_hand), sum(e.reserved), sum(e."out"), max(e.line), %(at)s
FROM stock_entry e
LEFT JOIN stock_balance b ON b.area = e.area AND b.store_id = e.store_id AND b.item = e.item AND b.lot = e.lot
WHERE e.line > coalesce(b.line, 0)
GROUP BY e.area, e.store_id, e.item, e.lot
ON CONFLICT (area, store_id, item, lot) DO UPDATE SET
  on_hand = stock_balance.on_hand + excluded.on_hand, reserved = stock_balance.reserved + excluded.reserved,
  "out" = stock_balance."out" + excluded."out", line = excluded.line, folded_at = excluded.folded_at,
  expires_on = coalesce(excluded.expires_on, stock_balance.expires_on)
"""
_PREFIX = len("00000000-0000-7")


@dataclass(frozen=True)
class Deed:
    """What is to be booked: so much of an article in a store, and what for.

    For a count `quantity` is what was counted, else how much is moved; `activation_id` says for which response.
    """

    kind: str
    item: str
    quantity: int
    lot: str = ""
    expires_on: date | None = None
    activation_id: UUID | None = None
    request_id: UUID | None = None
    place_id: UUID | None = None
    unit_id: UUID | None = None
    reason: str = ""
    group_id: UUID | None = None


def lock(keys: Iterable[tuple[UUID, str]]) -> None:
    """Be the only writer of these articles in these stores, until the transaction ends; in one order."""
    with connection.cursor() as cursor:
        for store_id, item in sorted({(str(store), item) for store, item in keys}):
            cursor.execute("SELECT pg_advisory_xact_lock(%s, hashtext(%s))", [_LOCK, f"{store_id} {item}"])


def book(store: Store, deed: Deed, actor: Actor, at: datetime) -> list[Entry]:
    """Append what a deed comes to (记账), in the caller's transaction; the caller has checked who asks.

    Raises StoreClosed, NotEnough, NotOut, LotExpires. A deed whose `group_id` was booked before changes nothing.
    """
    lock([(store.id, deed.item)])
    if deed.group_id is not None:
        done = list(Entry.objects.filter(group_id=deed.group_id))
        if done:
            return done
    if store.closed_at is not None:
        raise StoreClosed(store=store.name)
    stock = _stock(store.id, deed.item, localdate(at))
    pieces = _PIECES[deed.kind](store, deed, stock, localdate(at)) if deed.kind in _PIECES else [
        _one(deed, deed.quantity)
    ]  # fmt: skip
    if deed.kind == RESERVE and stock.free < deed.quantity:
        raise not_enough(store, deed, stock.free)
    return _append(store, deed, pieces, actor, at)


def _stock(store_id: UUID, item: str, on: date) -> queries.Stock:
    found = queries.stocks([store_id], on, item)
    return found[0] if found else queries.Stock(store_id, item, 0, 0, 0, 0, ())


def not_enough(store: Store, deed: Deed, free: int) -> NotEnough:
    """The error that says how much there is."""
    article = packs.articles().get(deed.item)
    return NotEnough(
        field="quantity", store=store.name, item=article.zh if article else deed.item, free=free,
        wanted=deed.quantity, unit=article.unit_zh if article else "",
    )  # fmt: skip


@dataclass(frozen=True)
class _Piece:
    lot: str
    expires_on: date | None
    on_hand: int
    reserved: int
    out: int


def _one(deed: Deed, quantity: int, lot: str | None = None, expires_on: date | None = None) -> _Piece:
    kind = KINDS[deed.kind]
    named = deed.lot if lot is None else lot
    return _Piece(
        named, expires_on if lot is not None else deed.expires_on, kind.on_hand * quantity,
        kind.reserved * quantity, kind.out * quantity,
    )  # fmt: skip


def _received(store: Store, deed: Deed, stock: queries.Stock, on: date) -> list[_Piece]:
    known = _expires(store.id, deed.item, deed.lot)
    if deed.lot and known is not None and deed.expires_on not in (None, known):
        raise LotExpires(field="expires_on", lot=deed.lot, known=known.isoformat())
    return [_one(replace(deed, expires_on=deed.expires_on or known), deed.quantity)]


def _expires(store_id: UUID, item: str, lot: str) -> date | None:
    rows = Entry.objects.filter(store_id=store_id, item=item, lot=lot, expires_on__isnull=False)
    return rows.values_list("expires_on", flat=True).first()


def _counted(store: Store, deed: Deed, stock: queries.Stock, on: date) -> list[_Piece]:
    there = next((one for one in stock.lots if one.lot == deed.lot), None)
    change = deed.quantity - (there.on_hand if there else 0)
    known = there.expires_on if there else _expires(store.id, deed.item, deed.lot)
    if deed.lot and known is not None and deed.expires_on not in (None, known):
        raise LotExpires(field="expires_on", lot=deed.lot, known=known.isoformat())
    return [_one(replace(deed, expires_on=deed.expires_on or known), change)] if change else []


def _taken(store: Store, deed: Deed, stock: queries.Stock, on: date) -> list[_Piece]:
    """From the lot that is named, else from those that expire first; what has expired is only written off."""
    usable = [
        one
        for one in stock.lots
        if (one.lot == deed.lot if deed.lot else True)
        and (deed.kind == LOSS or one.expires_on is None or one.expires_on > on)
    ]
    there = sum(one.on_hand for one in usable)
    mine = 0
    if deed.kind == ISSUE:
        mine = _of_activation(store.id, deed, "reserved")
        # What others have reserved is not for this.
        there = min(there, stock.free + mine)
    if there < deed.quantity:
        raise not_enough(store, deed, max(0, there))
    left, pieces = deed.quantity, []
    for one in usable:
        taken = min(left, one.on_hand)
        if taken > 0:
            pieces.append(_one(deed, taken, one.lot, one.expires_on))
            left -= taken
    freed = min(mine, deed.quantity)
    if freed:
        pieces[0] = replace(pieces[0], reserved=-freed)
    return pieces


def _of_activation(store_id: UUID, deed: Deed, column: str) -> int:
    if deed.activation_id is None and column == "reserved":
        return 0
    rows = Entry.objects.filter(store_id=store_id, item=deed.item, activation_id=deed.activation_id)
    return int(rows.aggregate(found=Sum(column))["found"] or 0)


def _back(store: Store, deed: Deed, stock: queries.Stock, on: date) -> list[_Piece]:
    """What comes back, or is explained, goes to the lots that it was taken from."""
    rows = Entry.objects.filter(store_id=store.id, item=deed.item, activation_id=deed.activation_id)
    if deed.lot:
        rows = rows.filter(lot=deed.lot)
    out = [
        (one["lot"], one["until"], one["left"])
        for one in rows.values("lot").annotate(left=Sum("out"), until=Max("expires_on")).order_by("lot")
        if one["left"] > 0
    ]
    total = sum(left for _, _, left in out)
    if total < deed.quantity:
        article = packs.articles().get(deed.item)
        raise NotOut(
            field="quantity", store=store.name, item=article.zh if article else deed.item, out=total,
            wanted=deed.quantity, unit=article.unit_zh if article else "",
        )  # fmt: skip
    rest, pieces = deed.quantity, []
    for lot, until, left in out:
        part = min(rest, left)
        if part > 0:
            pieces.append(_one(deed, part, lot, until))
            rest -= part
    return pieces


def _released(store: Store, deed: Deed, stock: queries.Stock, on: date) -> list[_Piece]:
    held = _of_activation(store.id, deed, "reserved")
    part = min(held, deed.quantity)
    return [_one(deed, part)] if part else []


_PIECES = {
    "receive": _received, COUNT: _counted, ISSUE: _taken, LOSS: _taken, RETURN: _back, "consume": _back,
    "missing": _back, RELEASE: _released,
}  # fmt: skip


def _append(store: Store, deed: Deed, pieces: Sequence[_Piece], actor: Actor, at: datetime) -> list[Entry]:
    last = Entry.objects.filter(store_id=store.id, item=deed.item).aggregate(last=Max("line"))["last"] or 0
    place = store.place
    group = deed.group_id or uuid7()
    return Entry.objects.bulk_create(
        Entry(
            area=place.area or place.code[:6], store=store, item=deed.item, line=last + number, group_id=group,
            kind=deed.kind, lot=piece.lot, expires_on=piece.expires_on, on_hand=piece.on_hand,
            reserved=piece.reserved, out=piece.out, activation_id=deed.activation_id, request_id=deed.request_id,
            place_id=deed.place_id, unit_id=deed.unit_id, reason=deed.reason[:200], actor_id=actor.account_id,
            actor_name=actor.name[:60], at=at,
        )
        for number, piece in enumerate(pieces, start=1)
    )  # fmt: skip


def fold(at: datetime) -> int:
    """Roll up what the ledger has grown by (结存汇总), in one statement; how many balances changed."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_FOLDING])
        cursor.execute(_FOLD, {"at": at, "prefix": str(uuid7())[:_PREFIX]})
        return int(cursor.rowcount)


def differs() -> list[tuple[UUID, str, str]]:
    """Balances that are not what their entries come to (对账): none is well."""
    sums = {
        (store, item, lot): (on_hand, reserved, out)
        for store, item, lot, on_hand, reserved, out in Entry.objects.values_list("store_id", "item", "lot")
        .annotate(a=Sum("on_hand"), b=Sum("reserved"), c=Sum("out"))
        .values_list("store_id", "item", "lot", "a", "b", "c")
        .order_by()
    }
    stores = set(Balance.objects.values_list("store_id", flat=True)) | {key[0] for key in sums}
    now = {
        (one.store_id, one.item, one.lot): (one.on_hand, one.reserved, one.out)
        for one in queries.lots(stores)
    }
    return [key for key in sums.keys() | now.keys() if sums.get(key) != now.get(key)]
