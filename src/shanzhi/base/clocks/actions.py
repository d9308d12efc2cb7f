"""The verbs of clocks, in sets. Each is one statement: rows, their events, and for firings the outbox rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection

from shanzhi.base.clocks.errors import ClockNotInState
from shanzhi.core.kit.ids import uuid7

TOPIC = "clocks"

# Many at a time: one statement a verb. The arrays run in step; `event_ids` are the keys of the events.
_START = """
WITH given AS (
  SELECT * FROM unnest(%(ids)s::uuid[], %(event_ids)s::uuid[], %(areas)s::text[], %(subject_ids)s::uuid[],
    %(names)s::text[], %(ats)s::timestamptz[], %(dues)s::timestamptz[], %(warns)s::timestamptz[])
    AS given (id, event_id, area, subject_id, name, at, due_at, warn_at)
), made AS (
  INSERT INTO clocks_clock (id, area, subject_id, name, started_at, due_at, warn_at, state, next_at)
  SELECT id, area, subject_id, name, at, due_at, warn_at, 'running', least(due_at, warn_at) FROM given
)
INSERT INTO clocks_clockevent (id, area, clock_id, verb, at) SELECT event_id, area, id, 'start', at FROM given
"""
_CHANGE = """
WITH given AS (
  SELECT * FROM unnest(%(event_ids)s::uuid[], %(areas)s::text[], %(subject_ids)s::uuid[], %(names)s::text[],
    %(ats)s::timestamptz[], %(dues)s::timestamptz[], %(warns)s::timestamptz[])
    AS given (event_id, area, subject_id, name, at, due_at, warn_at)
), done AS (
  UPDATE clocks_clock c SET {change} FROM given
  WHERE c.area = given.area AND c.subject_id = given.subject_id AND c.name = given.name AND {state}
  RETURNING given.event_id, c.area, c.id, given.at
)
INSERT INTO clocks_clockevent (id, area, clock_id, verb, at) SELECT event_id, area, id, '{verb}', at FROM done
"""
_STOP = _CHANGE.format(
    verb="stop",
    state="c.state <> 'stopped'",
    change="state = 'stopped', stopped_at = given.at, next_at = NULL",
)
_PAUSE = _CHANGE.format(
    verb="pause", state="c.state = 'running'", change="state = 'paused', paused_at = given.at, next_at = NULL"
)
_RESUME = _CHANGE.format(
    verb="resume",
    state="c.state = 'paused'",
    change="""state = 'running', paused_at = NULL, due_at = given.due_at, warn_at = given.warn_at,
    next_at = CASE WHEN c.breached_at IS NOT NULL THEN NULL
                   WHEN c.warned_at IS NOT NULL THEN given.due_at
                   ELSE least(given.due_at, given.warn_at) END""",
)
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
  {due}
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
_FIRE_DUE = _FIRE.format(
    due="SELECT area, id FROM clocks_clock WHERE next_at <= %(now)s ORDER BY next_at LIMIT %(limit)s "
    "FOR UPDATE SKIP LOCKED"
)
_FIRE_THESE = _FIRE.format(
    due="SELECT area, id FROM clocks_clock WHERE area = %(area)s AND id = ANY(%(ids)s) AND next_at <= %(now)s "
    "ORDER BY id FOR UPDATE"
)
_PREFIX = len("00000000-0000-7")  # of a UUID as text: its time and its version


@dataclass(frozen=True)
class Turn:
    """What one clock is to do at `at`; `due_at` is needed to start and to resume."""

    area: str
    subject_id: UUID
    name: str
    at: datetime
    due_at: datetime | None = None
    warn_at: datetime | None = None


def start(turns: Sequence[Turn]) -> None:
    """Start clocks (计时开始). One of a name may run for a subject: another raises IntegrityError."""
    _change(_START, turns)


def stop(turns: Sequence[Turn]) -> int:
    """Stop clocks for good (计时结束); how many there were."""
    return _change(_STOP, turns)


def pause(turns: Sequence[Turn]) -> None:
    """Let clocks stand still (暂停). Raises ClockNotInState unless all run."""
    if _change(_PAUSE, turns) != len(turns):
        raise ClockNotInState(name=turns[0].name)


def resume(turns: Sequence[Turn]) -> None:
    """Let clocks run on (恢复) with the due times their owner computed. ClockNotInState unless all are paused."""
    if _change(_RESUME, turns) != len(turns):
        raise ClockNotInState(name=turns[0].name)


def _change(sql: str, turns: Sequence[Turn]) -> int:
    if not turns:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(
            sql,
            {
                "ids": [uuid7() for _ in turns], "event_ids": [uuid7() for _ in turns],
                "areas": [turn.area for turn in turns], "subject_ids": [turn.subject_id for turn in turns],
                "names": [turn.name for turn in turns], "ats": [turn.at for turn in turns],
                "dues": [turn.due_at for turn in turns], "warns": [turn.warn_at for turn in turns],
            },
        )  # fmt: skip
        return int(cursor.rowcount)


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


def fire_due(now: datetime, limit: int = 5000) -> int:
    """Fire up to `limit` clocks that warn or are due at `now`; how many fired. Safe beside other workers."""
    with connection.cursor() as cursor:
        prefix = str(uuid7())[:_PREFIX]
        cursor.execute(_FIRE_DUE, {"now": now, "limit": limit, "topic": TOPIC, "prefix": prefix})
        return int(cursor.rowcount)


def fire_these(area: str, clock_ids: Sequence[UUID], now: datetime) -> int:
    """Fire what of these is due at `now`, before they are stopped: what came due between two rounds is not lost."""
    fired = 0
    while clock_ids:
        with connection.cursor() as cursor:
            prefix = str(uuid7())[:_PREFIX]
            given = {"now": now, "area": area, "ids": list(clock_ids), "topic": TOPIC, "prefix": prefix}
            cursor.execute(_FIRE_THESE, given)
            if not cursor.rowcount:
                break
            fired += int(cursor.rowcount)
    return fired
