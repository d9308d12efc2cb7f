"""How far an order got under each place (各级汇总): one set for all places above its people, not a count a row."""

from datetime import datetime, timedelta

from django.db import connection, transaction
from django.utils.timezone import localdate

from shanzhi.base.rows import in_sets
from shanzhi.work.orders.calls import topic_of
from shanzhi.work.orders.flow import ISSUED

EVERY_SECONDS = 2.0
MESSAGES_EVERY = timedelta(seconds=10)
# Recipients are counted by their own place first: there are far fewer places than people times levels. A person has
# failed whom no try reached and for whom none is under way; in the app alone nobody fails, they are pending.
_ROLL = """
WITH tried AS (
  SELECT subject_id, bool_or(state IN ('sent', 'delivered', 'failed')) AS sent,
    bool_or(state = 'failed') AND NOT bool_or(state IN ('queued', 'sending', 'sent', 'delivered')) AS failed
  FROM messaging_message WHERE topic = %(topic)s GROUP BY subject_id
), own AS (
  SELECT place_id, count(*) AS people,
    count(*) FILTER (WHERE sent_at IS NOT NULL OR delivered_at IS NOT NULL OR t.sent) AS sent,
    count(delivered_at) AS delivered, count(*) FILTER (WHERE t.failed AND delivered_at IS NULL) AS failed,
    count(acknowledged_at) AS acknowledged, count(working_at) AS working,
    count(*) FILTER (WHERE state = 'done') AS done, count(*) FILTER (WHERE state = 'cannot') AS cannot
  FROM orders_recipient r LEFT JOIN tried t ON t.subject_id = r.id
  WHERE order_id = %(order)s AND standing = 'own' GROUP BY place_id
), rolled AS (
  SELECT k.ancestor_id AS place_id, sum(people) AS people, sum(sent) AS sent, sum(delivered) AS delivered,
    sum(failed) AS failed, sum(acknowledged) AS acknowledged, sum(working) AS working, sum(done) AS done,
    sum(cannot) AS cannot
  FROM own JOIN places_placeclosure k ON k.descendant_id = own.place_id AND k.from_on <= %(on)s
    AND (k.to_on IS NULL OR k.to_on > %(on)s)
  GROUP BY k.ancestor_id
)
INSERT INTO orders_placereach
  (order_id, place_id, people, sent, delivered, failed, acknowledged, working, done, cannot, at)
SELECT %(order)s, place_id, people, sent, delivered, failed, acknowledged, working, done, cannot, %(at)s
FROM rolled
ON CONFLICT (order_id, place_id) DO UPDATE SET people = excluded.people, sent = excluded.sent,
  delivered = excluded.delivered, failed = excluded.failed, acknowledged = excluded.acknowledged,
  working = excluded.working, done = excluded.done, cannot = excluded.cannot, at = excluded.at
WHERE (orders_placereach.people, orders_placereach.sent, orders_placereach.delivered, orders_placereach.failed,
    orders_placereach.acknowledged, orders_placereach.working, orders_placereach.done, orders_placereach.cannot)
  IS DISTINCT FROM (excluded.people, excluded.sent, excluded.delivered, excluded.failed, excluded.acknowledged,
    excluded.working, excluded.done, excluded.cannot)
"""
# Those that have a newer line of the curve than their last roll-up, or none yet; and, less often, those whose
# messages are on their way: a message that fails changes no receipt.
_STALE = """
SELECT o.id, o.issued_at FROM orders_order o
LEFT JOIN LATERAL (SELECT max(at) AS at FROM orders_reachcount c WHERE c.order_id = o.id) c ON TRUE
WHERE o.issued_at IS NOT NULL AND (o.state = %s OR o.ended_at >= %s - interval '1 hour')
  AND (o.rolled_at IS NULL OR c.at > o.rolled_at OR o.counted_at <= %s AND EXISTS (
    SELECT 1 FROM orders_rung g WHERE g.order_id = o.id AND g.kind = 'channel' AND g.wanted > 0
    AND (g.state = 'running' OR g.ended_at > o.counted_at)))
ORDER BY o.rolled_at NULLS FIRST, o.id
"""


def roll_up(at: datetime) -> int:
    """Roll up each order of which something changed since its last time; how many orders."""
    with connection.cursor() as cursor:
        cursor.execute(_STALE, [ISSUED, at, at - MESSAGES_EVERY])
        orders = cursor.fetchall()
    for order_id, issued_at in orders:
        with transaction.atomic(), in_sets(), connection.cursor() as cursor:
            cursor.execute("SELECT max(at) FROM orders_reachcount WHERE order_id = %s", [order_id])
            row = cursor.fetchone()
            seen = row[0] if row else None
            given = {"order": order_id, "topic": topic_of(order_id), "on": localdate(issued_at), "at": at}
            cursor.execute(_ROLL, given)
            cursor.execute(
                "UPDATE orders_order SET rolled_at = %s, counted_at = %s WHERE id = %s",
                [seen or at, at, order_id],
            )
    return len(orders)
