"""Every clock of the stage limits: it warns at its share and breaches at its limit, each apart from the others."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
import yaml
from django.conf import settings

from shanzhi.base.clocks.models import ClockEvent
from shanzhi.base.outbox.models import OutboxRow
from shanzhi.core.kit.clock import FixedClock

pytestmark = pytest.mark.django_db
UNTIL = "2026-03-19T10:00:00Z"
TO_UNIT = ("accept", "file", "dispatch", "sign")
CLOCKS = [
    # clock, verbs before, verbs that stop it, warns, due: all begin on Monday 10:00 in Shanghai
    ("accept", (), ("accept",), "2026-03-09T02:09:00Z", "2026-03-09T02:15:00Z"),
    ("verify", ("ask_verify",), ("verify_true",), "2026-03-09T02:18:00Z", "2026-03-09T02:30:00Z"),
    ("dispatch", TO_UNIT[:2], ("dispatch",), "2026-03-09T02:09:00Z", "2026-03-09T02:15:00Z"),
    ("inspect", (*TO_UNIT, "handle", "feed_back"), ("inspect",), "2026-03-09T02:18:00Z", "2026-03-09T02:30:00Z"),
    # One working day of eight hours: 6.4 of them end on Tuesday at 8:24.
    ("handle", TO_UNIT, ("handle", "feed_back"), "2026-03-10T00:24:00Z", "2026-03-10T02:00:00Z"),
    ("suspend", (*TO_UNIT, "ask_suspend", "approve_suspend"), ("resume",), "", UNTIL),
    # Four working hours, over noon: 3.2 of them end at 15:12.
    ("urge", (*TO_UNIT, "urge"), ("answer_urge",), "2026-03-09T07:12:00Z", "2026-03-09T08:00:00Z"),
    ("supervise", (*TO_UNIT, "supervise"), ("answer_supervise",), "2026-03-10T00:24:00Z",
     "2026-03-10T02:00:00Z"),
]  # fmt: skip
IDS = [one[0] for one in CLOCKS]


def _walk(case: Any, verbs: tuple[str, ...]) -> None:
    for verb in verbs:
        case.do(verb, **({"until_at": UNTIL} if verb == "ask_suspend" else {}))


def test_every_clock_of_the_pack_is_here() -> None:
    pack = yaml.safe_load((settings.PACKS / "base" / "stage_limits.yaml").read_text("utf-8"))
    assert sorted(pack) == sorted(IDS)


@pytest.mark.parametrize(("name", "before", "after", "warns", "due"), CLOCKS, ids=IDS)
def test_a_clock_warns_and_breaches(
    name: str, before: tuple[str, ...], after: tuple[str, ...], warns: str, due: str, case: Any,
    clock: FixedClock, fired: Callable[..., Any],
) -> None:  # fmt: skip
    _walk(case, before)
    found = case.clock(name)
    assert (found["state"], found["started_at"], found["due_at"]) == ("running", "2026-03-09T02:00:00Z", due)
    beside = name in ("urge", "supervise")

    def at(moment: str, seconds: int = 0) -> list[str]:
        clock.advance(datetime.fromisoformat(moment) + timedelta(seconds=seconds) - clock.now())
        return [what for which, what in fired(case.id) if which == name]

    def shown() -> tuple[bool, bool]:
        running = case.see()["clock"]
        assert running["name"] == ("handle" if beside else name)
        return running["warn"], running["breached"]

    if warns:
        assert at(warns, -1) == [] and (beside or shown() == (False, False))
        assert at(warns) == ["warn"] and (beside or shown() == (True, False))
        assert beside or case.queue("due_soon", "zhihui")
    assert at(due, -1) == (["warn"] if warns else []) and (beside or shown() == (bool(warns), False))
    assert at(due) == (["breach", "warn"] if warns else ["breach"])
    assert beside or (shown() == (False, True) and case.queue("overdue", "zhihui"))
    assert at(due, 3600) == (["breach", "warn"] if warns else ["breach"])  # once each
    rows = ClockEvent.objects.filter(clock__subject_id=case.id, clock__name=name, verb="breach")
    assert [f"{row.at:%Y-%m-%dT%H:%M:%SZ}" for row in rows] == [due]
    told = OutboxRow.objects.filter(topic="clocks", subject_id=case.id, payload__clock=name)
    assert sorted(told.values_list("event", flat=True)) == (["breach", "warn"] if warns else ["breach"])


@pytest.mark.parametrize(("name", "before", "after", "warns", "due"), CLOCKS, ids=IDS)
def test_a_clock_that_was_stopped_in_time_is_silent(
    name: str, before: tuple[str, ...], after: tuple[str, ...], warns: str, due: str, case: Any,
    clock: FixedClock, fired: Callable[..., Any],
) -> None:  # fmt: skip
    _walk(case, (*before, *after))
    found = case.clock(name)
    assert (found["state"], found["stopped_at"]) == ("stopped", "2026-03-09T02:00:00Z")
    clock.advance(timedelta(days=60))
    assert name not in dict(fired(case.id))


def test_a_breach_between_two_rounds_is_told_of(case: Any, clock: FixedClock) -> None:
    clock.advance(timedelta(minutes=20))
    case.do("accept")  # the clock loop has not come round since 10:15
    rows = ClockEvent.objects.filter(clock__subject_id=case.id, clock__name="accept")
    assert sorted(rows.values_list("verb", flat=True)) == ["breach", "start", "stop", "warn"]
    assert case.see()["is_overdue"] is False  # only handling counts as overdue


def test_step_clocks_and_the_handling_clock_are_separate(
    case: Any, clock: FixedClock, fired: Callable[..., Any]
) -> None:
    clock.advance(timedelta(minutes=16))
    case.walk("accept", "file")
    clock.advance(timedelta(minutes=16))
    case.walk("dispatch", "sign")
    assert fired(case.id) == [(name, what) for name in ("accept", "dispatch") for what in ("breach", "warn")]
    # The whole working day is the unit's own, from 10:32.
    assert case.clock("handle")["due_at"] == "2026-03-10T02:32:00Z"
    case.walk("handle", "feed_back")
    clock.advance(timedelta(minutes=31))
    case.walk("inspect", "close")
    assert (case.see()["is_overdue"], case.see()["close_zh"]) == (False, "正常结案")
    assert ("inspect", "breach") in fired(case.id) and ("handle", "breach") not in fired(case.id)
