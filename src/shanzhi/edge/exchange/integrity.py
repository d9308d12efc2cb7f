"""Whether a replay lost or doubled anything (完整性核对)."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import UUID

from django.db import connection

from shanzhi.base.audit.queries import verify

_EVENTS = """
SELECT count(*), count(DISTINCT id), count(*) FILTER (WHERE broken) FROM (
  SELECT id, sequence <> row_number() OVER (PARTITION BY case_id ORDER BY sequence)
    OR from_state <> coalesce(lag(to_state) OVER (PARTITION BY case_id ORDER BY sequence), '') AS broken
  FROM cases_caseevent WHERE area = %s
) told
"""
_CASES = """
SELECT count(*), count(*) FILTER (WHERE c.version <> e.last OR c.state <> e.state) FROM cases_case c
JOIN LATERAL (
  SELECT sequence AS last, to_state AS state FROM cases_caseevent
  WHERE area = c.area AND case_id = c.id ORDER BY sequence DESC LIMIT 1
) e ON true WHERE c.area = %s
"""
_CLOCKS = """
SELECT count(*) FROM (
  SELECT clock_id, verb FROM clocks_clockevent WHERE area = %s AND verb IN ('start', 'stop')
  GROUP BY clock_id, verb HAVING count(*) > 1
) doubled
"""
_TOLD = "SELECT count(*) FROM outbox_outboxrow WHERE area = %s AND topic = 'cases'"
_SOME = 20


def check(area: str, expected: set[UUID], journal: Path | None) -> dict[str, Any]:
    """Compare what should be there with what is: plain data; `problems` is 0 when nothing is amiss.

    Every report once; the events of a case numbered without a gap, each from where the last one led; the case as its
    last event says; one row of news an event; every acknowledged id of the journal there; every seal right.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM cases_case WHERE area = %s", [area])
        cases = {case_id for (case_id,) in cursor.fetchall()}
        cursor.execute(_EVENTS, [area])
        events, distinct, broken = cursor.fetchone()
        cursor.execute(_CASES, [area])
        joined, differing = cursor.fetchone()
        cursor.execute(_CLOCKS, [area])
        (doubled_clocks,) = cursor.fetchone()
        cursor.execute(_TOLD, [area])
        (told,) = cursor.fetchone()
        acknowledged, lost = _journal(cursor, area, journal, cases)
    seals = verify()
    found = {
        "reports": len(expected),
        "reports_missing": len(expected - cases),
        "reports_too_many": len(cases - expected),
        "events": events,
        "events_doubled": events - distinct,
        "events_out_of_order": broken,
        "cases_unlike_their_events": differing + len(cases) - joined,
        "news_missing": events - told,
        "clocks_doubled": doubled_clocks,
        "acknowledged": acknowledged,
        "acknowledged_missing": lost,
        "sealed": seals.sealed,
        "unsealed": seals.unsealed,
        "seal_problems": seals.problems[:_SOME],
    }
    wrong = [
        "reports_missing", "reports_too_many", "events_doubled", "events_out_of_order",
        "cases_unlike_their_events", "news_missing", "clocks_doubled", "acknowledged_missing", "unsealed",
    ]  # fmt: skip
    return {**found, "problems": sum(abs(found[name]) for name in wrong) + len(seals.problems)}


def _journal(cursor: Any, area: str, journal: Path | None, cases: set[UUID]) -> tuple[int, int]:
    if journal is None or not journal.exists():
        return 0, 0
    cursor.execute("SELECT id FROM cases_caseevent WHERE area = %s", [area])
    there = {event_id for (event_id,) in cursor.fetchall()} | cases
    # The last line of a process that was killed may be cut off: it was not acknowledged in full.
    lines = [line for line in journal.read_text("ascii").splitlines() if len(line) == 36]
    return len(lines), sum(UUID(line) not in there for line in lines)


def sentence(found: dict[str, Any]) -> str:
    """What was found, in two languages."""
    if not found["problems"]:
        return (
            f"完整：{found['events']:,} 个步骤无缺失、无重复，{found['sealed']:,} 行封存无误。\n"
            f"Whole: {found['events']:,} steps, none missing, none doubled; {found['sealed']:,} rows sealed."
        )
    wrong = {name: value for name, value in found.items() if value and name not in ("reports", "events")}
    return f"不完整 / not whole: {wrong}"
