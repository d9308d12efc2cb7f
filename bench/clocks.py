"""Clocks fired in sets, beside a worker that takes one row at a time, and how late the loop is.

In a database of its own `--clocks` clocks of open cases run, and `--due` of them fall in the same minute: half
warn, half breach, and each firing writes its clock, its event and its outbox row. The peer writes the same three
rows, with FOR UPDATE SKIP LOCKED too, in one prepared statement and one commit a firing. Best of three, taken in
turn. Then `clocks.loop.run` works on the machine's clock beside the relay, as in the worker, while `--due` clocks
fall due evenly over `--seconds`, and once more while they all fall due at one instant (the end of a working day).
Goals: at least 20,000 firings/s in sets; at most 5 s late at `--due` within one minute.
`python bench/clocks.py [--clocks 1000000] [--due 100000] [--seconds 60]`.
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# Not the folder of this file: its http.py must not stand before the standard library's.
sys.path = [str(ROOT / "src"), *(path for path in sys.path if Path(path).resolve() != ROOT / "bench")]

import argparse  # noqa: E402
import os  # noqa: E402
import threading  # noqa: E402
import time  # noqa: E402
from collections.abc import Callable  # noqa: E402
from datetime import UTC, datetime, timedelta  # noqa: E402
from typing import Any  # noqa: E402

import psycopg  # noqa: E402

from shanzhi.core.kit.ids import uuid7  # noqa: E402
from shanzhi.edge.cli import postgres  # noqa: E402

NAME = "shanzhi_bench_clocks"
ROUNDS = 3
SLOTS = 2 * ROUNDS + 2  # ours and the peer's in turn, then the even minute and the one instant
BATCH = 5000
# Ahead of the machine's clock: what the measured rounds leave behind does not disturb the loop.
NOW = datetime.now(UTC).replace(second=0, microsecond=0)
START = NOW + timedelta(days=100)
GOAL_RATE, GOAL_LATE = 20_000, 5.0

# A clock every second or so, made in the order of its start, as the years make them; every slot is strewn over
# the whole table. A clock that has warned already breaches next.
_FILL = """
INSERT INTO clocks_clock (id, area, subject_id, name, started_at, due_at, warn_at, state, next_at, warned_at)
SELECT (overlay(gen_random_uuid()::text PLACING substr(md.made, 1, 8) || '-' || substr(md.made, 9, 4) || '-7'
    FROM 1 FOR 15))::uuid,
  '510107', gen_random_uuid(), 'handle', md.started, md.fires + CASE WHEN n %% 2 = 0 THEN interval '2 days'
    ELSE interval '0' END, md.fires - CASE WHEN n %% 2 = 0 THEN interval '0' ELSE interval '2 days' END, 'running',
  md.fires, CASE WHEN n %% 2 = 1 THEN md.fires - interval '2 days' END
FROM generate_series(1, %(clocks)s) n,
  LATERAL (SELECT (n::bigint * 7919) %% %(clocks)s / %(due)s AS slot, (n::bigint * 104729) %% 60000 AS ms) s,
  LATERAL (SELECT %(now)s::timestamptz - (%(clocks)s - n) * interval '1 second' AS started,
    CASE WHEN s.slot < %(slots)s THEN %(start)s::timestamptz + s.slot * interval '1 minute' + s.ms * interval '1 ms'
         ELSE %(start)s::timestamptz + interval '30 days' + n * interval '1 second' END AS fires) t,
  LATERAL (SELECT lpad(to_hex((extract(epoch FROM t.started) * 1000)::bigint), 12, '0') AS made, t.*) md
"""
_STARTED = """
INSERT INTO clocks_clockevent (id, area, clock_id, verb, at)
SELECT (overlay(gen_random_uuid()::text PLACING substr(id::text, 1, 15) FROM 1 FOR 15))::uuid, area, id, 'start',
  started_at FROM clocks_clock ORDER BY id
"""
# For the loop: the slot falls due from `begin` on, evenly over `seconds` (0: all at one instant).
_MOVE = """
UPDATE clocks_clock SET next_at = moved.at,
  due_at = moved.at + CASE WHEN warned_at IS NULL THEN interval '2 days' ELSE interval '0' END,
  warn_at = CASE WHEN warned_at IS NULL THEN moved.at ELSE warn_at END
FROM (SELECT id, %(begin)s::timestamptz + row_number() OVER (ORDER BY next_at) * %(seconds)s::float8 / %(due)s
        * interval '1 second' AS at
      FROM clocks_clock WHERE next_at >= %(from)s AND next_at < %(to)s) moved
WHERE clocks_clock.id = moved.id
"""
_ONE = """
WITH due AS (
  SELECT area, id FROM clocks_clock WHERE next_at <= %(now)s ORDER BY next_at LIMIT 1 FOR UPDATE SKIP LOCKED
), fired AS (
  UPDATE clocks_clock c SET
    warned_at = CASE WHEN c.warned_at IS NULL AND c.warn_at IS NOT NULL THEN %(now)s ELSE c.warned_at END,
    breached_at = CASE WHEN c.warned_at IS NULL AND c.warn_at IS NOT NULL THEN NULL ELSE %(now)s END,
    next_at = CASE WHEN c.warned_at IS NULL AND c.warn_at IS NOT NULL THEN c.due_at END
  FROM due WHERE c.area = due.area AND c.id = due.id
  RETURNING c.id, c.area, c.subject_id, c.name, CASE WHEN c.breached_at IS NULL THEN 'warn' ELSE 'breach' END AS verb
), told AS (
  INSERT INTO clocks_clockevent (id, area, clock_id, verb, at)
  SELECT %(event_id)s, area, id, verb, %(now)s FROM fired
)
INSERT INTO outbox_outboxrow (id, area, topic, subject_id, event, payload, at)
SELECT %(outbox_id)s, area, 'clocks', subject_id, verb, jsonb_build_object('clock', name), %(now)s FROM fired
"""


def _slot(number: int) -> tuple[datetime, datetime]:
    begin = START + number * timedelta(minutes=1)
    return begin, begin + timedelta(minutes=1)


def _prepare(url: str, clocks: int, due: int) -> None:
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(_FILL, {"clocks": clocks, "due": due, "now": NOW, "start": START, "slots": SLOTS})
        connection.execute(_STARTED)
        connection.execute("VACUUM ANALYZE clocks_clock")
        connection.execute("VACUUM ANALYZE clocks_clockevent")


def _in_sets(url: str, now: datetime, due: int) -> int:
    """Ours: what the loop does with a minute's work."""
    from shanzhi.base.clocks import actions

    fired = 0
    while count := actions.fire_due(now, BATCH):
        fired += count
    if fired != due:
        raise SystemExit(f"{fired} fired instead of {due}")
    return fired


def _one_by_one(url: str, now: datetime, due: int) -> int:
    """The peer: one row a transaction; a fifth of what is due shows its rate."""
    wanted = max(1, due // 5)
    with psycopg.connect(url, autocommit=True, prepare_threshold=0) as connection:
        for _ in range(wanted):
            given = {"now": now, "event_id": uuid7(), "outbox_id": uuid7()}
            if connection.execute(_ONE, given).rowcount != 1:
                raise SystemExit("nothing fired")
    return wanted


def _rate(work: Callable[[str, datetime, int], int], url: str, slot: int, due: int) -> float:
    begun = time.perf_counter()
    fired = work(url, _slot(slot)[1] - timedelta(microseconds=1), due)
    return fired / (time.perf_counter() - begun)


def _lateness(url: str, slot: int, due: int, seconds: float, lead: float) -> tuple[float, float]:
    """The greatest lateness in seconds of an event's `at` and of its commit, the real loop at work."""
    from shanzhi.base.clocks import actions, loop
    from shanzhi.base.outbox import relay
    from shanzhi.core.kit.clock import SystemClock

    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("TRUNCATE outbox_outboxrow")  # the relay has kept up so far
        begin = datetime.now(UTC) + timedelta(seconds=lead)
        begun, ended = _slot(slot)
        moved = connection.execute(
            _MOVE, {"begin": begin, "seconds": seconds, "due": due, "from": begun, "to": ended}
        ).rowcount
        connection.execute("VACUUM ANALYZE clocks_clock")
        if moved != due or datetime.now(UTC) >= begin:
            raise SystemExit(f"{moved} of {due} moved by {datetime.now(UTC) - begin}")
        committed: dict[datetime, datetime] = {}
        fire = actions.fire_due

        def noted(now: datetime, limit: int) -> int:
            count = fire(now, limit)
            committed[now] = datetime.now(UTC)
            return count

        stop = threading.Event()
        setattr(loop, "fire_due", noted)  # noqa: B010
        works: list[tuple[Callable[..., Any], tuple[Any, ...]]] = [
            (loop.run, (stop, SystemClock())), (relay.run, (stop,)),
        ]  # fmt: skip
        threads = [threading.Thread(target=work, args=given) for work, given in works]
        try:
            for thread in threads:
                thread.start()
            end = time.monotonic() + lead + seconds + 120
            wanted = begin + timedelta(seconds=seconds + 1)
            while time.monotonic() < end:
                time.sleep(0.5)
                left = connection.execute(
                    "SELECT EXISTS (SELECT 1 FROM clocks_clock WHERE next_at <= %s)", [wanted]
                ).fetchone()
                if left == (False,):
                    break
        finally:
            stop.set()
            for thread in threads:
                thread.join()
            setattr(loop, "fire_due", fire)  # noqa: B010
        rows = connection.execute(
            "SELECT e.at, count(*), min(CASE e.verb WHEN 'warn' THEN c.warn_at ELSE c.due_at END) "
            "FROM clocks_clockevent e JOIN clocks_clock c ON c.area = e.area AND c.id = e.clock_id "
            "WHERE e.at >= %s AND e.at < %s GROUP BY e.at",
            [begin, NOW + timedelta(days=1)],
        ).fetchall()
    if sum(row[1] for row in rows) != due:
        raise SystemExit(f"{sum(row[1] for row in rows)} fired instead of {due}")
    return (
        max((at - first).total_seconds() for at, _, first in rows),
        max((committed[at] - first).total_seconds() for at, _, first in rows),
    )


def _measure(url: str, clocks: int, due: int, seconds: float) -> None:
    begun = time.perf_counter()
    _prepare(url, clocks, due)
    print(f"{clocks:,} clocks of open cases run ({time.perf_counter() - begun:.0f} s to fill)", flush=True)
    rates: dict[str, list[float]] = {"in sets": [], "one by one": []}
    for turn in range(ROUNDS):
        rates["in sets"].append(_rate(_in_sets, url, 2 * turn, due))
        rates["one by one"].append(_rate(_one_by_one, url, 2 * turn + 1, due))
        _in_sets(url, _slot(2 * turn + 1)[1] - timedelta(microseconds=1), due - max(1, due // 5))
    best = {name: max(found) for name, found in rates.items()}
    print(f"\n{due:,} due in one minute, event and outbox row each, best of {ROUNDS}")
    print(f"{'':<14}{'firings/s':>12}{'ratio':>9}   all runs")
    for name, found in rates.items():
        runs = " ".join(f"{rate:,.0f}" for rate in found)
        print(f"{name:<14}{best[name]:>12,.0f}{best[name] / best['one by one']:>8.1f}x   {runs}")
    print(f"goal {GOAL_RATE:,}/s: {'met' if best['in sets'] >= GOAL_RATE else 'MISSED'}")
    lead = 5 + clocks / 40_000  # to move the slot and to vacuum
    print(f"\nlateness of the loop beside the relay, {due:,} due", flush=True)
    print(f"{'':<24}{'due/s':>10}{'event s':>10}{'commit s':>10}")
    event, commit = _lateness(url, SLOTS - 2, due, seconds, lead)
    print(
        f"{f'evenly over {seconds:g} s':<24}{due / seconds:>10,.0f}{event:>10.2f}{commit:>10.2f}", flush=True
    )
    print(f"goal {GOAL_LATE:g} s: {'met' if commit <= GOAL_LATE else 'MISSED'}", flush=True)
    event, commit = _lateness(url, SLOTS - 1, due, 0, lead)
    print(f"{'all at one instant':<24}{'-':>10}{event:>10.2f}{commit:>10.2f}")


def _drop(owner: str) -> None:
    """Drop the database; a vacuum of the server's own may be at work in it, which only waiting gets rid of."""
    with psycopg.connect(owner, autocommit=True) as connection:
        for last in (*[False] * 30, True):
            try:
                connection.execute(f"DROP DATABASE IF EXISTS {NAME} WITH (FORCE)")
                return
            except psycopg.Error:
                if last:
                    raise
                time.sleep(1)


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--clocks", type=int, default=1_000_000)
    options.add_argument("--due", type=int, default=100_000)
    options.add_argument("--seconds", type=float, default=60)
    chosen = options.parse_args()
    if chosen.due < 1 or chosen.clocks < SLOTS * chosen.due or chosen.clocks % 7919 == 0:
        options.error(f"--clocks must be at least {SLOTS} times --due, and no multiple of 7919")
    given = os.environ.get("DATABASE_URL")
    was_running = postgres.is_alive(ROOT)
    owner = given or postgres.ensure_running(ROOT).owner_url
    head, _, rest = owner.partition("?")
    url = f"{head.rsplit('/', 1)[0]}/{NAME}" + (f"?{rest}" if rest else "")
    os.environ |= {"DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "shanzhi.edge.settings"}
    _drop(owner)
    with psycopg.connect(owner, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {NAME}")
    import django
    from django.db import connections

    try:
        django.setup()
        _measure(url, chosen.clocks, chosen.due, chosen.seconds)
    finally:
        connections.close_all()
        _drop(owner)
        if not was_running and not given:
            postgres.stop(ROOT)


if __name__ == "__main__":
    main()
