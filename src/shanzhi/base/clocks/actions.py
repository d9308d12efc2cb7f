"""The verbs of clocks. Each is one statement: the row, its event, and for firings the outbox row."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection

from shanzhi.base.clocks.errors import ClockNotInState
from shanzhi.core.kit.ids import uuid7

TOPIC = "clocks"

_START = """
WITH made AS (
  INSERT INTO clocks_clock (id, area, subject_id, name, started_at, due_at, warn_at, state, next_at)
  VALUES (%(id)s, %(area)s, %(subject_id)s, %(name)s, %(at)s, %(due_at)s, %(warn_at)s, 'running',
    least(%(due_at)s, %(warn_at)s))
  RETURNING id, area
)
INSERT INTO clocks_clockevent (id, area, clock_id, verb, at) SELECT %(event_id)s, area, id, 'start', %(at)s FROM made
"""
_STOP = """
WITH done AS (
  UPDATE clocks_clock SET state = 'stopped', stopped_at = %(at)s, next_at = NULL
  WHERE area = %(area)s AND subject_id = %(subject_id)s AND name = %(name)s AND state <> 'stopped'
  RETURNING id, area
)
INSERT INTO clocks_clockevent (id, area, clock_id, verb, at) SELECT %(event_id)s, area, id, 'stop', %(at)s FROM done
"""
_PAUSE = """
WITH done AS (
  UPDATE clocks_clock SET state = 'paused', paused_at = %(at)s, next_at = NULL
  WHERE area = %(area)s AND subject_id = %(subject_id)s AND name = %(name)s AND state = 'running'
  RETURNING id, area
)
INSERT INTO clocks_clockevent (id, area, clock_id, verb, at) SELECT %(event_id)s, area, id, 'pause', %(at)s FROM done
"""
_RESUME = """
WITH done AS (
  UPDATE clocks_clock SET state = 'running', paused_at = NULL, due_at = %(due_at)s, warn_at = %(warn_at)s,
    next_at = CASE WHEN breached_at IS NOT NULL THEN NULL
                   WHEN warned_at IS NOT NULL THEN %(due_at)s
                   ELSE least(%(due_at)s, %(warn_at)s) END
  WHERE area = %(area)s AND subject_id = %(subject_id)s AND name = %(name)s AND state = 'paused'
  RETURNING id, area
)
INSERT INTO clocks_clockevent (id, area, clock_id, verb, at) SELECT %(event_id)s, area, id, 'resume', %(at)s FROM done
"""
# A breach is taken back, and a warning is to come again, when what they told of lies ahead now. What has happened
# stays in the events.
_RECOMPUTE = """
WITH given AS (
  SELECT * FROM unnest(%(areas)s::text[], %(ids)s::uuid[], %(dues)s::timestamptz[], %(warns)s::timestamptz[])
    AS given (area, id, due_at, warn_at)
), done AS (
  UPDATE clocks_clock c SET due_at = given.due_at, warn_at = given.warn_at,
    breached_at = CASE WHEN given.due_at <= %(at)s THEN c.breached_at END,
    warned_at = CASE WHEN coalesce(given.warn_at, given.due_at) <= %(at)s THEN c.warned_at END,
    next_at = CASE
      WHEN c.breached_at IS NOT NULL AND given.due_at <= %(at)s THEN NULL
      WHEN c.warned_at IS NOT NULL AND coalesce(given.warn_at, given.due_at) <= %(at)s THEN given.due_at
      ELSE least(given.due_at, given.warn_at) END
  FROM given WHERE c.area = given.area AND c.id = given.id AND c.state = 'running'
  RETURNING c.id, c.area
)
INSERT INTO clocks_clockevent (id, area, clock_id, verb, at)
SELECT overlay(gen_random_uuid()::text PLACING %(prefix)s FROM 1)::uuid, area, id, 'recompute', %(at)s FROM done
"""
# Due clocks in one set: the row, its event and its outbox row stand or fall together. A warning that was slept
# through is told at once with the breach: first the one, then the other, in two rounds. The new keys are UUIDs of
# version 7 like everywhere (the database's own are random, which scatters the indexes and lets the relay number a
# breach before its warning): one time for the set, the rest random.
_FIRE = """
WITH due AS (
  SELECT area, id FROM clocks_clock WHERE next_at <= %(now)s ORDER BY next_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED
), fired AS (
  UPDATE clocks_clock c SET
    warned_at = CASE WHEN c.warned_at IS NULL AND c.warn_at IS NOT NULL THEN %(now)s ELSE c.warned_at END,
    breached_at = CASE WHEN c.warned_at IS NULL AND c.warn_at IS NOT NULL THEN NULL ELSE %(now)s END,
    next_at = CASE WHEN c.warned_at IS NULL AND c.warn_at IS NOT NULL THEN c.due_at END
  FROM due WHERE c.area = due.area AND c.id = due.id
  RETURNING c.id, c.area, c.subject_id, c.name, CASE WHEN c.breached_at IS NULL THEN 'warn' ELSE 'breach' END AS verb
), told AS (
  INSERT INTO clocks_clockevent (id, area, clock_id, verb, at)
  SELECT overlay(gen_random_uuid()::text PLACING %(prefix)s FROM 1)::uuid, area, id, verb, %(now)s FROM fired
)
INSERT INTO outbox_outboxrow (id, area, topic, subject_id, event, payload, at)
SELECT overlay(gen_random_uuid()::text PLACING %(prefix)s FROM 1)::uuid, area, %(topic)s, subject_id, verb,
  jsonb_build_object('clock', name), %(now)s FROM fired
"""
_PREFIX = len("00000000-0000-7")  # of a UUID as text: its time and its version


def start(
    *,
    area: str,
    subject_id: UUID,
    name: str,
    due_at: datetime,
    started_at: datetime,
    warn_at: datetime | None = None,
) -> None:
    """Start a clock (计时开始). One of a name may run for a subject: another raises IntegrityError."""
    with connection.cursor() as cursor:
        cursor.execute(
            _START,
            {
                "id": uuid7(), "event_id": uuid7(), "area": area, "subject_id": subject_id, "name": name,
                "at": started_at, "due_at": due_at, "warn_at": warn_at,
            },
        )  # fmt: skip


def stop(*, area: str, subject_id: UUID, name: str, at: datetime) -> bool:
    """Stop a clock for good (计时结束); False when none of the name was there."""
    return _change(_STOP, area=area, subject_id=subject_id, name=name, at=at) == 1


def pause(*, area: str, subject_id: UUID, name: str, at: datetime) -> None:
    """Let a clock stand still (暂停). Raises ClockNotInState unless it runs."""
    if _change(_PAUSE, area=area, subject_id=subject_id, name=name, at=at) != 1:
        raise ClockNotInState(name=name)


def resume(
    *, area: str, subject_id: UUID, name: str, at: datetime, due_at: datetime, warn_at: datetime | None = None
) -> None:
    """Let a clock run on (恢复) with the due time its owner computed. Raises ClockNotInState unless paused."""
    moved = _change(
        _RESUME, area=area, subject_id=subject_id, name=name, at=at, due_at=due_at, warn_at=warn_at
    )
    if moved != 1:
        raise ClockNotInState(name=name)


@dataclass(frozen=True)
class Moved:
    """The due time that a running clock should have."""

    area: str
    clock_id: UUID
    due_at: datetime
    warn_at: datetime | None


def recompute(moved: Sequence[Moved], at: datetime) -> int:
    """Give running clocks other due times in one set (重算); how many. The caller holds their locks.

    Whoever was overdue stays so, unless the new due time lies after `at`: then the clock runs on, and warns and
    breaches again. A new due time that has passed already fires with the next round.
    """
    if not moved:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(
            _RECOMPUTE,
            {
                "areas": [one.area for one in moved], "ids": [one.clock_id for one in moved],
                "dues": [one.due_at for one in moved], "warns": [one.warn_at for one in moved],
                "at": at, "prefix": str(uuid7())[:_PREFIX],
            },
        )  # fmt: skip
        return int(cursor.rowcount)


def _change(sql: str, **params: object) -> int:
    with connection.cursor() as cursor:
        cursor.execute(sql, {**params, "event_id": uuid7()})
        return int(cursor.rowcount)


def fire_due(now: datetime, limit: int = 5000) -> int:
    """Fire up to `limit` clocks that warn or are due at `now`; how many fired. Safe beside other workers."""
    with connection.cursor() as cursor:
        prefix = str(uuid7())[:_PREFIX]
        cursor.execute(_FIRE, {"now": now, "limit": limit, "topic": TOPIC, "prefix": prefix})
        return int(cursor.rowcount)
