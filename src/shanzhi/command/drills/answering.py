"""Simulated people answer the orders of a drill (模拟应答): by the door of real phones, each answer once.

What is due is computed anew each time from the rows: who was sent the order, who was woken by a message, who has
answered. The ids of answers follow from the recipient, so an answer that was given is known.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid5

import numpy as np
from django.db import connection

from shanzhi.command.drills.packs import People
from shanzhi.command.drills.people import Floats, manners
from shanzhi.core.kit.outcomes import STORED
from shanzhi.work.orders import calls, receipts
from shanzhi.work.orders.models import Order

BATCH = 2000
CANNOT = "模拟：人不在岗"
_SILENT = """
SELECT r.area, r.id, r.account_id, r.standing = 'own', extract(epoch FROM r.sent_at - %(begun)s)::float8,
  extract(epoch FROM m.at - %(begun)s)::float8, r.delivered_at IS NOT NULL
FROM orders_recipient r
JOIN people_post p ON p.id = r.post_id AND p.kind_id <> ALL(%(real)s::text[])
LEFT JOIN (
  SELECT subject_id, min(delivered_at) AS at FROM messaging_message
  WHERE topic = %(topic)s AND delivered_at <= %(at)s GROUP BY subject_id
) m ON m.subject_id = r.id
WHERE r.order_id = %(order)s AND r.sent_at <= %(at)s AND r.acknowledged_at IS NULL
ORDER BY r.id
"""


@dataclass(frozen=True)
class Crowd:
    """Who answers: how they behave, from which seed, and which kinds of post answer for themselves."""

    given: People
    seed: int
    real_posts: Sequence[str] = ()


def due(order: Order, crowd: Crowd, at: datetime) -> list[receipts.Submission]:
    """What simulated recipients of a drill order have answered up to a moment, in its order, and nobody has stored.

    As far as receipts are folded: what is given twice is known.
    """
    assert order.is_drill and order.issued_at is not None
    begun = order.issued_at
    with connection.cursor() as cursor:
        cursor.execute(
            _SILENT,
            {"begun": begun, "at": at, "order": order.id, "topic": calls.topic_of(order.id),
             "real": list(crowd.real_posts)},
        )  # fmt: skip
        rows = cursor.fetchall()
    if not rows:
        return []
    now = (at - begun).total_seconds()
    areas, ids, accounts, own, sent, woken, told = (list(column) for column in zip(*rows, strict=True))
    people = manners(crowd.given, crowd.seed, accounts, own)
    got = np.where(people.awake, np.array(sent) + people.latency, np.inf)
    after = np.array([np.inf if one is None else one for one in woken]) + people.later
    answered = np.where(people.willing, np.minimum(got + people.app, after), np.inf)
    found: list[tuple[float, int, str]] = [
        (float(got[n]), int(n), "delivered") for n in _until(got, now) if not told[n]
    ]
    found += [
        (float(answered[n]), int(n), "acknowledged" if people.able[n] else "cannot")
        for n in _until(answered, now)
    ]
    oldest = now - receipts.OLDEST.total_seconds()  # older ones no door takes
    return [
        receipts.submission(
            accounts[n],
            receipts.GivenReceipt(
                id=answer_id(ids[n], answer == "delivered"), area=areas[n], recipient=ids[n],
                answer=answer, happened_at=begun + timedelta(seconds=round(second, 3)),  # type: ignore[arg-type]
                reason=CANNOT if answer == "cannot" else "",
            ),
        )
        for second, n, answer in sorted(found)
        if second > oldest
    ]  # fmt: skip


def _until(seconds: Floats, now: float) -> list[int]:
    return list(np.flatnonzero(seconds <= now))


def answer_id(recipient_id: UUID, is_delivery: bool) -> UUID:
    """The id of a recipient's simulated answer, or of its having come: each recipient has one of both."""
    return uuid5(recipient_id, "simulated delivery" if is_delivery else "simulated answer")


def send(submissions: Sequence[receipts.Submission], at: datetime) -> int:
    """Give them to the receipts' own door, marked as simulated, in the caller's transaction; how many were stored."""
    stored = 0
    with connection.cursor() as cursor:
        for start in range(0, len(submissions), BATCH):
            outcomes = receipts.take(cursor, submissions[start : start + BATCH], at, simulated=True)
            stored += sum(one.status == STORED for one in outcomes)
    return stored
