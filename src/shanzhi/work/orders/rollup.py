"""How far an order got under each place (各级汇总): one set for all places above its people, not a count a row."""

from datetime import datetime

from django.db import connection, transaction
from django.utils.timezone import localdate

from shanzhi.base.rows import in_sets
from shanzhi.work.orders.flow import ISSUED

EVERY_SECONDS = 2.0
# Recipients are counted by their own place first: there are far fewer places than people times levels.
_ROLL = """
WITH own AS (
  SELECT place_id, count(*) AS people, count(delivered_at) AS delivered, count(acknowledged_at) AS acknowledged,
    count(working_at) AS working, count(*) FILTER (WHERE state = 'done') AS done,
    count(*) FILTER (WHERE state = 'cannot') AS cannot
  FROM orders_recipient WHERE order_id = %(order)s AND standing = 'own' GROUP BY place_id
), rolled AS (
  SELECT k.ancestor_id AS place_id, sum(people) AS people, sum(delivered) AS delivered,
    sum(acknowledged) AS acknowledged, sum(working) AS working, sum(done) AS done, sum(cannot) AS cannot
  FROM own JOIN places_placeclosure k ON k.descendant_id = own.place_id AND k.from_on <= %(on)s
    AND (k.to_on IS NULL OR k.to_on > %(on)s)
  GROUP BY k.ancestor_id
)
INSERT INTO orders_placereach (order_id, place_id, people, delivered, acknowledged, working, done,
  cannot, at)
SELECT %(order)s, place_id, people, delivered, acknowledged, working, done, cannot, %(at)s FROM rolled
ON CONFLICT (order_id, place_id) DO UPDATE SET people = excluded.people, delivered = excluded.delivered,
  acknowledged = excluded.acknowledged, working = excluded.working, done = excluded.done,
  cannot = excluded.cannot, at = excluded.at
WHERE (orders_placereach.people, orders_placereach.delivered, orders_placereach.acknowledged,
    orders_placereach.working, orders_placereach.done, orders_placereach.cannot)
  IS DISTINCT FROM (excluded.people, excluded.delivered, excluded.acknowledged, excluded.working,
    excluded.done, excluded.cannot)
"""
# Those that have a newer line of the curve than their last roll-up, or none yet.
_STALE = """
SELECT o.id, o.issued_at FROM orders_order o
LEFT JOIN LATERAL (SELECT max(at) AS at FROM orders_reachcount c WHERE c.order_id = o.id) c ON TRUE
WHERE o.issued_at IS NOT NULL AND (o.state = %s OR o.ended_at >= %s - interval '1 hour')
  AND (o.rolled_at IS NULL OR c.at > o.rolled_at)
ORDER BY o.rolled_at NULLS FIRST, o.id
"""


def roll_up(at: datetime) -> int:
    """Roll up each order of which something changed since its last time; how many orders."""
    with connection.cursor() as cursor:
        cursor.execute(_STALE, [ISSUED, at])
        orders = cursor.fetchall()
    for order_id, issued_at in orders:
        with transaction.atomic(), in_sets(), connection.cursor() as cursor:
            cursor.execute("SELECT max(at) FROM orders_reachcount WHERE order_id = %s", [order_id])
            row = cursor.fetchone()
            seen = row[0] if row else None
            cursor.execute(_ROLL, {"order": order_id, "on": localdate(issued_at), "at": at})
            cursor.execute("UPDATE orders_order SET rolled_at = %s WHERE id = %s", [seen or at, order_id])
    return len(orders)
