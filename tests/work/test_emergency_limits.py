"""What a response does to cases, kinds and shares: limits and kinds come and go with it, a re-cut is decided on."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils.timezone import localdate
from tests.work.live import actor_of, response

from shanzhi.base.audit.models import AuditEntry
from shanzhi.base.clocks.models import Clock, ClockEvent
from shanzhi.city.gridding import actions as gridding
from shanzhi.city.gridding.models import Proposal
from shanzhi.city.modes import parts
from shanzhi.city.places.models import Place
from shanzhi.core.kit.clock import FixedClock
from shanzhi.core.kit.errors import InvalidInput
from shanzhi.core.kit.ids import uuid7
from shanzhi.work.cases import actions as cases
from shanzhi.work.cases.models import Case, CaseLimit, EmergencyLimit
from shanzhi.work.cases.recompute import recompute_open
from shanzhi.work.catalogue import queries as catalogue
from shanzhi.work.catalogue.models import Kind, OfferedKind

pytestmark = pytest.mark.django_db
SignIn = Callable[[str], Any]
HANDLE = {"clock": "handle", "amount": 2, "unit": "emergency_hour"}
FLOODING = "029001"


@pytest.fixture
def grid(city: None) -> Place:
    found = Place.objects.filter(level="grid").order_by("code").first()
    assert found is not None
    return found


@pytest.fixture
def filed(report: Any, clock: FixedClock) -> Callable[..., Case]:
    """A report that was accepted and filed under the second rule of its kind: one working day for a lamp."""

    def make(receipt: Any = None) -> Case:
        found = receipt or report()
        case = Case.objects.get(number=found["number"])
        on = localdate(clock.now())
        rules = catalogue.conditions_for_kind("010137", on)
        rule = next(one for one in rules if one.limit_unit == "working_day")
        step(case, "accept", "shouli", clock)
        step(case, "file", "zhibanzhang", clock, cases.Given(condition_id=rule.id))
        return Case.objects.get(id=case.id)

    return make


def step(case: Case, verb: str, who: str, clock: FixedClock, given: cases.Given | None = None) -> None:
    cases.perform(
        case.area, case.id, verb, actor=actor_of(who, clock.now()), at=clock.now(), version=None,
        given=given or cases.Given(),
    )  # fmt: skip


def to_handling(case: Case, clock: FixedClock) -> Clock:
    """Dispatch and sign for it: the clock of handling runs."""
    assert case.condition_id is not None
    unit, _, _ = catalogue.responsible_unit(case.condition_id, case.place_id, localdate(clock.now()))
    assert unit is not None
    step(case, "dispatch", "paiqian", clock, cases.Given(unit_id=unit.id))
    step(case, "sign", "chuzhi", clock)
    return Clock.objects.exclude(state="stopped").get(subject_id=case.id, name="handle")


def begin(code: str, items: list[Any], live: Any, clock: FixedClock) -> Any:
    part = parts.known()[code]
    part.check(items)
    return part.begin(items, live, actor_of("zhihui", clock.now()), clock.now())


def test_cases_filed_while_it_lasts_get_the_limit_and_keep_it(
    sign_in: SignIn, report: Any, filed: Any, grid: Place, clock: FixedClock
) -> None:
    before = filed()
    live = response(clock.now(), [grid.id])
    items = [HANDLE, {"clock": "accept", "amount": 5, "unit": "minute"}]
    begin("limits", items, live, clock)
    begin("limits", items, live, clock)
    assert EmergencyLimit.objects.count() == 2
    during = filed()
    elsewhere = filed(report(lon=104.0395, lat=30.645))
    assert [(one.limit_amount, one.limit_unit) for one in (before, during, elsewhere)] == [
        (1, "working_day"), (2, "emergency_hour"), (1, "working_day"),
    ]  # fmt: skip
    assert (during.has_own_limits, live.number in during.limit_text) == (True, True)
    accept = Clock.objects.get(subject_id=during.id, name="accept")
    assert accept.due_at - accept.started_at == timedelta(minutes=5)
    usual = Clock.objects.get(subject_id=elsewhere.id, name="accept")
    assert usual.due_at - usual.started_at == timedelta(minutes=15)
    handle = to_handling(during, clock)
    assert handle.due_at - handle.started_at == timedelta(hours=2)
    status, page = sign_in("zhibanzhang").get(f"/api/cases/{during.area}/{during.id}")
    assert status == 200
    said = {one["name"]: one["sentence_zh"] for one in page["clocks"]}
    assert f"依据应急响应 {live.number}，原时限 1 工作日" in said["handle"]
    assert f"依据应急响应 {live.number}，原时限 15 分钟" in said["accept"]
    # It ends: what was given stays, what comes is as usual.
    [line] = parts.known()["limits"].end(live, actor_of("zhihui", clock.now()), clock.now())
    assert line.count == 1
    assert recompute_open(clock.now).changed == 0
    after = filed()
    assert (after.limit_amount, after.limit_unit, after.has_own_limits) == (1, "working_day", False)
    assert Case.objects.get(id=during.id).limit_amount == 2


def test_round_the_clock_and_no_limit_makes_a_case_wait_longer(
    filed: Any, grid: Place, clock: FixedClock
) -> None:
    # Monday 10:00: a working day is due on Tuesday 10:00, and so is a day round the clock: nothing to gain.
    live = response(clock.now(), [grid.id])
    begin("limits", [{"clock": "handle"}], live, clock)
    assert filed().has_own_limits is False
    # Friday afternoon it is: over the weekend the working day stands still.
    clock.advance(timedelta(days=4, hours=6))
    friday = filed()
    assert (friday.limit_amount, friday.limit_unit) == (1, "calendar_day")
    begin(
        "limits",
        [{"clock": "handle", "amount": 30, "unit": "calendar_day"}],
        response(clock.now(), [grid.id]),
        clock,
    )
    assert filed().limit_unit == "calendar_day" and filed().limit_amount == 1


def test_open_cases_change_only_when_it_says_so(filed: Any, grid: Place, clock: FixedClock) -> None:
    case = filed()
    handle = to_handling(case, clock)
    begin("limits", [HANDLE], response(clock.now(), [grid.id]), clock)
    assert Clock.objects.get(id=handle.id).due_at == handle.due_at
    part, live = parts.known()["limits"], response(clock.now(), [grid.id])
    items = [HANDLE | {"running": True}]
    assert part.preview(items, live, clock.now())[0].count == 1
    [line] = begin("limits", items, live, clock)
    assert line.count == 1
    moved = Clock.objects.get(id=handle.id)
    assert moved.due_at == handle.started_at + timedelta(hours=2)
    assert (
        list(ClockEvent.objects.filter(clock=handle).values_list("verb", flat=True)).count("recompute") == 1
    )
    assert Case.objects.get(id=case.id).due_at == moved.due_at
    assert begin("limits", items, live, clock)[0].count == 0
    assert CaseLimit.objects.filter(case=case).count() == 1


def test_a_drill_changes_nothing_and_a_plan_may_hold_only_what_is_known(
    grid: Place, clock: FixedClock
) -> None:
    live = response(clock.now(), [grid.id], is_drill=True)
    for code, items in (("limits", [HANDLE]), ("kinds", [{"kind": FLOODING}]), ("recut", [{}])):
        begin(code, items, live, clock)
    assert not EmergencyLimit.objects.exists() and not OfferedKind.objects.exists()
    assert not Proposal.objects.exists()
    for code, item, field in (
        ("limits", {"clock": "x"}, "limits.0.clock"), ("limits", {"clock": "handle", "amount": 0}, "limits.0.amount"),
        ("limits", {"clock": "handle", "unit": "minute"}, "limits.0.unit"),
        ("limits", HANDLE | {"so": 1}, "limits.0.so"),
        ("kinds", {"kind": "999999"}, "kinds.0.kind"), ("recut", {"low": 9, "high": 3}, "recut.0.high"),
    ):  # fmt: skip
        with pytest.raises(InvalidInput) as caught:
            parts.known()[code].check([item])
        assert caught.value.field == field


def codes(browser: Any, query: str) -> set[str]:
    status, groups = browser.get(f"/api/kinds{query}")
    assert status == 200
    return {kind["code"] for group in groups for kind in group["kinds"]}


def test_kinds_of_a_response_are_offered_only_where_and_while_it_lasts(
    resident: Any, grid: Place, clock: FixedClock
) -> None:
    live, here, there = (
        response(clock.now(), [grid.id]),
        "?lon=104.031&lat=30.631",
        "?lon=104.0395&lat=30.645",
    )
    begin("kinds", [{"kind": FLOODING}], live, clock)
    begin("kinds", [{"kind": FLOODING}], live, clock)
    assert OfferedKind.objects.count() == 1
    assert Kind.objects.filter(only_in_response=True).count() == 6
    assert FLOODING in codes(resident, here)
    assert "029002" not in codes(resident, here)
    assert FLOODING not in codes(resident, there) | codes(resident, "")

    def send(lon: float, lat: float, kind: str = FLOODING) -> tuple[int, Any]:
        body = {
            "id": str(uuid7()),
            "kind": kind,
            "text": "水进了车库",
            "lon": lon,
            "lat": lat,
            "address": "示例巷 3 号",
        }
        return resident.post("/api/reports", body)  # type: ignore[no-any-return]

    assert send(104.031, 30.631)[0] == 201
    before = Case.objects.count()
    for lon, lat, kind in ((104.0395, 30.645, FLOODING), (104.031, 30.631, "029002")):
        status, wrong = send(lon, lat, kind)
        assert (status, wrong["error"]["code"]) == (422, "kind-not-offered")
    assert Case.objects.count() == before
    parts.known()["kinds"].end(live, actor_of("zhihui", clock.now()), clock.now())
    assert FLOODING not in codes(resident, here)
    # What was written before the end may still arrive; a day later it may not.
    assert send(104.031, 30.631)[0] == 201
    clock.advance(timedelta(hours=25))
    assert send(104.031, 30.631)[0] == 422


def test_a_recut_is_proposed_once_and_laid_aside_or_offered_to_be_taken_back(
    grid: Place, clock: FixedClock
) -> None:
    live = response(clock.now())
    [line] = begin("recut", [{}], live, clock)
    begin("recut", [{}], live, clock)
    made = Proposal.objects.get()
    assert (made.low, made.high, made.target, made.emergency) == (8, 16, 12, True)
    assert (line.subject_id, line.address) == (made.id, f"/division/{made.id}")
    part, commander = parts.known()["recut"], actor_of("zhihui", clock.now())
    [line] = part.end(live, commander, clock.now())
    assert Proposal.objects.get().state == "discarded"
    assert part.end(live, commander, clock.now()) == []
    [line] = begin("recut", [{"target": 10}], live, clock)
    Proposal.objects.filter(id=line.subject_id).update(state="published")
    [line] = part.end(live, commander, clock.now())
    assert "撤回" in line.zh and line.address == "/areas"
    assert gridding.of_response(live.activation_id) is not None
    assert AuditEntry.objects.filter(event="gridding.created").count() == 2
