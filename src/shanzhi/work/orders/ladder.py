"""The ladder (叫应阶梯): whoever stays silent is asked again by other ways, one set-based step a rung.

A rung that is due looks again who is silent at that moment. Deputies and the upper grid become recipients of their
own, `instead_of` the silent one. What waits to be sent to somebody who answers meanwhile is cancelled.
"""

from datetime import datetime, timedelta

from django.db import connection, transaction
from django.utils.timezone import localdate

from shanzhi.base.outbox import actions as outbox
from shanzhi.base.rows import in_sets
from shanzhi.core.kit.ids import uuid7
from shanzhi.work.orders import audience, calls, packs
from shanzhi.work.orders.errors import RungOver
from shanzhi.work.orders.flow import ISSUED, RungKind, RungState
from shanzhi.work.orders.folding import fold
from shanzhi.work.orders.models import Order, Rung

TOPIC = "orders"
_PREFIX = len("00000000-0000-7")
_OPEN = (RungState.WAITING, RungState.RUNNING)
_SILENT = (
    "r.order_id = %(order)s AND r.standing = 'own' AND r.acknowledged_at IS NULL AND r.cannot_at IS NULL"
)
_ON = "{t}.from_on <= %(on)s AND ({t}.to_on IS NULL OR {t}.to_on > %(on)s)"
_INSERT = """
INSERT INTO orders_recipient (id, area, order_id, account_id, post_id, place_id, standing, instead_of_id, state,
  sent_at)
SELECT overlay(gen_random_uuid()::text PLACING %(prefix)s FROM 1)::uuid, area, %(order)s, account_id, post_id,
  place_id, %(standing)s, silent_id, 'sent', %(at)s
FROM ({found}) found
ON CONFLICT DO NOTHING
"""
# One deputy for each: the first kind of the list that somebody holds at the same place.
_DEPUTIES = f"""
SELECT DISTINCT ON (r.id) r.id AS silent_id, r.area, p.account_id, p.id AS post_id, p.place_id
FROM orders_recipient r
JOIN people_post own ON own.id = r.post_id
JOIN unnest(%(kinds)s::text[], %(deputies)s::text[], %(ranks)s::int[]) AS d (kind, deputy, rank)
  ON d.kind = own.kind_id
JOIN people_post p ON p.place_id = r.place_id AND p.kind_id = d.deputy AND {_ON.format(t="p")}
  AND p.account_id <> r.account_id
JOIN people_account a ON a.id = p.account_id AND a.is_active
WHERE {_SILENT}
ORDER BY r.id, d.rank, p.id
"""
# One for each at the nearest place above at which somebody holds such a post.
_UPPER = f"""
SELECT DISTINCT ON (r.id) r.id AS silent_id, r.area, p.account_id, p.id AS post_id, p.place_id
FROM orders_recipient r
JOIN places_placeclosure k ON k.descendant_id = r.place_id AND k.depth > 0 AND {_ON.format(t="k")}
JOIN people_post p ON p.place_id = k.ancestor_id AND p.kind_id = ANY(%(upper)s) AND {_ON.format(t="p")}
  AND p.account_id <> r.account_id
JOIN people_account a ON a.id = p.account_id AND a.is_active
WHERE {_SILENT}
ORDER BY r.id, k.depth, array_position(%(upper)s::text[], p.kind_id::text), p.id
"""


def goes_out_at_once(order: Order) -> bool:
    """Whether the ladder begins in the app, with no pause."""
    first = packs.ladder(order.ladder).rungs[0]
    return first.kind == str(RungKind.IN_APP) and not first.after_seconds


def begin(order: Order, at: datetime) -> None:
    """Put up the ladder of an order that is being issued, and take its first rungs at once."""
    Rung.objects.bulk_create(
        Rung(
            order=order, position=position, kind=step.kind, channel=step.channel, per_second=step.per_second,
            after_seconds=step.after_seconds, due_at=at + timedelta(seconds=step.after_seconds),
        )
        for position, step in enumerate(packs.ladder(order.ladder).rungs)
    )  # fmt: skip
    for rung in Rung.objects.filter(order=order, due_at__lte=at, state=RungState.WAITING):
        _take(order, rung, at)


def take_due(now: datetime) -> int:
    """Take every rung that is due (叫应); how many. Safe beside other workers, and after being killed."""
    taken = 0
    while True:
        with transaction.atomic():
            rung = (
                Rung.objects.select_for_update(skip_locked=True, of=("self",))
                .filter(state=RungState.WAITING, due_at__lte=now, order__state=ISSUED)
                .select_related("order")
                .order_by("due_at", "position")
                .first()
            )
            if rung is None:
                return taken
            # Receipts that have come but are not folded yet count: nobody who answered is asked again.
            fold(now)
            _take(rung.order, rung, now)
            taken += 1


def _take(order: Order, rung: Rung, at: datetime) -> None:
    rung.started_at, rung.state, rung.ended_at = at, RungState.DONE, at
    if rung.kind == RungKind.IN_APP:
        # Usually everybody: they were sent it with the snapshot.
        already = rung.due_at == order.issued_at and goes_out_at_once(order)
        rung.wanted = order.people if already else audience.mark_sent(order.id, at)
    elif rung.kind == RungKind.CHANNEL:
        rung.wanted = calls.queue(order, rung, at)
        if rung.wanted:
            rung.state, rung.ended_at = RungState.RUNNING, None
    else:
        rung.wanted = _ask_others(order, RungKind(rung.kind), at)
    rung.save(update_fields=["started_at", "ended_at", "state", "wanted"])


def _ask_others(order: Order, kind: RungKind, at: datetime) -> int:
    stand_ins = packs.stand_ins()
    pairs = [
        (own, deputy, rank)
        for own, deputies in stand_ins.deputies.items()
        for rank, deputy in enumerate(deputies)
    ]
    given = {
        "order": order.id, "at": at, "on": localdate(at), "standing": kind.value,
        "prefix": str(uuid7())[:_PREFIX], "upper": stand_ins.upper, "kinds": [own for own, _, _ in pairs],
        "deputies": [deputy for _, deputy, _ in pairs], "ranks": [rank for _, _, rank in pairs],
    }  # fmt: skip
    found = _DEPUTIES if kind == RungKind.DEPUTY else _UPPER
    with in_sets(), connection.cursor() as cursor:
        cursor.execute(_INSERT.format(found=found), given)
        asked = int(cursor.rowcount)
    if asked:
        payload = {"number": order.number, "sentence": order.sentence, "drill": order.is_drill}
        outbox.publish([outbox.News(order.place.code[:6], TOPIC, order.id, "asked", payload, at)])
    return asked


def tidy(now: datetime) -> int:
    """Cancel what waits for people who have answered, end rungs through which everything has gone; how many."""
    ended = 0
    running = Rung.objects.filter(state=RungState.RUNNING).select_related("order")
    for rung in running:
        calls.cancel_answered(rung.order, now)
        if calls.waiting(rung.order, rung) == 0:
            ended += Rung.objects.filter(id=rung.id, state=RungState.RUNNING).update(
                state=RungState.DONE, ended_at=now
            )
    return ended


def stop(order: Order, position: int, at: datetime) -> None:
    """Stop a rung that waits or is on. Raises RungOver."""
    stopped = Rung.objects.filter(order=order, position=position, state__in=_OPEN).update(
        state=RungState.STOPPED, ended_at=at
    )
    if not stopped:
        raise RungOver(field="position")
    calls.cancel(order, at, position)


def stop_all(order: Order, at: datetime) -> None:
    """Stop every rung that waits or is on: the order is over."""
    Rung.objects.filter(order=order, state__in=_OPEN).update(state=RungState.STOPPED, ended_at=at)
    calls.cancel(order, at)
