"""Computing open due times anew (重算) after a calendar or a stage limit has changed.

Goes through the running clocks of open cases in the order of their unique key, a batch a transaction. A batch
locks its cases in the order of their ids, then their clocks, as `perform` does: what is read under the locks is
what is written, so nobody's change is lost, and what was closed or moved on meanwhile is left alone. Clocks that
stand still need nothing: their due time is computed when they resume. A clock whose times stay the same is not
touched, so a run that was cut short is simply run again.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

import numpy as np
from django.db import connection, transaction

from shanzhi.base.access import SYSTEM
from shanzhi.base.audit import actions as audit
from shanzhi.base.clocks import actions as clocks
from shanzhi.base.clocks import queries as clock_queries
from shanzhi.base.clocks.models import Clock, ClockState
from shanzhi.core.worktime import Calendar, Limit, Unit, due_at_many
from shanzhi.work.cases import limits
from shanzhi.work.cases.flow import CLOCKS, OPEN_STATES
from shanzhi.work.cases.models import Case, CaseLimit

EVENT = "cases.due-times-recomputed"
BATCH = 2000
_MILLION = 1_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

_SHOW = """
UPDATE cases_case c SET due_at = given.due_at, warn_at = given.warn_at
FROM unnest(%(ids)s::uuid[], %(names)s::text[], %(dues)s::timestamptz[], %(warns)s::timestamptz[])
  AS given (id, name, due_at, warn_at)
WHERE c.area = %(area)s AND c.id = given.id AND c.clock_name = given.name
"""


@dataclass(frozen=True)
class RecomputeReport:
    """What a run did, in clocks: `earlier` and `later` by their due time, `now_overdue` only through the change."""

    looked_at: int = 0
    changed: int = 0
    earlier: int = 0
    later: int = 0
    now_overdue: int = 0

    def __add__(self, other: "RecomputeReport") -> "RecomputeReport":
        mine, theirs = asdict(self), asdict(other)
        return RecomputeReport(**{name: mine[name] + theirs[name] for name in mine})


def recompute_open(now: Callable[[], datetime], batch: int = BATCH) -> RecomputeReport:
    """Compute every running clock of an open case anew (重算到期时间); the report goes to the audit log.

    Who was overdue stays so unless the new due time lies ahead (`clocks.recompute`). `now` tells the present
    instant. The packs are read anew first; processes that have been running since before the change go on with
    the old calendar, so restart them before.
    """
    limits.read_anew()
    report, after = RecomputeReport(), clock_queries.FIRST
    while keys := clock_queries.running_after(after, CLOCKS, batch):
        after = keys[-1]
        by_area: dict[str, set[UUID]] = defaultdict(set)
        for area, subject_id, _ in keys:
            by_area[area].add(subject_id)
        chosen = set(keys)
        with transaction.atomic():
            for area in sorted(by_area):
                report += _recompute(area, by_area[area], chosen, now)
    audit.record(actor=SYSTEM, event=EVENT, detail=asdict(report), at=now())
    return report


def recompute_these(area: str, case_ids: set[UUID], clock: str, at: datetime) -> RecomputeReport:
    """Compute one clock of these cases anew after their own limit has changed; the caller's transaction."""
    return _recompute(area, case_ids, {(area, case_id, clock) for case_id in case_ids}, lambda: at)


def _recompute(
    area: str, case_ids: set[UUID], chosen: set[clock_queries.Key], now: Callable[[], datetime]
) -> RecomputeReport:
    cases = Case.objects.select_for_update().filter(area=area, id__in=case_ids, state__in=OPEN_STATES)
    handling = {
        # A bundle is due on a date that somebody set.
        case_id: None if bundle_id else limits.handling(amount, unit, extensions)
        for case_id, bundle_id, amount, unit, extensions in cases.order_by("id").values_list(
            "id", "bundle_id", "limit_amount", "limit_unit", "extensions"
        )
    }
    rows = Clock.objects.select_for_update().filter(area=area, subject_id__in=handling)
    found = [
        clock
        for clock in rows.filter(state=ClockState.RUNNING).order_by("id")
        if (area, clock.subject_id, clock.name) in chosen
    ]
    at = now()  # under the locks: no clock of these has fired after it
    own = {
        (case_id, name): Limit(amount, Unit(unit))
        for case_id, name, amount, unit in CaseLimit.objects.filter(area=area, case_id__in=handling)
        .exclude(clock="handle")
        .values_list("case_id", "clock", "amount", "unit")
    }
    dues = _due_times(area, found, handling, own, at)
    moved = [
        (clock, due)
        for clock in found
        if (due := dues.get(clock.id)) and (due.due_at, due.warn_at) != (clock.due_at, clock.warn_at)
    ]
    clocks.recompute([clocks.Moved(area, clock.id, due.due_at, due.warn_at) for clock, due in moved], at)
    if moved:
        with connection.cursor() as cursor:
            cursor.execute(
                _SHOW,
                {
                    "area": area,
                    "ids": [clock.subject_id for clock, _ in moved],
                    "names": [clock.name for clock, _ in moved],
                    "dues": [due.due_at for _, due in moved],
                    "warns": [due.warn_at for _, due in moved],
                },
            )
    return RecomputeReport(
        looked_at=len(found),
        changed=len(moved),
        earlier=sum(due.due_at < clock.due_at for clock, due in moved),
        later=sum(due.due_at > clock.due_at for clock, due in moved),
        now_overdue=sum(due.due_at <= at < clock.due_at for clock, due in moved),
    )


def _due_times(
    area: str,
    found: Sequence[Clock],
    handling: dict[UUID, Limit | None],
    own: dict[tuple[UUID, str], Limit],
    at: datetime,
) -> dict[UUID, limits.Due]:
    """What `limits.due` says of each clock: one by one, or all with the same limit in working time together."""
    pauses = clock_queries.pauses_of(area, [clock.id for clock in found], at)
    dues: dict[UUID, limits.Due] = {}
    together: dict[tuple[str, Limit], list[Clock]] = defaultdict(list)
    for clock in found:
        mine = own.get((clock.subject_id, clock.name))
        limit = mine or limits.limit_of(clock.name, handling[clock.subject_id])
        if limit is None:
            continue
        if not limit.unit.is_working_time or clock.id in pauses:
            given = handling[clock.subject_id]
            stood = pauses.get(clock.id, ())
            dues[clock.id] = limits.due(area, clock.name, clock.started_at, given, stood, mine)
        else:
            together[clock.name, limit].append(clock)
    calendar = limits.calendar_of(area)
    for (name, limit), group in together.items():
        starts = [clock.started_at for clock in group]
        warned = Limit(limit.amount * limits.stage_limits()[name].warn_share, limit.unit)
        pairs = zip(due_many(calendar, starts, warned), due_many(calendar, starts, limit), strict=True)
        for clock, (warn_at, due_at) in zip(group, pairs, strict=True):
            dues[clock.id] = limits.Due(warn_at, due_at)
    return dues


def due_many(calendar: Calendar, starts: Sequence[datetime], limit: Limit) -> list[datetime]:
    """`worktime.due_at` of many starts and one limit in working time, to the microsecond."""
    day = calendar.day_seconds if limit.unit is Unit.working_day else 3600
    need, part = divmod(round(limit.amount * day * _MILLION), _MILLION)
    begun = np.array([(start - _EPOCH) // _MICROSECOND for start in starts], np.int64)
    second, rest = np.divmod(begun, _MILLION)
    # Only in an open second does the rest of it count; it may run over into the next.
    is_open = due_at_many(calendar, second, 1) == second + 1
    reached = np.where(is_open, rest, 0) + part
    whole, left = need + reached // _MILLION, reached % _MILLION
    even = due_at_many(calendar, second, whole) * _MILLION
    odd = (due_at_many(calendar, second, whole + 1) - 1) * _MILLION + left
    due = np.where(left == 0, even, odd) if need or part else begun
    return [_EPOCH + timedelta(microseconds=micros) for micros in due.tolist()]
