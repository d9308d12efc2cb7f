"""What came of an area's cases (成绩单): counts, rates and times, in all, by unit and by kind.

Definitions follow the indicators of the field: what should be handled was dispatched; what should be closed was
handled or is overdue and open; what was handled on the spot is counted apart. Overdue cases whose appeal was granted
count as on time here and stay overdue in their rows. An empty denominator gives None, never 0 or 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, tzinfo
from typing import Any

from django.db import connection

from shanzhi.core.documents import Column, Sheet, write_workbook
from shanzhi.work.cases.flow import CLOCKS, CLOSED_LOOP

STEPS = (
    "accept",
    "verify_true",
    "file",
    "dispatch",
    "sign",
    "handle",
    "feed_back",
    "inspect",
    "close",
    "rate",
)
COUNTS = {
    "reported": ("上报", "reported"),
    "filed": ("立案", "filed"),
    "dispatched": ("应处置", "to handle"),
    "handled": ("已处置", "handled"),
    "on_time": ("按期处置", "handled on time"),
    "overdue_open": ("超期未处置", "overdue, open"),
    "closed": ("结案", "closed"),
    "ended": ("未立案终止", "ended unfiled"),
    "reworked": ("返工", "reworked"),
    "returned": ("回退", "handed back"),
    "extended": ("延期", "extended"),
    "suspended": ("缓办", "suspended"),
    "self_handled": ("自处置", "on the spot"),
    "merged": ("并案", "merged"),
    "unsolved": ("评价未解决", "rated not solved"),
}
RATES = {
    "filed_rate": ("立案率", "filed", "filed", "reported"),
    "handled_rate": ("处置率", "handled", "handled", "dispatched"),
    "on_time_rate": ("按期处置率", "on time", "on_time", "dispatched"),
    "closed_rate": ("结案率", "closed", "closed_handled", "to_close"),
    "rework_rate": ("返工率", "reworked", "reworked", "to_close"),
}

_CASES = """
WITH told AS (
  SELECT case_id, bool_or(verb = 'file') AS filed, bool_or(verb = 'dispatch') AS dispatched,
    bool_or(verb = 'feed_back') AS handled, bool_or(verb = 'rework') AS reworked,
    count(*) FILTER (WHERE verb = 'ask_return') AS returns, bool_or(verb = 'approve_extend') AS extended,
    bool_or(verb = 'approve_suspend') AS suspended, bool_or(verb = 'self_handle') AS self_handled,
    bool_or(verb IN ('reopen', 'reopen_unfiled')) AS unsolved
  FROM cases_caseevent WHERE area = %(area)s GROUP BY case_id
), late AS (
  SELECT subject_id, bool_or(due_at < coalesce(paused_at, %(at)s)) AS late FROM clocks_clock
  WHERE area = %(area)s AND name = 'handle' AND state <> 'stopped' GROUP BY subject_id
), stood AS (
  SELECT c.unit_id, c.kind_id, t.*, c.close_kind, c.state, c.master_id IS NOT NULL AS merged,
    (c.is_overdue OR coalesce(l.late, false)) AND NOT c.is_exempt AS overdue,
    coalesce(l.late, false) AS overdue_open
  FROM cases_case c JOIN told t ON t.case_id = c.id LEFT JOIN late l ON l.subject_id = c.id
  WHERE c.area = %(area)s
)
SELECT grouping(unit_id, kind_id), unit_id, kind_id, count(*) AS reported, count(*) FILTER (WHERE filed) AS filed,
  count(*) FILTER (WHERE dispatched) AS dispatched, count(*) FILTER (WHERE handled) AS handled,
  count(*) FILTER (WHERE handled AND NOT overdue) AS on_time,
  count(*) FILTER (WHERE overdue_open AND NOT handled) AS overdue_open,
  count(*) FILTER (WHERE close_kind <> '') AS closed,
  count(*) FILTER (WHERE state IN ('rejected', 'declined', 'untrue', 'void')) AS ended,
  count(*) FILTER (WHERE reworked) AS reworked, coalesce(sum(returns), 0)::bigint AS returned,
  count(*) FILTER (WHERE extended) AS extended, count(*) FILTER (WHERE suspended) AS suspended,
  count(*) FILTER (WHERE self_handled) AS self_handled, count(*) FILTER (WHERE merged) AS merged,
  count(*) FILTER (WHERE unsolved) AS unsolved,
  count(*) FILTER (WHERE close_kind <> '' AND handled) AS closed_handled
FROM stood GROUP BY GROUPING SETS ((), (unit_id), (kind_id))
"""
_STEPS = """
SELECT verb, count(*), percentile_cont(0.5) WITHIN GROUP (ORDER BY took),
  percentile_cont(0.95) WITHIN GROUP (ORDER BY took)
FROM (
  SELECT verb, extract(epoch FROM at - lag(at) OVER (PARTITION BY case_id ORDER BY sequence)) / 60 AS took
  FROM cases_caseevent WHERE area = %s
) spent WHERE took IS NOT NULL AND verb = ANY(%s) GROUP BY verb
"""
_CLOCKS = """
SELECT name, count(*), count(*) FILTER (WHERE stopped_at <= due_at) FROM clocks_clock
WHERE area = %s AND state = 'stopped' GROUP BY name
"""


def share(part: int, whole: int) -> float | None:
    """`part` of `whole` from 0 to 1; None for an empty denominator."""
    return part / whole if whole else None


def scoreboard(area: str, at: datetime) -> dict[str, Any]:
    """Totals, times of steps (minutes), clocks kept, units and kinds of an area as of `at`: plain data for JSON."""
    with connection.cursor() as cursor:
        cursor.execute(_CASES, {"area": area, "at": at})
        lines = [
            dict(zip([column.name for column in cursor.description], line, strict=True)) for line in cursor
        ]
        cursor.execute(_STEPS, [area, list(STEPS)])
        steps = {verb: (count, p50, p95) for verb, count, p50, p95 in cursor.fetchall()}
        cursor.execute(_CLOCKS, [area])
        clocks = {name: (count, kept) for name, count, kept in cursor.fetchall()}
        cursor.execute("SELECT id, name FROM people_unit")
        units = dict(cursor.fetchall())
        cursor.execute("SELECT id, name FROM catalogue_kind")
        kinds = dict(cursor.fetchall())
    groups: dict[str, list[dict[str, Any]]] = {"totals": [], "units": [], "kinds": []}
    for line in lines:
        what = {3: "totals", 1: "units", 2: "kinds"}[line["grouping"]]
        name = units.get(line["unit_id"]) if what == "units" else kinds.get(line["kind_id"])
        groups[what].append(_counted(line, name))
    verbs = {edge.verb: (edge.zh, edge.en) for edge in CLOSED_LOOP.edges}
    return {
        "area": area,
        "as_of": at.isoformat(),
        "totals": groups["totals"][0] if groups["totals"] else _counted({}, None),
        "steps": [
            {
                "verb": verb, "zh": verbs[verb][0], "en": verbs[verb][1], "count": steps.get(verb, (0,))[0],
                "p50_minutes": steps[verb][1] if verb in steps else None,
                "p95_minutes": steps[verb][2] if verb in steps else None,
            }
            for verb in STEPS
        ],
        "clocks": [
            {
                "clock": name, "zh": CLOCKS[name][0], "en": CLOCKS[name][1], "stopped": clocks.get(name, (0, 0))[0],
                "in_time": share(*reversed(clocks[name])) if name in clocks else None,
            }
            for name in CLOCKS
            if name != "suspend"
        ],
        "units": _sorted(groups["units"]),
        "kinds": _sorted(groups["kinds"]),
    }  # fmt: skip


def last_at(area: str) -> datetime | None:
    """When something last happened in an area."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT max(at) FROM cases_caseevent WHERE area = %s", [area])
        found: datetime | None = cursor.fetchone()[0]
    return found


def _counted(line: dict[str, Any], name: str | None) -> dict[str, Any]:
    counts = {key: int(line.get(key) or 0) for key in (*COUNTS, "closed_handled")}
    counts["to_close"] = counts["handled"] + counts["overdue_open"]
    rates = {key: share(counts[part], counts[whole]) for key, (_, _, part, whole) in RATES.items()}
    del counts["closed_handled"]
    return {"name": name, **counts, **rates}


def _sorted(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(
        (line for line in lines if line["name"] is not None),
        key=lambda line: (-line["reported"], line["name"]),
    )


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{value:.1%}"


def _minutes(value: float | None) -> str:
    return "–" if value is None else f"{value:,.1f}"


def table(found: dict[str, Any], rows: int = 8) -> str:
    """The scoreboard for a terminal: totals, steps, clocks, the largest units and kinds."""
    total = found["totals"]
    lines = ["总数 totals"]
    lines += [f"  {zh} {en}: {total[key]:,}" for key, (zh, en) in COUNTS.items()]
    lines += [f"  {zh} {en}: {_percent(total[key])}" for key, (zh, en, _, _) in RATES.items()]
    lines += ["用时（分钟） minutes: p50 / p95"]
    lines += [
        f"  {step['zh']} {step['en']}: {_minutes(step['p50_minutes'])} / {_minutes(step['p95_minutes'])}"
        f" ({step['count']:,})"
        for step in found["steps"]
    ]
    lines += ["时限内 within the limit"]
    lines += [
        f"  {clock['zh']} {clock['en']}: {_percent(clock['in_time'])} ({clock['stopped']:,})"
        for clock in found["clocks"]
    ]
    for key, title in (("units", "单位 units"), ("kinds", "类别 kinds")):
        lines += [f"{title}: 上报 / 按期处置率 / 返工 / 回退 (reported / on time / reworked / handed back)"]
        lines += [
            f"  {line['name']}: {line['reported']:,} / {_percent(line['on_time_rate'])} / {line['reworked']} / "
            f"{line['returned']}"
            for line in found[key][:rows]
        ]
    return "\n".join(lines)


def workbook(found: dict[str, Any], zone: tzinfo) -> bytes:
    """The scoreboard as an Excel file."""
    names = [("name", "名称 name", "text")]
    counts = [(key, f"{zh} {en}", "number") for key, (zh, en) in COUNTS.items()]
    rates = [(key, f"{zh} {en}", "percent") for key, (zh, en, _, _) in RATES.items()]
    return write_workbook(
        [
            _sheet("总览", [{**found["totals"], "name": "全部"}], [*names, *counts, *rates]),
            _sheet(
                "步骤",
                found["steps"],
                [
                    ("zh", "步骤 step", "text"), ("en", "step", "text"), ("count", "次数 count", "number"),
                    ("p50_minutes", "中位数（分钟） p50", "number"), ("p95_minutes", "95 分位（分钟） p95", "number"),
                ],
            ),
            _sheet(
                "时限",
                found["clocks"],
                [
                    ("zh", "时限 clock", "text"), ("en", "clock", "text"), ("stopped", "次数 count", "number"),
                    ("in_time", "时限内 in time", "percent"),
                ],
            ),
            _sheet("单位", found["units"], [*names, *counts, *rates]),
            _sheet("类别", found["kinds"], [*names, *counts, *rates]),
        ],
        zone=zone,
        at=datetime.fromisoformat(found["as_of"]),
    )  # fmt: skip


def _sheet(title: str, lines: Sequence[dict[str, Any]], columns: Sequence[tuple[str, str, str]]) -> Sheet:
    return Sheet(
        title,
        [Column(heading, kind) for _, heading, kind in columns],  # type: ignore[arg-type]
        [[line[key] for key, _, _ in columns] for line in lines],
    )
