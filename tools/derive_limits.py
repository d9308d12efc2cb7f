"""Learn a city's rule table of limits from a file of its reports: `packs/replay/NAME_limits.yaml`.

`python tools/derive_limits.py FILE --map NAME [--until 2011-10] [--write PATH]`. Without `--write` the table goes
to standard output; the shares go to standard error. `--until` leaves out the months from then on, to see how
the rules do on months they were not learned from.

Method. For each type the amounts that lead from opening to target are counted, for each candidate unit, and
the pair (amount, unit) that explains most rows is the type's limit: working days counted by date, calendar
days, then emergency hours and (where days explain less than half) working hours. On a tie the earlier unit, then
the smaller amount. From when working days count (`Start`) is one choice for the whole city, among all eight, by
the share of all rows that it explains; on a tie the simplest. A type with fewer than MINIMUM rows gets no limit.
Nothing looks at single rows, so the same file gives the same table.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import timedelta
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from shanzhi.core.worktime import Calendar, Limit, Unit, due_at, elapsed
from shanzhi.edge.exchange.feeds import Report, load_mapping, read_feed
from shanzhi.edge.exchange.target_rules import (
    Start,
    TargetRules,
    derive,
    load_calendar,
    matches,
    wall_seconds,
    working_dates,
)

MINIMUM = 3
TOLERANCE_SECONDS = 60
# No published limit is longer; a farther target is a slip of the pen (a year 2059, an empty date of 1970).
LONGEST_DAYS = 3650
_ORDER = [Unit.working_day, Unit.calendar_day, Unit.emergency_hour, Unit.working_hour]
Choice = tuple[Unit, int]


def learn(reports: Sequence[Report], calendar: Calendar) -> tuple[TargetRules, dict[str, tuple[int, float]]]:
    """The rule table that explains most targets, and for each type its rows and the share explained."""
    rows = [
        report
        for report in reports
        if report.target_at is not None
        and timedelta(0) <= report.target_at - report.opened_at <= timedelta(days=LONGEST_DAYS)
    ]
    plain = _plain_amounts(rows)
    best: tuple[int, TargetRules, dict[str, tuple[int, float]]] | None = None
    # The simplest comes first and stays on a tie: nothing rolls to opening or closing hours, holidays count off.
    for after, before, skip in product((False, True), (False, True), (True, False)):
        start = Start(after_closing=after, before_opening=before, skip_days_off=skip)
        rules, evidence, explained = _choose(rows, plain, calendar, start)
        if best is None or explained > best[0]:
            best = explained, rules, evidence
    assert best is not None
    return best[1], best[2]


def _plain_amounts(rows: Sequence[Report]) -> list[list[Choice]]:
    """Calendar days and emergency hours that lead from opening to target, for each row."""
    found: list[list[Choice]] = []
    for report in rows:
        assert report.target_at is not None
        wall = wall_seconds(report.target_at) - wall_seconds(report.opened_at)
        # Real time, not wall clock: an emergency hour runs through a change of the clocks.
        real = round(report.target_at.timestamp() - report.opened_at.timestamp())
        choices: list[Choice] = []
        for unit, length, seconds in ((Unit.calendar_day, 86_400, wall), (Unit.emergency_hour, 3600, real)):
            amount = (seconds + length // 2) // length
            if amount > 0 and abs(seconds - amount * length) <= TOLERANCE_SECONDS:
                choices.append((unit, amount))
        found.append(choices)
    return found


def _choose(
    rows: Sequence[Report], plain: list[list[Choice]], calendar: Calendar, start: Start
) -> tuple[TargetRules, dict[str, tuple[int, float]], int]:
    votes: dict[str, Counter[Choice]] = defaultdict(Counter)
    by_type: dict[str, list[Report]] = defaultdict(list)
    days = _working_days(rows, calendar, start)
    for report, choices, amount in zip(rows, plain, days, strict=True):
        by_type[report.type].append(report)
        votes[report.type].update(choices)
        if amount >= 0:
            votes[report.type][Unit.working_day, amount] += 1
    limits: dict[str, Limit] = {}
    evidence: dict[str, tuple[int, float]] = {}
    explained = 0
    for kind in sorted(by_type):
        count, own = len(by_type[kind]), votes[kind]
        if count < MINIMUM:
            continue
        if max(own.values(), default=0) * 2 < count:
            own.update(_working_hours(by_type[kind], calendar))
        if not own:
            continue
        unit, amount = min(own, key=lambda choice: (-own[choice], _ORDER.index(choice[0]), choice[1]))
        limits[kind] = Limit(amount, unit)
        evidence[kind] = (count, own[unit, amount] / count)
        explained += own[unit, amount]
    return TargetRules(start, limits, TOLERANCE_SECONDS), evidence, explained


def _working_days(rows: Sequence[Report], calendar: Calendar, start: Start) -> list[int]:
    if not rows:
        return []
    opened = np.array([wall_seconds(report.opened_at) for report in rows], np.int64)
    targets = np.array([wall_seconds(report.target_at) for report in rows if report.target_at], np.int64)
    table = working_dates(calendar, start, opened, LONGEST_DAYS // 7 + 1)
    return table.amounts(opened, targets, TOLERANCE_SECONDS).tolist()


def _working_hours(rows: Sequence[Report], calendar: Calendar) -> Counter[Choice]:
    """Whole working hours, as the core counts them, that lead from opening to target."""
    found: Counter[Choice] = Counter()
    for report in rows:
        assert report.target_at is not None
        worked = elapsed(calendar, report.opened_at, report.target_at, Unit.working_hour)
        amount = round(worked / timedelta(hours=1))
        if amount > 0:
            due = due_at(calendar, report.opened_at, Limit(amount, Unit.working_hour)).astimezone(
                calendar.zone()
            )
            found[Unit.working_hour, amount] += matches(due, report.target_at, TOLERANCE_SECONDS)
    return +found


def reproduced(rules: TargetRules, calendar: Calendar, reports: Sequence[Report]) -> float | None:
    """The share of reports with a target whose target the rules reproduce; None without any."""
    rows = [report for report in reports if report.target_at is not None]
    good = sum(
        matches(due, report.target_at, rules.tolerance_seconds)
        for report, due in zip(rows, derive(rules, calendar, rows), strict=True)
        if report.target_at is not None
    )
    return good / len(rows) if rows else None


def as_yaml(rules: TargetRules, evidence: dict[str, tuple[int, float]], name: str) -> str:
    """The rule table as a data file; `rows` and `share` are what each limit was learned from."""
    head = (
        f"# Limits per type of {name}, learned by tools/derive_limits.py from opening and target times.\n"
        "# amount, unit: the limit; rows: reports of the type with a target; share: part of them it explains.\n"
        "# working_day counts dates and keeps the wall clock; a report on a day off counts from the next working\n"
        "# day. after_closing: from closing time on it counts from the next working day's opening.\n"
        "# before_opening: likewise from the same day's opening. skip_days_off: holidays do not count as days.\n"
    )
    setting: dict[str, Any] = {"tolerance_seconds": rules.tolerance_seconds, "start": vars(rules.start)}
    lines = [head + yaml.safe_dump(setting, sort_keys=False) + "limits:"]
    for kind, limit in rules.limits.items():
        rows, part = evidence[kind]
        label = yaml.safe_dump(kind, default_style='"', width=1000, allow_unicode=True).strip()
        lines.append(
            f"  - {{type: {label}, amount: {limit.amount:g}, unit: {limit.unit.value}, "
            f"rows: {rows}, share: {part:.3f}}}"
        )
    return "\n".join(lines) + "\n"


def main(arguments: list[str] | None = None) -> int:
    """Learn, report the shares, write."""
    parser = argparse.ArgumentParser(description="learn limits per type from a file")
    parser.add_argument("file", type=Path)
    parser.add_argument("--map", required=True)
    parser.add_argument("--until", help="YYYY-MM: learn only from rows opened before this month")
    parser.add_argument("--write", type=Path)
    options = parser.parse_args(arguments)
    folder = Path(__file__).resolve().parent.parent / "packs" / "replay"
    feed = read_feed(options.file, load_mapping(folder, options.map))
    calendar = load_calendar(folder / f"{options.map}_calendar.yaml")
    until = options.until or "9999"
    known = [report for report in feed.reports if f"{report.opened_at:%Y-%m}" < until]
    held_out = [report for report in feed.reports if f"{report.opened_at:%Y-%m}" >= until]
    rules, evidence = learn(known, calendar)
    for name, rows in (("learned from", known), ("held out", held_out)):
        part = reproduced(rules, calendar, rows)
        print(f"{name}: {'–' if part is None else f'{part:.4f}'} of targets", file=sys.stderr)
    text = as_yaml(rules, evidence, feed.mapping.name_en)
    if options.write:
        options.write.write_text(text, "utf-8")
    else:
        print(text, end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
