"""Limits that a response brings along (应急时限): which are live where, and the copy that a case keeps."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db import connection

from shanzhi.core.worktime import Limit, Unit
from shanzhi.work.cases import limits
from shanzhi.work.cases.models import Case, CaseLimit

_LIVE = """
SELECT l.clock, l.kinds, l.amount, l.unit, l.activation_id, l.number FROM cases_emergencylimit l
WHERE l.to_at IS NULL AND EXISTS (
  SELECT 1 FROM places_placeclosure k WHERE k.descendant_id = %s AND k.ancestor_id = ANY(l.place_ids)
    AND k.from_on <= %s AND (k.to_on IS NULL OR k.to_on > %s))
ORDER BY l.from_at, l.activation_id, l.clock
"""
_ROUND_THE_CLOCK = {Unit.working_hour: Unit.emergency_hour, Unit.working_day: Unit.calendar_day}


@dataclass(frozen=True)
class Live:
    """A limit that holds now; without `amount` the usual one runs round the clock."""

    clock: str
    kinds: tuple[str, ...]
    amount: float | None
    unit: str
    activation_id: UUID
    number: str

    def of(self, usual: Limit | None) -> Limit | None:
        """What it makes of the usual limit of the step."""
        if self.amount is not None:
            return Limit(self.amount, Unit(self.unit))
        return None if usual is None else Limit(usual.amount, _ROUND_THE_CLOCK.get(usual.unit, usual.unit))

    def fits(self, kind: str) -> bool:
        """Whether it is for cases of this kind; "" is a case without one."""
        return not self.kinds or kind in self.kinds


def live_at(place_id: UUID, on: date) -> list[Live]:
    """The limits of responses that hold at a place now, the oldest first."""
    with connection.cursor() as cursor:
        cursor.execute(_LIVE, [place_id, on, on])
        return [Live(clock, tuple(kinds), *rest) for clock, kinds, *rest in cursor.fetchall()]


def chosen(
    found: Iterable[Live], area: str, clock: str, kind: str, usual: Limit | None, at: datetime
) -> tuple[Live, Limit] | None:
    """The live limit that is due first from `at`, if before the usual one: none makes a case wait longer."""
    best: tuple[Live, Limit] | None = None
    until = None if usual is None else limits.due_by(area, usual, at)
    for one in found:
        limit = one.of(usual) if one.clock == clock and one.fits(kind) else None
        if limit is None:
            continue
        due = limits.due_by(area, limit, at)
        if until is None or due < until:
            best, until = (one, limit), due
    return best


def copy_of(
    case_id: UUID, area: str, live: Live, clock: str, limit: Limit, usual: Limit | None, at: datetime
) -> CaseLimit:
    """The copy that a case keeps."""
    return CaseLimit(
        area=area, case_id=case_id, clock=clock, amount=limit.amount, unit=limit.unit.value,
        activation_id=live.activation_id, number=live.number, limit_before="" if usual is None else str(usual)[:60],
        at=at,
    )  # fmt: skip


def for_report(found: Iterable[Live], case_id: UUID, area: str, kind: str, at: datetime) -> list[CaseLimit]:
    """The copies for a new case: those of the steps in the centres; handling has its own when it is filed."""
    listed = list(found)
    made = []
    for clock in dict.fromkeys(one.clock for one in listed if one.clock != "handle"):
        usual = limits.stage_limits()[clock].limit
        best = chosen(listed, area, clock, kind, usual, at)
        if best is not None:
            made.append(copy_of(case_id, area, best[0], clock, best[1], usual, at))
    return made


def text_of(copy: CaseLimit) -> str:
    """The limit in words, with the response on which it rests, as the case shows it."""
    return f"{copy.amount:g}{Unit(copy.unit).zh}（应急响应 {copy.number}）"[:100]


def own_of(case: Case, clock: str) -> Limit | None:
    """The limit that a response gave this case for a step; handling has it as its own limit."""
    if not case.has_own_limits or clock == "handle":
        return None
    row = next((one for one in case.own_limits.all() if one.clock == clock), None)
    return None if row is None else Limit(row.amount, Unit(row.unit))


def basis_of(case: Case) -> Mapping[str, tuple[str, str]]:
    """Clock -> on which response its limit rests, in both languages; for handling only while it is that limit."""
    if not case.has_own_limits:
        return {}
    return {
        row.clock: (
            f"依据应急响应 {row.number}" + (f"，原时限 {row.limit_before}" if row.limit_before else ""),
            f"by response {row.number}" + (f" (usually {row.limit_before})" if row.limit_before else ""),
        )
        for row in case.own_limits.all()
        if row.clock != "handle" or (row.amount, row.unit) == (case.limit_amount, case.limit_unit)
    }
