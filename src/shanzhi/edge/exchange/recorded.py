"""A file's own record against Shanzhi (历史数据比对): on-time flags, and targets derived from limits.

On-time rule (按时判定), the one the Boston file follows in all of its rows that have a target and a flag:

* a closed case is on time when `closed_at <= target_at`, to the second, by the wall clock of the file's zone;
* a case still open is judged as of the file: on time while `target_at >= as_of`. `as_of` is the last instant
  that the file records (opened or closed), or the mapping's `published_no_earlier_than` where that is later.
  Boston's open cases are all flagged OVERDUE although none has a closing time: each target lies before the
  last closure in the file.

A row without a target or without a flag is not compared: without a target no flag can be derived.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from shanzhi.core.worktime import Calendar
from shanzhi.edge.exchange.feeds import Feed, Report
from shanzhi.edge.exchange.target_rules import TargetRules, derive, explain_rules, matches

LISTED = 100


def as_of(feed: Feed) -> datetime | None:
    """The instant as of which open cases of a file are judged; None for a file without rows."""
    times = [at for report in feed.reports for at in (report.opened_at, report.closed_at) if at is not None]
    if feed.mapping.published_no_earlier_than is not None and times:
        times.append(feed.mapping.published_no_earlier_than)
    return max(times, default=None)


def on_time(report: Report, judged_at: datetime) -> bool | None:
    """Shanzhi's own on-time flag of a report (是否按时), None without a target; the rule is the module's."""
    if report.target_at is None:
        return None
    return (report.closed_at or judged_at) <= report.target_at


def share(part: int, whole: int) -> float | None:
    """`part` of `whole` from 0 to 1; None for an empty denominator."""
    return part / whole if whole else None


def compare(feed: Feed, rules: TargetRules | None = None, calendar: Calendar | None = None) -> dict[str, Any]:
    """Compare a file's flags and targets with Shanzhi's.

    Without `rules` and `calendar` no target is derived and `targets_derived` is None. The answer is plain data
    for JSON: counts, shares from 0 to 1 (None for an empty denominator), the first 100 disagreements of the
    flag and the first 100 errors of rows, times as ISO 8601 with offset.
    """
    judged_at = as_of(feed)
    compared = agreed = 0
    disagreements: list[dict[str, Any]] = []
    for report in feed.reports:
        if report.target_at is None or report.on_time is None or judged_at is None:
            continue
        compared += 1
        own = on_time(report, judged_at)
        if own is report.on_time:
            agreed += 1
        elif len(disagreements) < LISTED:
            disagreements.append(
                {
                    "line": report.line,
                    "id": report.id,
                    "published": report.on_time,
                    "derived": own,
                    "closed_at": _iso(report.closed_at),
                    "target_at": _iso(report.target_at),
                }
            )
    recorded = {
        "compared": compared,
        "agree": share(agreed, compared),
        **_targets(feed, rules, calendar),
        "as_of": _iso(judged_at),
        "disagreements": disagreements,
    }
    return {
        "recorded": recorded,
        "map": feed.mapping.name_en,
        "rows": feed.rows,
        "error_count": len(feed.errors),
        "errors": feed.errors[:LISTED],
    }


def _targets(feed: Feed, rules: TargetRules | None, calendar: Calendar | None) -> dict[str, Any]:
    """How many published targets the rule table reproduces, by month of opening too."""
    reports = [report for report in feed.reports if report.target_at is not None]
    if rules is None or calendar is None:
        return {"targets_derived": None, "targets": len(reports), "rules": None, "months": {}}
    months: dict[str, list[int]] = {}
    unruled: dict[str, int] = {}
    for report, derived in zip(reports, derive(rules, calendar, reports), strict=True):
        assert report.target_at is not None
        counts = months.setdefault(f"{report.opened_at:%Y-%m}", [0, 0])
        counts[0] += 1
        counts[1] += matches(derived, report.target_at, rules.tolerance_seconds)
        if derived is None:
            unruled[report.type] = unruled.get(report.type, 0) + 1
    return {
        "targets_derived": share(sum(good for _, good in months.values()), len(reports)),
        "targets": len(reports),
        "rules": explain_rules(rules, calendar),
        "months": {
            month: {"targets": count, "targets_derived": share(good, count)}
            for month, (count, good) in sorted(months.items())
        },
        "types_without_limit": dict(sorted(unruled.items())),
    }


def table(result: dict[str, Any]) -> str:
    """A comparison as a short table, in Chinese and English; "–" for an empty denominator."""
    recorded = result["recorded"]
    lines = [
        ("行数 / rows", f"{result['rows']:,}"),
        ("有误的行 / rows with errors", f"{result['error_count']:,}"),
        ("比对按时标志 / on-time flags compared", f"{recorded['compared']:,}"),
        ("标志一致 / flags that agree", _percent(recorded["agree"])),
        ("有时限的行 / rows with a target", f"{recorded['targets']:,}"),
        ("时限可推出 / targets derived", _percent(recorded["targets_derived"])),
    ]
    lines += [
        (f"  {month} ({counts['targets']:,})", _percent(counts["targets_derived"]))
        for month, counts in recorded["months"].items()
    ]
    width = max(_width(name) for name, _ in lines)
    return "\n".join(f"{name}{' ' * (width - _width(name))}  {value:>9}" for name, value in lines)


def _width(text: str) -> int:
    """Columns of a terminal: a Chinese character takes two."""
    return sum(2 if "\u2e80" <= letter <= "\uffef" else 1 for letter in text)


def _percent(value: float | None) -> str:
    if value is None:
        return "–"
    # Never rounded up to 100 %: only a whole agreement reads so.
    return "100 %" if value == 1 else f"{min(value * 100, 99.99):.2f} %"


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at is not None else None
