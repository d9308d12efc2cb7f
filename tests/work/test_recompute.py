"""Open due times computed anew after a calendar change."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from django.utils.timezone import localdate

from shanzhi.base.access import SYSTEM
from shanzhi.base.audit.models import AuditEntry
from shanzhi.base.clocks import actions as clocks
from shanzhi.base.clocks import queries as clock_queries
from shanzhi.base.clocks.models import Clock, ClockEvent
from shanzhi.core.kit.clock import FixedClock
from shanzhi.core.worktime import Calendar, Limit, Unit, due_at, load_china
from shanzhi.edge.cli import main
from shanzhi.work.cases import actions, limits, queries, recompute
from shanzhi.work.cases.models import Case
from shanzhi.work.cases.recompute import RecomputeReport, due_many, recompute_open
from shanzhi.work.catalogue import queries as catalogue

pytestmark = pytest.mark.once

AREA = "510107"
CHINA = ("china", '[["08:00", "12:00"], ["14:00", "18:00"]]')
NO_HOLIDAYS = ("none", CHINA[1])
AFTERNOONS = ("china", '[["13:00", "17:00"]]')
UNTOUCHED = ("started_at", "due_at", "warn_at", "next_at", "warned_at", "breached_at", "state")


def shanghai(month: int, day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=ZoneInfo("Asia/Shanghai"))


@pytest.fixture
def calendar(settings: Any, tmp_path: Path) -> Iterator[Callable[[tuple[str, str]], None]]:
    """Put another calendar in force, as an edited pack does; the program has read the old one by then."""
    packs = tmp_path / "packs"
    shutil.copytree(settings.PACKS, packs)
    settings.PACKS = packs
    limits._calendars.cache_clear()

    def put(given: tuple[str, str]) -> None:
        holidays, intervals = given
        (packs / "base" / "calendars.yaml").write_text(
            f"default:\n  timezone: Asia/Shanghai\n  intervals: {intervals}\n  holidays: {holidays}\nareas: {{}}\n",
            "utf-8",
        )

    yield put
    limits._calendars.cache_clear()


@pytest.fixture
def dispatched(city: None, report: Callable[..., dict[str, Any]], clock: FixedClock) -> Callable[[], Case]:
    """A case with two working days to handle it, dispatched now."""

    def make() -> Case:
        case_id = UUID(report()["id"])
        on = localdate(clock.now())
        for verb in ("accept", "file", "dispatch"):
            case = Case.objects.get(area=AREA, id=case_id)
            if verb == "dispatch":
                two_days = {"limit_amount": 2, "limit_unit": "working_day"}
                Case.objects.filter(area=AREA, id=case_id).update(**two_days)
            rule = catalogue.conditions_for_kind("010137", on, usable_only=True)[-1]
            unit, _, _ = catalogue.responsible_unit(rule.id, case.place_id, on)
            given = actions.Given(condition_id=rule.id, unit_id=unit.id if unit else None)
            actions.perform(AREA, case_id, verb, actor=SYSTEM, at=clock.now(), version=None, given=given)
        return Case.objects.get(area=AREA, id=case_id)

    return make


def handling(case: Case) -> Clock:
    return Clock.objects.get(area=AREA, subject_id=case.id, name="handle")


def verbs(clock: Clock) -> list[str]:
    return list(
        ClockEvent.objects.filter(clock_id=clock.id).order_by("at", "id").values_list("verb", flat=True)
    )


def everything() -> list[Any]:
    return [
        sorted(Clock.objects.values_list("id", *UNTOUCHED)),
        sorted(Case.objects.values_list("id", "version", "state", "due_at", "warn_at", "clock_name")),
        ClockEvent.objects.count(),
    ]


@pytest.mark.django_db
def test_working_time_moves_and_minutes_do_not(
    calendar: Callable[..., None],
    dispatched: Callable[[], Case],
    report: Callable[..., Any],
    clock: FixedClock,
) -> None:
    case, waiting = dispatched(), UUID(report()["id"])
    assert (case.due_at, case.warn_at) == (shanghai(3, 11, 10), shanghai(3, 10, 16, 48))
    accept = Clock.objects.values_list("id", *UNTOUCHED).get(subject_id=waiting)
    before = everything()
    assert recompute_open(clock.now) == RecomputeReport(looked_at=2)
    assert everything() == before

    calendar(AFTERNOONS)
    assert recompute_open(clock.now) == RecomputeReport(looked_at=2, changed=1, earlier=1)
    after, moved = Case.objects.get(area=AREA, id=case.id), handling(case)
    due, warn = shanghai(3, 10, 17), shanghai(3, 10, 15, 24)
    assert (after.due_at, after.warn_at, after.version) == (due, warn, case.version)
    assert (moved.due_at, moved.warn_at, moved.next_at, moved.state) == (due, warn, warn, "running")
    assert verbs(moved) == ["start", "recompute"]
    assert Clock.objects.values_list("id", *UNTOUCHED).get(subject_id=waiting) == accept

    before = everything()
    assert recompute_open(clock.now, batch=1) == RecomputeReport(looked_at=2)
    assert everything() == before
    told = AuditEntry.objects.filter(event="cases.due-times-recomputed").order_by("id")
    assert [entry.detail["changed"] for entry in told] == [0, 1, 0]
    entry = told[1]
    assert (entry.actor_name, entry.channel, entry.at) == ("系统", "system", clock.now())
    assert entry.detail == {"looked_at": 2, "changed": 1, "earlier": 1, "later": 0, "now_overdue": 0}


@pytest.mark.django_db
def test_a_case_can_be_overdue_through_the_change(
    calendar: Callable[..., None], dispatched: Callable[[], Case]
) -> None:
    case, at = dispatched(), shanghai(3, 10, 17, 30).astimezone(UTC)
    assert [clocks.fire_due(at) for _ in range(2)] == [1, 0]
    calendar(AFTERNOONS)
    assert recompute_open(lambda: at) == RecomputeReport(looked_at=1, changed=1, earlier=1, now_overdue=1)
    moved = handling(case)
    assert (moved.warned_at, moved.breached_at, moved.next_at) == (at, None, shanghai(3, 10, 17))
    assert [clocks.fire_due(at + timedelta(seconds=1)) for _ in range(2)] == [1, 0]
    assert handling(case).breached_at == at + timedelta(seconds=1)
    assert verbs(moved) == ["start", "warn", "recompute", "breach"]


@pytest.mark.django_db
def test_a_breach_is_taken_back_only_when_the_due_time_lies_ahead(
    calendar: Callable[..., None], dispatched: Callable[[], Case], clock: FixedClock
) -> None:
    # Friday before Tomb-Sweeping Day (Monday 6 April off): the calendar did not know of it at first.
    calendar(NO_HOLIDAYS)
    clock.advance(shanghai(4, 3, 10) - clock.now())
    case, breached = dispatched(), shanghai(4, 7, 10).astimezone(UTC)
    assert (case.due_at, case.warn_at) == (shanghai(4, 7, 10), shanghai(4, 6, 16, 48))
    assert [clocks.fire_due(breached) for _ in range(3)] == [1, 1, 0]
    calendar(CHINA)
    before, late = handling(case), shanghai(4, 8, 11).astimezone(UTC)
    assert (before.breached_at, before.next_at) == (breached, None)

    assert recompute_open(lambda: late) == RecomputeReport(looked_at=1, changed=1, later=1)
    kept = handling(case)
    assert (kept.due_at, kept.warn_at) == (shanghai(4, 8, 10), shanghai(4, 7, 16, 48))
    assert (kept.warned_at, kept.breached_at, kept.next_at) == (breached, breached, None)

    calendar(NO_HOLIDAYS)
    assert recompute_open(lambda: late) == RecomputeReport(looked_at=1, changed=1, earlier=1)
    calendar(CHINA)
    at = shanghai(4, 7, 16, 50).astimezone(UTC)
    assert recompute_open(lambda: at) == RecomputeReport(looked_at=1, changed=1, later=1)
    back = handling(case)
    assert (back.warned_at, back.breached_at, back.next_at) == (breached, None, shanghai(4, 8, 10))

    calendar(NO_HOLIDAYS)
    assert recompute_open(lambda: at) == RecomputeReport(looked_at=1, changed=1, earlier=1, now_overdue=1)
    calendar(CHINA)
    assert recompute_open(lambda: breached) == RecomputeReport(looked_at=1, changed=1, later=1)
    again = handling(case)
    assert (again.warned_at, again.breached_at, again.next_at) == (None, None, shanghai(4, 7, 16, 48))
    assert [clocks.fire_due(shanghai(4, 7, 16, 48)), clocks.fire_due(shanghai(4, 8, 10))] == [1, 1]
    assert sorted(verbs(again)) == sorted(["start", *["warn", "breach"] * 2, *["recompute"] * 5])


@pytest.mark.django_db
def test_what_moved_on_meanwhile_is_left_alone(
    calendar: Callable[..., None], dispatched: Callable[[], Case], clock: FixedClock, monkeypatch: Any
) -> None:
    case, other, shut = dispatched(), dispatched(), dispatched()
    calendar(AFTERNOONS)
    seen: list[Any] = []
    read = clock_queries.running_after

    def read_and_lose(*given: Any) -> Any:
        keys = read(*given)
        if not seen:
            # Handled and fed back between the reading and the locking; another one closed with its clock running.
            for verb in ("sign", "handle", "feed_back"):
                rest = actions.Given(note="已办", photos=())
                state = Case.objects.get(area=AREA, id=case.id)
                monkeypatch.setattr(queries, "required", lambda *_: ())
                actions.perform(
                    AREA, case.id, verb, actor=SYSTEM, at=clock.now(), version=state.version, given=rest
                )
            Case.objects.filter(area=AREA, id=shut.id).update(state="closed")
            seen.append(everything())
        return keys

    monkeypatch.setattr(clock_queries, "running_after", read_and_lose)
    assert recompute_open(clock.now) == RecomputeReport(looked_at=1, changed=1, earlier=1)
    assert handling(other).due_at == shanghai(3, 10, 17)
    assert (handling(case).state, handling(case).due_at) == ("stopped", shanghai(3, 11, 10))
    assert handling(shut).due_at == Case.objects.get(area=AREA, id=shut.id).due_at == shanghai(3, 11, 10)
    after = Case.objects.get(area=AREA, id=case.id)
    assert (after.clock_name, after.due_at) == ("inspect", clock.now() + timedelta(minutes=30))
    assert ClockEvent.objects.filter(verb="recompute").values_list("clock_id", flat=True).get() == (
        handling(other).id
    )
    changed = [(one, two) for one, two in zip(seen[0][0], everything()[0], strict=True) if one != two]
    assert [one[0] for one, _ in changed] == [handling(other).id]


@pytest.mark.django_db
def test_pauses_count_and_a_clock_that_stands_still_waits(
    calendar: Callable[..., None], dispatched: Callable[[], Case], clock: FixedClock
) -> None:
    case, still = dispatched(), dispatched()
    for one in (case, still):
        clocks.pause([clocks.Turn(AREA, one.id, "handle", shanghai(3, 9, 11))])
    again = (shanghai(3, 9, 15), shanghai(3, 11, 12), shanghai(3, 11, 8, 48))
    clocks.resume([clocks.Turn(AREA, case.id, "handle", *again)])
    assert recompute_open(lambda: shanghai(3, 9, 15)) == RecomputeReport(looked_at=1)
    calendar(AFTERNOONS)
    assert recompute_open(lambda: shanghai(3, 9, 15)) == RecomputeReport(looked_at=1, changed=1, later=1)
    assert (handling(case).due_at, handling(case).warn_at) == (shanghai(3, 11, 15), shanghai(3, 11, 13, 24))
    assert (handling(still).state, handling(still).due_at) == ("paused", shanghai(3, 11, 10))


@pytest.mark.django_db
def test_only_the_clock_that_a_case_shows_is_shown(dispatched: Callable[[], Case], clock: FixedClock) -> None:
    case, at = dispatched(), clock.now()
    wrong = at + timedelta(minutes=45)
    clocks.start([clocks.Turn(AREA, case.id, "inspect", at, wrong)])
    assert recompute_open(clock.now) == RecomputeReport(looked_at=2, changed=1, earlier=1)
    beside = Clock.objects.get(area=AREA, subject_id=case.id, name="inspect")
    assert (beside.due_at, beside.warn_at) == (at + timedelta(minutes=30), at + timedelta(minutes=18))
    assert Case.objects.get(area=AREA, id=case.id).due_at == case.due_at


@pytest.mark.django_db
def test_batches_add_up(
    calendar: Callable[..., None], dispatched: Callable[[], Case], clock: FixedClock
) -> None:
    cases = [dispatched() for _ in range(5)]
    calendar(AFTERNOONS)
    assert recompute_open(clock.now, batch=2) == RecomputeReport(looked_at=5, changed=5, earlier=5)
    assert {handling(case).due_at for case in cases} == {shanghai(3, 10, 17)}
    assert set(Case.objects.values_list("due_at", flat=True)) == {shanghai(3, 10, 17)}


@pytest.mark.parametrize("calendar_", [load_china(), Calendar.build("Asia/Shanghai", ((0, 1440),)),
                                       Calendar.build("America/New_York", ((60, 150), (600, 601)))])  # fmt: skip
def test_many_at_once_agree_with_one_by_one(calendar_: Calendar) -> None:
    chance = random.Random(5)
    edges = [shanghai(3, 9, hour) + timedelta(microseconds=near)
             for hour in (8, 12, 14, 18) for near in (-1, 0, 1, 999_999)]  # fmt: skip
    for amount in (0.0, 1e-6, 1 / 3, 0.8, 1.0, 2.4, 7 * 0.8, 15.0):
        for unit in (Unit.working_hour, Unit.working_day):
            starts = edges + [
                shanghai(1, 1, 0) + timedelta(microseconds=chance.randrange(300 * 86_400 * 10**6))
                for _ in range(60)
            ]
            limit = Limit(amount, unit)
            assert due_many(calendar_, starts, limit) == [due_at(calendar_, start, limit) for start in starts]


@pytest.mark.django_db(transaction=True)
def test_the_command_waits_its_turn_or_reports(
    calendar: Callable[..., None], dispatched: Callable[[], Case], capsys: Any
) -> None:
    dispatched()
    calendar(AFTERNOONS)
    assert main.main(["recompute"]) == 0
    assert "已排队" in capsys.readouterr().out
    assert not ClockEvent.objects.filter(verb="recompute").exists()
    assert main.main(["recompute"]) == 1
    assert "重算任务已在排队。\nThe recomputation is waiting already." in capsys.readouterr().err
    assert main.main(["recompute", "--now"]) == 0
    assert capsys.readouterr().out == (
        "检查 1 个计时，变更 1 个：提前 1 个，推迟 0 个，因此超期 0 个。\n"
        "1 clocks looked at, 1 changed: 1 earlier, 0 later, 0 overdue by it.\n"
    )
    assert recompute.EVENT in set(AuditEntry.objects.values_list("event", flat=True))
