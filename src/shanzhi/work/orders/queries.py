"""Every read of orders. All start from what the actor may see; a person's own orders need no capability."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Q, QuerySet
from django.db.models.expressions import RawSQL

from shanzhi.base.access import Actor
from shanzhi.base.access.capabilities import ORDER_VIEW
from shanzhi.city.people import contacts
from shanzhi.city.people.models import ContactKind
from shanzhi.city.places import queries as places
from shanzhi.work.orders.calls import topic_of
from shanzhi.work.orders.flow import DRAFT, DROPPED, ISSUED, PROPOSED, Reach
from shanzhi.work.orders.models import Discrepancy, Order, PlaceReach, ReachCount, Receipt, Recipient, Said

MOST_LISTED = 200
INBOX_DAYS = 14
_ABOVE_SQL = (
    "SELECT coalesce(array_agg(DISTINCT ancestor_id), '{}') FROM places_placeclosure "
    "WHERE descendant_id = ANY(%s) AND from_on <= %s AND (to_on IS NULL OR to_on > %s)"
)
_BELOW_SQL = (
    "SELECT coalesce(array_agg(descendant_id), '{}') FROM places_placeclosure "
    "WHERE ancestor_id = ANY(%s) AND from_on <= %s AND (to_on IS NULL OR to_on > %s)"
)


def visible_to(actor: Actor, on: date) -> "QuerySet[Order]":
    """Orders made, or meant for people, at or below the actor's places; and what is in force above them."""
    grounds = places.reach(actor, ORDER_VIEW)
    if grounds is None:
        return Order.objects.all()
    if not grounds:
        return Order.objects.none()
    mine = Q(place_id__in=RawSQL(places.BELOW_SQL, [grounds, on, on]))
    mine |= Q(place_ids__overlap=RawSQL(f"({_BELOW_SQL})", [grounds, on, on]))
    covers = Q(place_ids__overlap=RawSQL(f"({_ABOVE_SQL})", [grounds, on, on]))
    return Order.objects.filter(mine | (covers & ~Q(state__in=[DRAFT, PROPOSED, DROPPED])))


def recipients_visible_to(actor: Actor, on: date) -> "QuerySet[Recipient]":
    """People who get orders at or below the actor's places."""
    grounds = places.reach(actor, ORDER_VIEW)
    if grounds is None:
        return Recipient.objects.all()
    return Recipient.objects.filter(place_id__in=RawSQL(places.BELOW_SQL, [grounds, on, on]))


def phone_of(account_id: UUID) -> str:
    """The telephone in full: the caller has checked who asks and writes it down."""
    return contacts.addresses(str(ContactKind.PHONE), [account_id]).get(account_id, "")


@dataclass(frozen=True)
class Mine:
    """An order in somebody's own list, with how far it got with them; `reason` is why they cannot.

    `simulated`: in a drill, simulated people have answered for them.
    """

    order: Order
    recipient: Recipient
    instead_of: str
    reason: str
    simulated: bool


def inbox(account_id: UUID, at: datetime) -> list[Mine]:
    """The orders of one person: those in force, and those of the last two weeks, the newest first."""
    rows = list(
        Recipient.objects.filter(account_id=account_id)
        .filter(Q(order__state=ISSUED) | Q(order__ended_at__gte=at - timedelta(days=INBOX_DAYS)))
        .select_related("order", "instead_of__account")
        .order_by("-order__issued_at", "id")[:MOST_LISTED]
    )
    reasons = _reasons([row for row in rows if row.cannot_at])
    drills = [row.id for row in rows if row.order.is_drill and row.acknowledged_at]
    simulated = set(
        Receipt.objects.filter(recipient_id__in=drills, simulated=True).values_list("recipient_id", flat=True)
    )
    return [
        Mine(
            row.order, row, row.instead_of.account.display_name if row.instead_of else "",
            reasons.get(row.id, "") if row.state == Reach.CANNOT else "", row.id in simulated,
        )
        for row in rows
    ]  # fmt: skip


def _reasons(rows: Sequence[Recipient]) -> dict[UUID, str]:
    """The newest reason of each; what was destroyed is not there."""
    areas = sorted({row.area for row in rows})
    found = Said.objects.filter(area__in=areas, recipient_id__in=[row.id for row in rows]).exclude(reason="")
    return dict(found.order_by("at", "id").values_list("recipient_id", "reason"))


def scope_of(actor: Actor, order: Order, on: date) -> list[UUID] | None:
    """The places whose part of an order the actor sees: None when it is the whole of it."""
    grounds = places.reach(actor, ORDER_VIEW)
    if grounds is None or all(places.is_within(one, grounds, on) for one in order.place_ids):
        return None
    return grounds


@dataclass(frozen=True)
class Numbers:
    """How far an order got: each counts people once. `sent` = `delivered` + `failed` + `pending`, always."""

    people: int = 0
    sent: int = 0
    delivered: int = 0
    failed: int = 0
    acknowledged: int = 0
    working: int = 0
    done: int = 0
    cannot: int = 0

    @property
    def pending(self) -> int:
        """To whom it was sent, who have it not yet, and whom some way may still reach."""
        return self.sent - self.delivered - self.failed


def _numbers(rows: Sequence[PlaceReach]) -> Numbers:
    names = ("people", "sent", "delivered", "failed", "acknowledged", "working", "done", "cannot")
    return Numbers(*(sum(getattr(row, name) for row in rows) for name in names))


def numbers(order: Order, scope: list[UUID] | None) -> Numbers:
    """The roll-up of an order, or of the part in sight. Before the first roll-up: nobody yet."""
    tops = order.place_ids if scope is None else scope
    rows = PlaceReach.objects.filter(order=order, place_id__in=tops)
    if scope is None and not rows:
        return Numbers(people=order.people or 0)
    return _numbers(list(rows))


def curve(order: Order) -> list[ReachCount]:
    """The reach curve, thinned to at most some hundred points."""
    points = list(ReachCount.objects.filter(order=order).order_by("at"))
    step = max(1, len(points) // 300)
    return [*points[:-1:step], *points[-1:]]


_CHILDREN = """
SELECT r.place_id, v.name, p.level, r.people, r.sent, r.delivered, r.failed, r.acknowledged,
  r.working, r.done, r.cannot,
  EXISTS (SELECT 1 FROM places_placeclosure d WHERE d.ancestor_id = p.id AND d.depth = 1
    AND d.from_on <= %(on)s AND (d.to_on IS NULL OR d.to_on > %(on)s))
FROM orders_placereach r
JOIN places_place p ON p.id = r.place_id
JOIN places_placeversion v ON v.place_id = p.id AND v.from_on <= %(on)s AND (v.to_on IS NULL OR v.to_on > %(on)s)
WHERE r.order_id = %(order)s AND {which}
ORDER BY (r.people - r.acknowledged) DESC, v.pinyin, p.code
"""
_UNDER = """r.place_id IN (SELECT k.descendant_id FROM places_placeclosure k WHERE k.ancestor_id = %(place)s
  AND k.depth = 1 AND k.from_on <= %(on)s AND (k.to_on IS NULL OR k.to_on > %(on)s))"""


@dataclass(frozen=True)
class PlaceLine:
    """A place of the board."""

    place_id: UUID
    name: str
    level: str
    numbers: Numbers
    has_below: bool


def by_place(order: Order, place_id: UUID | None, scope: list[UUID] | None) -> list[PlaceLine]:
    """The places right under one, or the highest in sight, those with most silent people first."""
    on = _day(order)
    given: dict[str, Any] = {"order": order.id, "on": on, "place": place_id}
    which = _UNDER
    if place_id is None:
        which = "r.place_id = ANY(%(tops)s)"
        given["tops"] = order.place_ids if scope is None else scope
    with connection.cursor() as cursor:
        cursor.execute(_CHILDREN.format(which=which), given)
        return [
            PlaceLine(place, name, level, Numbers(*found), has_below)
            for place, name, level, *found, has_below in cursor.fetchall()
        ]


def _day(order: Order) -> date:
    from django.utils.timezone import localdate

    return localdate(order.issued_at or order.drafted_at)


_SILENT = """
SELECT r.area, r.id, a.display_name, k.zh, v.name, r.state, r.place_id,
  EXISTS (SELECT 1 FROM people_contact c WHERE c.account_id = r.account_id AND c.kind = 'phone'),
  d.display_name, d.state, t.outcome, t.actor_name, t.at, w.reason
FROM (
  SELECT * FROM orders_recipient r WHERE r.order_id = %(order)s AND r.standing = 'own' AND {which} AND {inside}
  ORDER BY r.place_id, r.id LIMIT %(limit)s OFFSET %(offset)s
) r
JOIN people_account a ON a.id = r.account_id
JOIN people_post p ON p.id = r.post_id
JOIN people_postkind k ON k.code = p.kind_id
JOIN places_placeversion v ON v.place_id = r.place_id AND v.from_on <= %(on)s
  AND (v.to_on IS NULL OR v.to_on > %(on)s)
LEFT JOIN LATERAL (
  SELECT da.display_name, s.state FROM orders_recipient s JOIN people_account da ON da.id = s.account_id
  WHERE s.area = r.area AND s.order_id = r.order_id AND s.instead_of_id = r.id
  ORDER BY s.acknowledged_at NULLS LAST, s.id LIMIT 1
) d ON TRUE
LEFT JOIN LATERAL (
  SELECT outcome, actor_name, at FROM orders_callthrough t WHERE t.area = r.area AND t.recipient_id = r.id
  ORDER BY t.at DESC, t.id DESC LIMIT 1
) t ON TRUE
LEFT JOIN LATERAL (
  SELECT reason FROM orders_said w WHERE r.state = 'cannot' AND w.area = r.area AND w.recipient_id = r.id
    AND w.reason <> '' AND EXISTS (SELECT 1 FROM orders_receipt e WHERE e.id = w.id)
  ORDER BY w.at DESC, w.id DESC LIMIT 1
) w ON TRUE
ORDER BY v.pinyin, a.display_name, r.id
"""
_WHICH = {
    "silent": "r.acknowledged_at IS NULL AND r.cannot_at IS NULL",
    "cannot": "r.state = 'cannot'",
    "open": "r.acknowledged_at IS NOT NULL AND r.done_at IS NULL AND r.cannot_at IS NULL",
}


@dataclass(frozen=True)
class Person:
    """Somebody who has not answered, or cannot: who can be asked instead, and whether somebody rang."""

    area: str
    id: UUID
    name: str
    post: str
    place: str
    state: str
    place_id: UUID
    has_phone: bool
    deputy: str | None
    deputy_state: str | None
    call: str | None
    called_by: str | None
    called_at: datetime | None
    reason: str | None


def people(
    order: Order, which: str, place_id: UUID | None, scope: list[UUID] | None, *, offset: int = 0,
    limit: int = MOST_LISTED,
) -> list[Person]:  # fmt: skip
    """Who is silent, cannot, or is not done yet, at or below a place in sight; a page goes place by place."""
    on = _day(order)
    inside, tops = "TRUE", [place_id] if place_id is not None else scope
    if tops is not None:
        inside = f"r.place_id IN ({places.BELOW_SQL.replace('%s', '%({})s')})".format("tops", "on", "on")
    given = {"order": order.id, "on": on, "limit": limit, "offset": offset, "tops": tops}
    with connection.cursor() as cursor:
        cursor.execute(_SILENT.format(which=_WHICH[which], inside=inside), given)
        return [Person(*row) for row in cursor.fetchall()]


def stand_ins(order: Order) -> dict[str, tuple[int, int]]:
    """Standing -> how many were asked instead of somebody, and how many of them answered."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT standing, count(*), count(acknowledged_at) FROM orders_recipient "
            "WHERE order_id = %s AND standing <> 'own' GROUP BY standing",
            [order.id],
        )
        return {standing: (asked, answered) for standing, asked, answered in cursor.fetchall()}


def messages(order: Order) -> dict[int, dict[str, int]]:
    """Rung -> how many messages are in each state: wanted = the sum of them, always."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT round, state, count(*) FROM messaging_message WHERE topic = %s GROUP BY round, state",
            [topic_of(order.id)],
        )
        found: dict[int, dict[str, int]] = {}
        for position, state, count in cursor.fetchall():
            found.setdefault(position, {})[state] = count
        return found


def discrepancies(order: Order) -> list[Discrepancy]:
    """What did not add up: open ones first, then what was put right."""
    found = Discrepancy.objects.filter(order=order).order_by("-first_at", "-id")[:20]
    return sorted(found, key=lambda one: one.closed_at is not None)
