"""The relay (中继): numbers outbox rows after their commit and wakes whoever listens.

One relay works at a time: an advisory lock of its session sees to that, and goes with the session when the
process is killed. Rows are numbered in batches by one statement; since nobody else gives numbers, and a batch is
committed whole, a number that can be seen has no gap below it that will be filled later.
"""

import json
import logging
import threading
import time
from dataclasses import dataclass, field

from django.db import connection, transaction
from django.db.utils import InterfaceError, OperationalError

LOCK = 0x6F757462  # "outb"
CHANNEL = "shanzhi_outbox"
BATCH = 5000
POLL_SECONDS = 0.05
NOTIFY_SECONDS = 0.1

log = logging.getLogger("shanzhi.outbox")

_NUMBER = """
WITH start AS (
  SELECT coalesce(max(number), 0) AS number FROM outbox_outboxrow WHERE number IS NOT NULL
), batch AS (
  SELECT id, row_number() OVER (ORDER BY id) AS position
  FROM (SELECT id FROM outbox_outboxrow WHERE number IS NULL ORDER BY id LIMIT %s FOR UPDATE) waiting
)
UPDATE outbox_outboxrow SET number = start.number + batch.position
FROM batch, start WHERE outbox_outboxrow.id = batch.id
RETURNING outbox_outboxrow.topic, outbox_outboxrow.number
"""


def number_waiting(limit: int = BATCH) -> dict[str, int]:
    """Number up to `limit` committed rows; the highest new number of each topic. Caller holds the lock."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_NUMBER, [limit])
        numbers: dict[str, int] = {}
        for topic, number in cursor.fetchall():
            numbers[topic] = max(number, numbers.get(topic, 0))
        return numbers


def take_lock() -> bool:
    """Become the relay, unless another session is."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [LOCK])
        return bool(cursor.fetchone()[0])


def release_lock() -> None:
    """Stop being the relay."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK])


def notify(numbers: dict[str, int]) -> None:
    """Wake the listeners with the newest number of each topic."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, %s)", [CHANNEL, json.dumps(numbers)])


@dataclass
class _Bell:
    """Rings at most once in NOTIFY_SECONDS; what comes in between rings together."""

    pending: dict[str, int] = field(default_factory=dict)
    rung: float = 0.0

    def add(self, numbers: dict[str, int]) -> None:
        self.pending.update(numbers)

    def ring(self, now: float) -> None:
        if self.pending and now - self.rung >= NOTIFY_SECONDS:
            notify(self.pending)
            self.pending, self.rung = {}, now


def run(stop: threading.Event) -> None:
    """Relay until `stop`; after a broken connection, connect again."""
    bell, holds = _Bell(), False
    while not stop.is_set():
        try:
            holds = holds or take_lock()
            numbers = number_waiting() if holds else {}
            bell.add(numbers)
            bell.ring(time.monotonic())
            stop.wait(POLL_SECONDS if holds else 1.0)
        except (OperationalError, InterfaceError) as error:
            log.warning("relay lost its connection: %s", type(error).__name__)
            connection.close()
            holds = False
            stop.wait(0.5)
    if holds:
        release_lock()
    connection.close()
