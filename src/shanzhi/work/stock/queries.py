"""Every read of stock. All start from what the actor may see; a person's own requests need no capability."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Q, QuerySet
from django.db.models.expressions import RawSQL

from shanzhi.base.access import Actor
from shanzhi.base.access.capabilities import STOCK_VIEW
from shanzhi.city.modes import queries as modes
from shanzhi.city.places import queries as places
from shanzhi.work.stock.models import Entry, Request, Store

MOST_LISTED = 500
_ABOVE = (
    "SELECT ancestor_id FROM places_placeclosure "
    "WHERE descendant_id = ANY(%s) AND from_on <= %s AND (to_on IS NULL OR to_on > %s)"
)
# What the roll-up has and what came after it. {which} narrows by store, and by article.
_NOW = """
SELECT store_id, item, lot, max(expires_on), sum(on_hand), sum(reserved), sum("out") FROM (
  SELECT b.store_id, b.item, b.lot, b.expires_on, b.on_hand, b.reserved, b."out" FROM stock_balance b
  WHERE b.store_id = ANY(%(stores)s) AND (%(item)s = '' OR b.item = %(item)s)
  UNION ALL
  SELECT e.store_id, e.item, e.lot, e.expires_on, e.on_hand, e.reserved, e."out" FROM stock_entry e
  LEFT JOIN stock_balance b ON b.area = e.area AND b.store_id = e.store_id AND b.item = e.item AND b.lot = e.lot
  WHERE e.store_id = ANY(%(stores)s) AND (%(item)s = '' OR e.item = %(item)s) AND e.line > coalesce(b.line, 0)
) both_sides GROUP BY store_id, item, lot ORDER BY store_id, item, max(expires_on) NULLS LAST, lot
"""


@dataclass(frozen=True)
class Lot:
    """What is there of one lot; reserves and what is out are kept under the lot ""."""

    store_id: UUID
    item: str
    lot: str
    expires_on: date | None
    on_hand: int
    reserved: int
    out: int


@dataclass(frozen=True)
class Stock:
    """An article in a store: `free` is what could be given today: in the store, not reserved, not expired."""

    store_id: UUID
    item: str
    on_hand: int
    reserved: int
    out: int
    expired: int
    lots: tuple[Lot, ...]

    @property
    def free(self) -> int:
        """In the store and free; never below zero, though a loss may leave a reserve uncovered."""
        return max(0, self.on_hand - self.expired - self.reserved)

    @property
    def uncovered(self) -> int:
        """How much of what is reserved is not there any more."""
        return max(0, self.reserved - (self.on_hand - self.expired))


def lots(store_ids: Iterable[UUID], item: str = "") -> list[Lot]:
    """What the ledger comes to now, by store, article and lot."""
    with connection.cursor() as cursor:
        cursor.execute(_NOW, {"stores": list(store_ids), "item": item})
        return [Lot(*row[:4], *map(int, row[4:])) for row in cursor.fetchall()]


def stocks(store_ids: Iterable[UUID], on: date, item: str = "") -> list[Stock]:
    """The same by store and article."""
    grouped: dict[tuple[UUID, str], list[Lot]] = {}
    for lot in lots(store_ids, item):
        grouped.setdefault((lot.store_id, lot.item), []).append(lot)
    return [
        Stock(
            store, code, sum(one.on_hand for one in found), sum(one.reserved for one in found),
            sum(one.out for one in found),
            sum(one.on_hand for one in found if one.expires_on is not None and one.expires_on <= on),
            tuple(one for one in found if one.on_hand),
        )
        for (store, code), found in grouped.items()
    ]  # fmt: skip


def stores_visible_to(actor: Actor, on: date, capability: str = STOCK_VIEW) -> "QuerySet[Store]":
    """Stores at or below the actor's places, and those above, from which they are supplied (to look at)."""
    grounds = places.reach(actor, capability)
    if grounds is None:
        return Store.objects.all()
    inside = Q(place_id__in=RawSQL(places.BELOW_SQL, [grounds, on, on]))
    if capability == STOCK_VIEW and grounds:
        inside |= Q(place_id__in=RawSQL(_ABOVE, [grounds, on, on]))
    return Store.objects.filter(inside)


def stores_for(place_ids: Iterable[UUID], on: date) -> list[Store]:
    """The open stores that supply some places: at or below them, the nearest above after those."""
    wanted = list(place_ids)
    below = Store.objects.filter(
        closed_at=None, place_id__in=RawSQL(places.BELOW_SQL, [wanted, on, on])
    ).order_by("code")
    above = Store.objects.filter(closed_at=None, place_id__in=RawSQL(_ABOVE, [wanted, on, on])).order_by(
        "code"
    )
    first = list(below)
    return first + [one for one in above if one.id not in {store.id for store in first}]


def entries_of(
    store_ids: Iterable[UUID], *, item: str = "", activation_id: UUID | None = None
) -> "QuerySet[Entry]":
    """The ledger of these stores, the newest first."""
    rows = Entry.objects.filter(store_id__in=list(store_ids)).select_related("store")
    if item:
        rows = rows.filter(item=item)
    if activation_id is not None:
        rows = rows.filter(activation_id=activation_id)
    return rows.order_by("-at", "-id")


def requests_visible_to(actor: Actor, on: date, capability: str = STOCK_VIEW) -> "QuerySet[Request]":
    """Requests of places at or below the actor's, and those that the actor made or has a post at."""
    grounds = places.reach(actor, capability)
    if grounds is None:
        return Request.objects.all()
    seen = Q(place_id__in=RawSQL(places.BELOW_SQL, [grounds, on, on]))
    if actor.account_id is not None:
        seen |= Q(asked_by_id=actor.account_id)
        seen |= Q(place_id__in=[post.place_id for post in actor.posts])
    return Request.objects.filter(seen)


def may_ask_for(actor: Actor, place_id: UUID, on: date) -> bool:
    """Whether the actor holds any post at the place or above it."""
    return places.is_within(place_id, [post.place_id for post in actor.posts], on)


def response_at(place_id: UUID, item: str, at: datetime) -> UUID | None:
    """The response that is live at a place, one that has reserved the article before others; no drill."""
    found = [one.id for one in modes.live_at(place_id, at) if not one.is_drill]
    for one in found:
        if Entry.objects.filter(activation_id=one, item=item).exists():
            return one
    return found[0] if found else None


@dataclass(frozen=True)
class OfResponse:
    """What a response has of an article from a store."""

    store_id: UUID
    item: str
    reserved: int
    issued: int
    returned: int
    consumed: int
    missing: int

    @property
    def open(self) -> int:
        """What has neither come back nor been explained."""
        return self.issued - self.returned - self.consumed - self.missing


_OF_RESPONSE = """
SELECT store_id, item, sum(reserved), coalesce(sum("out") FILTER (WHERE kind = 'issue'), 0),
  -coalesce(sum("out") FILTER (WHERE kind = 'return'), 0), -coalesce(sum("out") FILTER (WHERE kind = 'consume'), 0),
  -coalesce(sum("out") FILTER (WHERE kind = 'missing'), 0)
FROM stock_entry WHERE activation_id = %s GROUP BY store_id, item ORDER BY item, store_id
"""


def of_response(activation_id: UUID) -> list[OfResponse]:
    """What a response reserved, took, gave back and used up."""
    with connection.cursor() as cursor:
        cursor.execute(_OF_RESPONSE, [activation_id])
        return [OfResponse(row[0], row[1], *map(int, row[2:])) for row in cursor.fetchall()]


def minimums(store_ids: Iterable[UUID]) -> dict[tuple[UUID, str], int]:
    """(store, article) -> how much is to be there at least."""
    from shanzhi.work.stock.models import Minimum

    rows: Any = Minimum.objects.filter(store_id__in=list(store_ids)).values_list(
        "store_id", "item", "quantity"
    )
    return {(store, item): quantity for store, item, quantity in rows}
