"""Folding (汇总回执): receipts into recipients, and a line of the reach curve; in sets, again and again the same.

What a recipient is follows from all receipts of that recipient, in whatever order they came: each instant is the
earliest of its answer or of one that stands for it (who answers 收到 has been reached; who cannot has not worked); of
done and cannot the last word counts. Whom to look at is found by `written`, the transaction that wrote a receipt.
"""

import logging
import threading
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.utils import InterfaceError, OperationalError

from shanzhi.core.kit.clock import Clock

LOCK = 0x666F6C64  # "fold"
POLL_SECONDS = 1.0
COUNT_SECONDS = 2

log = logging.getLogger("shanzhi.orders")

_SNAPSHOT = """
SELECT pg_snapshot_xmin(now.it)::text::bigint, pg_snapshot_xmax(now.it)::text::bigint,
  coalesce((SELECT written FROM orders_foldmark WHERE id = 1), 0)
FROM (SELECT pg_current_snapshot() AS it) now
"""
_FOLD = """
WITH touched AS (
  {touched}
), said AS (
  SELECT t.area, t.recipient_id,
    min(happened_at) AS delivered_at,
    min(happened_at) FILTER (WHERE answer <> 'delivered') AS read_at,
    min(happened_at) FILTER (WHERE answer NOT IN ('delivered', 'read')) AS acknowledged_at,
    min(happened_at) FILTER (WHERE answer IN ('working', 'done')) AS working_at,
    min(happened_at) FILTER (WHERE answer = 'done') AS done_at,
    min(happened_at) FILTER (WHERE answer = 'cannot') AS cannot_at,
    max(happened_at) FILTER (WHERE answer = 'done') AS done_last,
    max(happened_at) FILTER (WHERE answer = 'cannot') AS cannot_last
  FROM touched t JOIN orders_receipt e ON e.area = t.area AND e.recipient_id = t.recipient_id
  GROUP BY t.area, t.recipient_id
), new AS (
  SELECT r.area, r.id, least(r.sent_at, s.delivered_at) AS sent_at,
    least(r.delivered_at, s.delivered_at) AS delivered_at, least(r.read_at, s.read_at) AS read_at,
    least(r.acknowledged_at, s.acknowledged_at) AS acknowledged_at,
    least(r.working_at, s.working_at) AS working_at, least(r.done_at, s.done_at) AS done_at,
    least(r.cannot_at, s.cannot_at) AS cannot_at,
    CASE
      WHEN s.cannot_last >= coalesce(s.done_last, s.cannot_last) THEN 'cannot'
      WHEN s.done_last IS NOT NULL THEN 'done'
      WHEN s.working_at IS NOT NULL THEN 'working'
      WHEN s.acknowledged_at IS NOT NULL THEN 'acknowledged'
      WHEN s.read_at IS NOT NULL THEN 'read'
      ELSE 'delivered'
    END AS state
  FROM said s JOIN orders_recipient r ON r.area = s.area AND r.id = s.recipient_id
)
UPDATE orders_recipient r SET state = new.state, sent_at = new.sent_at, delivered_at = new.delivered_at,
  read_at = new.read_at, acknowledged_at = new.acknowledged_at, working_at = new.working_at,
  done_at = new.done_at, cannot_at = new.cannot_at
FROM new
WHERE r.area = new.area AND r.id = new.id AND (
  r.state, r.sent_at, r.delivered_at, r.read_at, r.acknowledged_at, r.working_at, r.done_at, r.cannot_at
) IS DISTINCT FROM (
  new.state, new.sent_at, new.delivered_at, new.read_at, new.acknowledged_at, new.working_at, new.done_at,
  new.cannot_at
)
RETURNING r.order_id
"""
# Nothing live is written at or beyond the end of the snapshot that reads it: what is there was restored.
_SINCE = "SELECT DISTINCT area, recipient_id FROM orders_receipt WHERE written >= %(mark)s::text::xid8"
_ALL = _FOLD.format(touched=_SINCE)
_LIVE = _FOLD.format(touched=f"{_SINCE} AND written < pg_snapshot_xmax(pg_current_snapshot())")
# Those of one order that do not show what their receipts say, whatever the mark is.
_UNFOLDED = """
SELECT DISTINCT r.area, r.id AS recipient_id FROM orders_recipient r
JOIN orders_receipt e ON e.area = r.area AND e.recipient_id = r.id AND e.received_at <= %(before)s
WHERE r.order_id = %(order)s AND CASE e.answer
  WHEN 'delivered' THEN r.delivered_at IS NULL WHEN 'read' THEN r.read_at IS NULL
  WHEN 'working' THEN r.working_at IS NULL WHEN 'done' THEN r.done_at IS NULL
  WHEN 'cannot' THEN r.cannot_at IS NULL ELSE r.acknowledged_at IS NULL END
"""
_MEND = _FOLD.format(touched=_UNFOLDED)
# What came in a second is little beside the tables; right after an order the server knows nothing of them.
_BY_INDEX = (
    "SET LOCAL enable_seqscan = off; SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off"
)
_MARK = """
INSERT INTO orders_foldmark (id, written) VALUES (1, %s)
ON CONFLICT (id) DO UPDATE SET written = excluded.written WHERE orders_foldmark.written <> excluded.written
"""
_COUNT = """
WITH found AS (
  SELECT order_id, count(*) AS people, count(sent_at) AS sent, count(delivered_at) AS delivered,
    count(acknowledged_at) AS acknowledged, count(working_at) AS working,
    count(*) FILTER (WHERE state = 'done') AS done,
    count(*) FILTER (WHERE state = 'cannot') AS cannot
  FROM orders_recipient WHERE order_id = ANY(%(orders)s::uuid[]) AND standing = 'own' GROUP BY order_id
), again AS (
  UPDATE orders_reachcount c SET at = %(at)s, people = f.people, sent = f.sent, delivered = f.delivered,
    acknowledged = f.acknowledged, working = f.working, done = f.done, cannot = f.cannot
  FROM found f WHERE c.order_id = f.order_id AND c.at >= %(since)s AND c.at <= %(at)s RETURNING c.order_id
)
INSERT INTO orders_reachcount (order_id, at, people, sent, delivered, acknowledged, working, done, cannot)
SELECT order_id, %(at)s, people, sent, delivered, acknowledged, working, done, cannot
FROM found WHERE order_id NOT IN (SELECT order_id FROM again)
"""


def fold(at: datetime, *, restored: bool = True) -> int:
    """Fold what came since the last time (汇总); how many recipients changed. One folder works at a time.

    The mark moves to the oldest transaction that ran before the reading began, so that what commits late is read
    the next time. A mark beyond the end of this server's transactions is another server's: all is folded anew.
    Without `restored`, receipts that another server wrote are passed over (they would be read each time).
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])
        if not cursor.fetchone()[0]:
            return 0
        cursor.execute(_SNAPSHOT)
        oldest, end, mark = cursor.fetchone()
        if mark > end:
            mark, restored = 0, True
        if not restored:
            cursor.execute(_BY_INDEX)
        cursor.execute(_ALL if restored else _LIVE, {"mark": mark})
        changed = [row[0] for row in cursor.fetchall()]
        cursor.execute(_MARK, [oldest])
        if changed:
            _count(cursor, sorted(set(changed)), at)
        return len(changed)


def unfolded(order_id: UUID, before: datetime) -> int:
    """How many people of an order do not show what their receipts that came by then say: none is well."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM ({_UNFOLDED}) unfolded", {"order": order_id, "before": before})
        return int(cursor.fetchone()[0])


def mend(order_id: UUID, before: datetime, at: datetime) -> int:
    """Fold those of one order that were passed over, and count its people anew; how many it put right."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        cursor.execute(_MEND, {"order": order_id, "before": before})
        changed = len(cursor.fetchall())
        _count(cursor, [order_id], at)
        return changed


def _count(cursor: Any, orders: Sequence[UUID], at: datetime) -> None:
    """A line of the curve for each order; within two seconds it is the same line, with the newest numbers."""
    since = datetime.fromtimestamp(at.timestamp() // COUNT_SECONDS * COUNT_SECONDS, UTC)
    cursor.execute(_COUNT, {"orders": list(orders), "at": at, "since": since})


def run(stop: threading.Event, clock: Clock) -> None:
    """Fold every second until `stop`; after a broken connection, connect again and look at everything."""
    restored = True
    while not stop.is_set():
        try:
            fold(clock.now(), restored=restored)
            restored = False
            stop.wait(POLL_SECONDS)
        except (OperationalError, InterfaceError) as error:
            log.warning("folding lost its connection: %s", type(error).__name__)
            connection.close()
            restored = True
            stop.wait(0.5)
    connection.close()
