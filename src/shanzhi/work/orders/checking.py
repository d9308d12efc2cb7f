"""Do the numbers of orders add up (对账)? Every minute: what is missing is put right, or the board says so.

Four pairs of counts: the people of an order and its audience; what a rung wanted and its messages; what receipts
say and what people show; the audience and the roll-up by place. A repair is noted in the order's history; what
could not be repaired stays open on the board until the counts agree.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.utils.timezone import localdate

from shanzhi.base.access import SYSTEM
from shanzhi.work.orders import actions, audience, calls, folding, ladder, rollup
from shanzhi.work.orders.drafting import audience_of_order
from shanzhi.work.orders.flow import ISSUED, Mismatch, RungKind, Standing
from shanzhi.work.orders.models import Discrepancy, Order, PlaceReach, Recipient, Rung

DAYS = 14
AFTER = timedelta(hours=1)  # for so long after its end the receipts of an order are compared
SETTLED = timedelta(seconds=30)  # what came later may be on its way

log = logging.getLogger("shanzhi.orders")
_AUDIENCE = """
SELECT o.id, o.people, count(r.id) FROM orders_order o
LEFT JOIN orders_recipient r ON r.order_id = o.id AND r.standing = 'own'
WHERE o.issued_at >= %(since)s GROUP BY o.id, o.people HAVING count(r.id) <> o.people
"""
_MESSAGES = """
SELECT g.order_id, g.position, g.wanted, count(m.id) FROM orders_rung g
LEFT JOIN (messaging_message m JOIN orders_recipient r ON r.area = m.area AND r.id = m.subject_id)
  ON m.topic = 'order/' || g.order_id::text AND m.round = g.position
WHERE g.kind = %(kind)s AND g.wanted > 0 AND g.started_at >= %(since)s
GROUP BY g.order_id, g.id, g.position, g.wanted HAVING count(m.id) <> g.wanted
"""
# An order's own places are apart from each other, so their lines sum to its people.
_PLACES = """
SELECT o.id, o.people, coalesce(sum(p.people), 0) FROM orders_order o
JOIN orders_placereach p ON p.order_id = o.id AND p.place_id = ANY(o.place_ids)
WHERE o.issued_at >= %(since)s AND o.rolled_at IS NOT NULL
GROUP BY o.id, o.people HAVING coalesce(sum(p.people), 0) <> o.people
"""


@dataclass(frozen=True)
class Missing:
    """Two counts of an order that differ; `detail` is the rung whose messages they are."""

    order_id: object
    kind: str
    wanted: int
    found: int
    detail: str = ""


def missing(at: datetime) -> list[Missing]:
    """What does not add up now, in a fixed number of statements; none is well."""
    given = {"since": at - timedelta(days=DAYS), "kind": RungKind.CHANNEL}
    with connection.cursor() as cursor:
        cursor.execute(_AUDIENCE, given)
        found = [
            Missing(order, str(Mismatch.AUDIENCE), wanted, there)
            for order, wanted, there in cursor.fetchall()
        ]
        cursor.execute(_MESSAGES, given)
        found += [
            Missing(order, str(Mismatch.MESSAGES), wanted, there, str(position))
            for order, position, wanted, there in cursor.fetchall()
        ]
        cursor.execute(_PLACES, given)
        found += [
            Missing(order, str(Mismatch.PLACES), wanted, int(there))
            for order, wanted, there in cursor.fetchall()
        ]
    lately = Order.objects.filter(issued_at__isnull=False, issued_at__gte=at - timedelta(days=DAYS))
    for order in lately.filter(state=ISSUED) | lately.filter(ended_at__gte=at - AFTER):
        if behind := folding.unfolded(order.id, at - SETTLED):
            people = order.people or 0
            found.append(Missing(order.id, str(Mismatch.RECEIPTS), people, people - behind))
    return found


def check(at: datetime) -> list[Missing]:
    """Look, put right what can be, keep the rest open for the board (每分钟对账); what is still missing."""
    repaired: dict[tuple[object, str, str], int] = {}
    first = missing(at)
    for one in first:
        with transaction.atomic():
            order = Order.objects.select_for_update().get(id=one.order_id)
            repaired[one.order_id, one.kind, one.detail] = _REPAIRS[one.kind](order, one, at)
    left = missing(at) if first else []
    open_ones = {(one.order_id, one.kind, one.detail): one for one in left}
    with transaction.atomic():
        for one in first:
            key = (one.order_id, one.kind, one.detail)
            _note(open_ones.get(key, one), repaired[key], key in open_ones, at)
        for row in Discrepancy.objects.select_for_update().filter(closed_at=None):
            if (row.order_id, row.kind, row.detail) not in open_ones:
                Discrepancy.objects.filter(id=row.id).update(closed_at=at, seen_at=at)
    for one in left:
        log.error("order %s, %s: %d wanted, %d found", one.order_id, one.kind, one.wanted, one.found)
    return left


def _note(one: Missing, repaired: int, is_open: bool, at: datetime) -> None:
    order = Order.objects.get(id=one.order_id)
    row, made = Discrepancy.objects.get_or_create(
        order=order, kind=one.kind, detail=one.detail, closed_at=None,
        defaults={"wanted": one.wanted, "found": one.found, "repaired": repaired, "first_at": at, "seen_at": at},
    )  # fmt: skip
    row.wanted, row.found, row.seen_at = one.wanted, one.found, at
    row.repaired += 0 if made else repaired
    row.closed_at = None if is_open else at
    row.save(update_fields=["wanted", "found", "seen_at", "repaired", "closed_at"])
    if repaired:
        kind = str(Mismatch(one.kind).label).split(" ")[0]
        actions.append(order, "repair", order.state, SYSTEM, at, f"{kind}：补正 {repaired} 条")


def _audience(order: Order, one: Missing, at: datetime) -> int:
    """Rows of the audience that are gone come back as the tree of that day has them."""
    if one.found > one.wanted or order.issued_at is None:
        return 0
    sent_at = order.issued_at if ladder.goes_out_at_once(order) else None
    whom, on = audience_of_order(order), localdate(order.issued_at)
    with transaction.atomic():
        added = audience.restore(order.id, whom, on, sent_at)
        if one.found + added > one.wanted:
            # Posts of that day were changed since: nobody gets an order now that they were not sent.
            transaction.set_rollback(True)
            return 0
    Order.objects.filter(id=order.id).update(rolled_at=None)
    folding.mend(order.id, at, at)
    return added


def _messages(order: Order, one: Missing, at: datetime) -> int:
    """Messages that are gone are queued again, to those who are still silent."""
    rung = Rung.objects.get(order=order, position=int(one.detail))
    if one.found > one.wanted or order.state != ISSUED:
        return 0
    return calls.queue(order, rung, at) if _fewer(order, rung) else 0


def _fewer(order: Order, rung: Rung) -> bool:
    silent = Recipient.objects.filter(
        order=order, standing=Standing.OWN, acknowledged_at=None, cannot_at=None
    )
    return silent.exists() and rung.started_at is not None


def _receipts(order: Order, one: Missing, at: datetime) -> int:
    return folding.mend(order.id, at - SETTLED, at)


def _places(order: Order, one: Missing, at: datetime) -> int:
    """Lines of places are counted anew."""
    PlaceReach.objects.filter(order=order).delete()
    Order.objects.filter(id=order.id).update(rolled_at=None)
    rollup.roll_up(at)
    return PlaceReach.objects.filter(order=order).count()


_REPAIRS: dict[str, Callable[[Order, Missing, datetime], int]] = {
    str(Mismatch.AUDIENCE): _audience,
    str(Mismatch.MESSAGES): _messages,
    str(Mismatch.RECEIPTS): _receipts,
    str(Mismatch.PLACES): _places,
}
