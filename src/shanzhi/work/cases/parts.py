"""Limits as a part of a response (响应中的时限): round the clock, or shorter, for cases under its places."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet
from django.db.models.expressions import RawSQL
from django.utils.timezone import localdate

from shanzhi.base.access import Actor
from shanzhi.base.audit import actions as audit
from shanzhi.base.clocks.models import Clock, ClockState
from shanzhi.base.outbox import actions as outbox
from shanzhi.city.modes.parts import Item, Line, Live
from shanzhi.city.places import queries as places
from shanzhi.core.kit.errors import InvalidInput
from shanzhi.core.worktime import Limit, Unit
from shanzhi.work.cases import emergency, limits
from shanzhi.work.cases.flow import CLOCKS, OPEN_STATES
from shanzhi.work.cases.models import Case, CaseLimit, EmergencyLimit
from shanzhi.work.cases.recompute import recompute_these

_KNOWN = {"clock", "amount", "unit", "kinds", "running"}
_NOT = ("suspend",)  # runs to a date that somebody set
_SET = """
UPDATE cases_case c SET has_own_limits = true, limit_amount = coalesce(given.amount, c.limit_amount),
  limit_unit = coalesce(given.unit, c.limit_unit), limit_text = coalesce(given.text, c.limit_text)
FROM unnest(%(ids)s::uuid[], %(amounts)s::float8[], %(units)s::text[], %(texts)s::text[])
  AS given (id, amount, unit, text)
WHERE c.area = %(area)s AND c.id = given.id
"""


@dataclass(frozen=True)
class _Wish:
    clock: str
    amount: float | None
    unit: str
    kinds: tuple[str, ...]
    running: bool

    @property
    def words(self) -> tuple[str, str]:
        zh, en = CLOCKS[self.clock]
        if self.amount is None:
            return (
                f"{zh.removesuffix('时限')}时限改为昼夜连续计时",
                f"{en}: the usual limit runs day and night",
            )
        unit = Unit(self.unit)
        return f"{zh.removesuffix('时限')}时限 {self.amount:g} {unit.zh}", f"{en}: {self.amount:g} {unit.en}"


class LimitsPart:
    """`{clock: handle, amount: 2, unit: emergency_hour}`; without an amount the usual limit runs round the clock.

    `kinds: [code]` narrows it; `running: true` also changes the cases that are open already.
    """

    code, zh, en = "limits", "应急时限", "Limits"

    def check(self, items: Sequence[Item]) -> None:
        """Raises InvalidInput naming limits.<index>."""
        for index, item in enumerate(items):
            _wish(item, f"{self.code}.{index}")

    def preview(self, items: Sequence[Item], live: Live, at: datetime) -> list[Line]:
        """The limits, and how many open cases they would change."""
        lines = []
        for index, item in enumerate(items):
            wish = _wish(item, f"{self.code}.{index}")
            zh, en = wish.words
            if wish.running:
                count = _open(live, wish, at).count()
                zh, en = f"{zh}（含在办案件 {count} 件）", f"{en} (with {count} open cases)"
                lines.append(Line(zh, en, count=count))
            else:
                lines.append(Line(f"{zh}（此后上报的案件）", f"{en} (cases from now on)"))
        return lines

    def begin(self, items: Sequence[Item], live: Live, actor: Actor, at: datetime) -> list[Line]:
        """Let them hold from now on. In a drill real cases keep their limits."""
        if not items:
            return []
        if live.is_drill:
            return [Line("演练：案件时限不变", "Drill: the limits of cases stay as they are", count=0)]
        lines = []
        for index, item in enumerate(items):
            wish = _wish(item, f"{self.code}.{index}")
            _, is_new = EmergencyLimit.objects.get_or_create(
                activation_id=live.activation_id, clock=wish.clock, kinds=list(wish.kinds), to_at=None,
                defaults={
                    "number": live.number, "place_ids": list(live.place_ids), "amount": wish.amount,
                    "unit": wish.unit, "from_at": at,
                },
            )  # fmt: skip
            changed = _change(live, wish, at) if wish.running and is_new else 0
            zh, en = wish.words
            if wish.running:
                zh, en = f"{zh}，在办案件 {changed} 件已重算", f"{en}; {changed} open cases computed anew"
            lines.append(Line(zh, en, count=changed if wish.running else None))
        audit.record(
            actor=actor, event="cases.emergency-limits", subject=str(live.activation_id),
            detail={"number": live.number, "limits": len(items)}, at=at,
        )  # fmt: skip
        return lines

    def shrink(self, left: Sequence[Item], live: Live, actor: Actor, at: datetime) -> list[Line]:
        """End the limits that the new level does not hold any more."""
        stays = {
            (wish.clock, wish.kinds, wish.amount, wish.unit)
            for wish in (_wish(one, self.code) for one in left)
        }
        rows = EmergencyLimit.objects.filter(activation_id=live.activation_id, to_at=None)
        gone = [one.id for one in rows if (one.clock, tuple(one.kinds), one.amount, one.unit) not in stays]
        EmergencyLimit.objects.filter(id__in=gone).update(to_at=at)
        return (
            [Line(f"{len(gone)} 项应急时限已停止", f"{len(gone)} limits ended", count=len(gone))]
            if gone
            else []
        )

    def choices(self) -> dict[str, list[tuple[str, str, str]]]:
        """Clocks and units."""
        return {
            "clock": [(code, zh, en) for code, (zh, en) in CLOCKS.items() if code not in _NOT],
            "unit": [(one.value, one.zh, one.en) for one in Unit],
        }

    def end(self, live: Live, actor: Actor, at: datetime) -> list[Line]:
        """New cases have the usual limits again; those that got an emergency limit keep it."""
        ended = EmergencyLimit.objects.filter(activation_id=live.activation_id, to_at=None).update(to_at=at)
        if not ended:
            return []
        kept = CaseLimit.objects.filter(activation_id=live.activation_id, case__state__in=OPEN_STATES)
        count = kept.values("case_id").distinct().count()
        return [
            Line(
                f"应急时限已停止，{count} 件在办案件仍按已定的时限办理",
                f"Emergency limits ended; {count} open cases keep theirs", count=count,
            )
        ]  # fmt: skip


def _wish(item: Item, where: str) -> _Wish:
    if unknown := set(item) - _KNOWN:
        raise InvalidInput(
            field=f"{where}.{sorted(unknown)[0]}", reason_zh="没有这一项。", reason_en="No such entry."
        )
    clock = str(item.get("clock", ""))
    if clock not in CLOCKS or clock in _NOT:
        names = "、".join(f"{code}（{zh}）" for code, (zh, _) in CLOCKS.items() if code not in _NOT)
        raise InvalidInput(
            field=f"{where}.clock",
            reason_zh=f"没有这种时限，可选：{names}。",
            reason_en="There is no such clock.",
        )
    amount, unit = item.get("amount"), item.get("unit") or ""
    if amount is not None:
        is_number = isinstance(amount, int | float) and not isinstance(amount, bool) and 0 < amount <= 9999
        if not is_number or unit not in {known.value for known in Unit}:
            raise InvalidInput(
                field=f"{where}.amount", reason_zh="时限应为大于 0 的数字，并写明单位。",
                reason_en="A positive number and a unit.",
            )  # fmt: skip
    elif unit:
        raise InvalidInput(
            field=f"{where}.unit", reason_zh="请写明数量。", reason_en="The amount is missing."
        )
    kinds, running = item.get("kinds") or [], item.get("running", False)
    if not isinstance(kinds, list) or not isinstance(running, bool):
        raise InvalidInput(
            field=f"{where}.kinds", reason_zh="kinds 应为事项代码的列表，running 应为 true 或 false。",
            reason_en="kinds is a list of codes, running is true or false.",
        )  # fmt: skip
    return _Wish(
        clock, None if amount is None else float(amount), unit, tuple(map(str, sorted(kinds))), running
    )


def _open(live: Live, wish: _Wish, at: datetime) -> "QuerySet[Case]":
    on = localdate(at)
    rows = Case.objects.filter(
        state__in=OPEN_STATES, place_id__in=RawSQL(places.BELOW_SQL, [list(live.place_ids), on, on])
    )
    return rows.filter(kind__code__in=wish.kinds) if wish.kinds else rows


def _change(live: Live, wish: _Wish, at: datetime) -> int:
    """Give open cases the limit, where that is due earlier than what they have; how many."""
    asked = emergency.Live(wish.clock, wish.kinds, wish.amount, wish.unit, live.activation_id, live.number)
    keys = sorted(_open(live, wish, at).values_list("area", "id"))
    changed = 0
    for area in dict.fromkeys(area for area, _ in keys):
        ids = [case_id for found, case_id in keys if found == area]
        cases = list(
            Case.objects.select_for_update(of=("self",))
            .filter(area=area, id__in=ids, state__in=OPEN_STATES, bundle=None)
            .order_by("id")
        )
        changed += _change_area(area, cases, asked, at)
    return changed


def _change_area(area: str, cases: Sequence[Case], asked: emergency.Live, at: datetime) -> int:
    clock = asked.clock
    running = {
        one.subject_id: one
        for one in Clock.objects.filter(
            area=area, subject_id__in=[case.id for case in cases], name=clock
        ).exclude(state=ClockState.STOPPED)
    }
    known = set(
        CaseLimit.objects.filter(area=area, case__in=cases, clock=clock).values_list("case_id", flat=True)
    )
    made: list[tuple[Case, CaseLimit]] = []
    for case in cases:
        usual = limits.stage_limits()[clock].limit
        if clock == "handle":
            if case.limit_amount is None:
                continue  # not filed yet: it gets the limit then
            usual = Limit(case.limit_amount, Unit(case.limit_unit))
        limit = asked.of(usual)
        begun = running[case.id].started_at if case.id in running else at
        if limit is None or case.id in known:
            continue
        if usual is not None and limits.due_by(area, limit, begun) >= limits.due_by(area, usual, begun):
            continue
        made.append((case, emergency.copy_of(case.id, area, asked, clock, limit, usual, at)))
    if not made:
        return 0
    CaseLimit.objects.bulk_create([copy for _, copy in made], batch_size=2000)
    own = clock == "handle"
    with connection.cursor() as cursor:
        cursor.execute(
            _SET,
            {
                "area": area, "ids": [case.id for case, _ in made],
                "amounts": [copy.amount if own else None for _, copy in made],
                "units": [copy.unit if own else None for _, copy in made],
                "texts": [emergency.text_of(copy) if own else None for _, copy in made],
            },
        )  # fmt: skip
    started: list[UUID] = [
        case.id for case, _ in made if case.id in running and running[case.id].state == ClockState.RUNNING
    ]
    recompute_these(area, set(started), clock, at)
    outbox.publish(
        [outbox.News(area, "cases", case.id, "limit", {"state": case.state}, at) for case, _ in made]
    )
    return len(made)
