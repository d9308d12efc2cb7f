"""The verbs of clocks. Each is one statement: the row, its event, and for firings the outbox row."""

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
# Due clocks in one set: the row, its event and its outbox row stand or fall together. A warning that was slept
# through is told at once with the breach: first the one, then the other, in two rounds.
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
  SELECT gen_random_uuid(), area, id, verb, %(now)s FROM fired
)
INSERT INTO outbox_outboxrow (id, area, topic, subject_id, event, payload, at)
SELECT gen_random_uuid(), area, %(topic)s, subject_id, verb, jsonb_build_object('clock', name), %(now)s FROM fired
"""


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


def _change(sql: str, **params: object) -> int:
    with connection.cursor() as cursor:
        cursor.execute(sql, {**params, "event_id": uuid7()})
        return int(cursor.rowcount)


def fire_due(now: datetime, limit: int = 5000) -> int:
    """Fire up to `limit` clocks that warn or are due at `now`; how many fired. Safe beside other workers."""
    with connection.cursor() as cursor:
        cursor.execute(_FIRE, {"now": now, "limit": limit, "topic": TOPIC})
        return int(cursor.rowcount)
