"""Destruction: planned, counted, signed by two sides, done line by line, proved by a certificate."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection

from shanzhi.base.access import Actor, ActorPost
from shanzhi.base.access.capabilities import AUDIT_VIEW, RESPONSE_APPROVE, RETENTION_SIGN, RETENTION_VIEW
from shanzhi.base.audit import sealer
from shanzhi.base.media.models import MediaFile
from shanzhi.base.retention import actions, certificate, digests, holdings, queries, running, subjects
from shanzhi.base.retention.errors import (
    AlreadyPlanned,
    CountsChanged,
    HoldOver,
    HoldSecondPerson,
    SecondSigner,
    SignerRole,
)
from shanzhi.base.retention.flow import DESTRUCTION, DONE, DROPPED, HALF_SIGNED, SIGNED
from shanzhi.base.retention.holdings import Destroyed, Holding, Scope
from shanzhi.base.retention.jobs import destroy_what_is_old, go_on_destroying
from shanzhi.base.retention.models import DestructionRun, LegalHold, LineState, RetentionEvent
from shanzhi.core.flow import UnknownEdge
from shanzhi.core.kit.clock import FixedClock
from shanzhi.core.kit.errors import InvalidInput, NotFound, Refused
from shanzhi.core.kit.ids import uuid7

pytestmark = [pytest.mark.django_db, pytest.mark.once]

EVENT, LIVE, ELSEWHERE = uuid7(), uuid7(), uuid7()


def _person(name: str, *capabilities: str) -> Actor:
    post = ActorPost(uuid7(), "x", uuid7(), None, frozenset(capabilities))
    return Actor(uuid7(), name, "desk", (post,))


AUDITOR = _person("示例审计", RETENTION_VIEW, RETENTION_SIGN, AUDIT_VIEW)
AUDITOR_2 = _person("示例审计乙", RETENTION_VIEW, RETENTION_SIGN, AUDIT_VIEW)
COMMANDER = _person("示例指挥", RETENTION_VIEW, RETENTION_SIGN, RESPONSE_APPROVE)
READER = _person("示例看官", RETENTION_VIEW)
CLERK = _person("示例录入", RETENTION_VIEW, RETENTION_SIGN)


def _holding(code: str, width: int) -> Holding:
    """Files of a width stand for the rows of one holding; their size tells the response (77: EVENT)."""

    def where(scope: Scope) -> tuple[str, list[Any]]:
        if scope.activation_id is None:
            return "t.width = %s AND t.received_at < %s", [width, scope.before]
        return "t.width = %s AND t.size = %s", [width, 77 if scope.activation_id == EVENT else 0]

    def count(scope: Scope) -> int:
        return digests.count("media_mediafile", *where(scope))

    def destroy(scope: Scope) -> Destroyed:
        return digests.delete("media_mediafile", *where(scope), columns=["size"], keys=["sha256"])

    return Holding(code, f"示例{code}", code, "测试", "test", "sensitive", 10, True, count, destroy)


@pytest.fixture(autouse=True)
def held(monkeypatch: pytest.MonkeyPatch, clock: FixedClock) -> Iterator[None]:
    """Two holdings and three responses: one ended, one live, one out of everybody's sight."""
    found = {"one": _holding("one", 1), "two": _holding("two", 2)}
    monkeypatch.setattr(holdings._HOLDINGS, "by_code", found)

    def find(activation_id: UUID) -> subjects.Subject | None:
        ended = {EVENT: clock.now(), LIVE: None, ELSEWHERE: clock.now()}
        if activation_id not in ended:
            return None
        return subjects.Subject(activation_id, "YJ-1", "示例响应", "示例依据", ended[activation_id])

    monkeypatch.setitem(subjects._KNOWN, "responses", (find, lambda actor, on: [EVENT, LIVE]))
    yield


def _rows(clock: FixedClock, width: int, count: int, *, size: int = 77, age: int = 1) -> None:
    for number in range(count):
        MediaFile.objects.create(
            sha256=f"{width}-{size}-{age}-{number}".ljust(64, "0"), size=size, type="jpeg", width=width, height=1,
            received_at=clock.now() - timedelta(days=age),
        )  # fmt: skip


def _planned(clock: FixedClock, days: int = 0) -> DestructionRun:
    at = clock.now()
    return actions.plan(EVENT, at.date() + timedelta(days=days), "示例依据", actor=COMMANDER, at=at)


def _do(run: DestructionRun, verb: str, actor: Actor, clock: FixedClock, reason: str = "") -> DestructionRun:
    return actions.perform(run.id, verb, actor=actor, at=clock.now(), reason=reason)


def _signed(clock: FixedClock, days: int = 0) -> DestructionRun:
    run = _planned(clock, days)
    for verb, actor in (("count", COMMANDER), ("sign", AUDITOR), ("sign", COMMANDER)):
        run = _do(run, verb, actor, clock)
    return run


def test_the_table_is_sound() -> None:
    assert DESTRUCTION.check() == []


def test_a_response_is_destroyed_with_a_certificate_that_verifies(clock: FixedClock) -> None:
    _rows(clock, 1, 3)
    _rows(clock, 2, 2)
    _rows(clock, 2, 4, size=5)
    expected = digests.digest("media_mediafile", "t.width = 1", columns=["size"], keys=["sha256"])
    run = _signed(clock)
    assert run.state == SIGNED
    assert MediaFile.objects.count() == 9  # signing destroys nothing by itself: the job does
    assert running.run_through(run.id, clock.now())
    run.refresh_from_db()
    assert [(line.holding, line.counted, line.destroyed, line.remained) for line in run.lines.all()] == [
        ("one", 3, 3, 0), ("two", 2, 2, 0),
    ]  # fmt: skip
    assert run.lines.all()[0].digest == expected.digest
    assert MediaFile.objects.count() == 4
    assert (run.state, run.first_signer, run.first_role, run.second_signer, run.second_role) == (
        DONE, "示例审计", "audit", "示例指挥", "command",
    )  # fmt: skip
    checked = certificate.check(run)
    assert (checked.right, checked.unsealed, checked.events, checked.problems) == (False, 7, 7, [])
    sealer.seal_all(clock.now())
    checked = certificate.check(run)
    assert (checked.right, checked.unsealed, len(checked.seals)) == (True, 0, 1)
    content = certificate.paper(run, "zh", clock.now())
    assert content.startswith(b"%PDF")
    assert running.run_through(run.id, clock.now())  # again: nothing happens
    assert RetentionEvent.objects.filter(run=run).count() == 7


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE retention_destructionline SET destroyed = 4 WHERE holding = 'one'",
        "UPDATE retention_destructionline SET digest = repeat('0', 64) WHERE holding = 'one'",
        "UPDATE retention_destructionrun SET second_signer = '别人'",
        "UPDATE retention_destructionrun SET second_role = 'audit'",
        "UPDATE retention_destructionrun SET basis = '别的'",
        "UPDATE retention_retentionevent SET rows = 4 WHERE holding = 'one'",
        "DELETE FROM retention_retentionevent WHERE verb = 'sign' AND role = 'audit'",
    ],
)
def test_what_is_changed_afterwards_is_found(clock: FixedClock, statement: str) -> None:
    _rows(clock, 1, 3)
    run = _signed(clock)
    running.run_through(run.id, clock.now())
    sealer.seal_all(clock.now())
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE retention_retentionevent DISABLE TRIGGER USER")
        cursor.execute(statement)
        assert cursor.rowcount == 1
    run.refresh_from_db()
    assert certificate.check(run).problems


def test_two_sides_sign_and_each_only_for_itself(clock: FixedClock) -> None:
    run = _planned(clock)
    with pytest.raises(UnknownEdge):
        _do(run, "sign", AUDITOR, clock)
    run = _do(run, "count", AUDITOR, clock)
    with pytest.raises(SignerRole):
        _do(run, "sign", CLERK, clock)
    with pytest.raises(Refused):
        _do(run, "sign", READER, clock)
    run = _do(run, "sign", AUDITOR, clock)
    with pytest.raises(SecondSigner):
        _do(run, "sign", AUDITOR, clock)
    with pytest.raises(SignerRole) as refused:
        _do(run, "sign", AUDITOR_2, clock)
    assert refused.value.params["missing_zh"] == "指挥"
    run.refresh_from_db()
    assert (run.state, run.second_signer) == (HALF_SIGNED, "")
    assert [edge.verb for edge in queries.allowed(run, AUDITOR)] == ["count", "drop"]
    assert [edge.verb for edge in queries.allowed(run, COMMANDER)] == ["sign", "count", "drop"]
    assert queries.allowed(run, READER) == []
    run = _do(run, "sign", COMMANDER, clock)
    with pytest.raises(Refused):
        _do(run, "finish", COMMANDER, clock)  # only the program does, when nothing is left
    assert DestructionRun.objects.get(id=run.id).state == SIGNED


def test_counting_again_takes_signatures_back_and_changed_counts_stop_them(clock: FixedClock) -> None:
    _rows(clock, 1, 2)
    run = _do(_planned(clock), "count", COMMANDER, clock)
    run = _do(run, "sign", AUDITOR, clock)
    _rows(clock, 1, 3, age=2)
    with pytest.raises(CountsChanged) as changed:
        _do(run, "sign", COMMANDER, clock)
    assert (changed.value.params["counted"], changed.value.params["now"]) == (2, 5)
    run = _do(run, "count", COMMANDER, clock)
    assert (run.first_signer, run.first_signer_id) == ("", None)
    assert run.lines.get(holding="one").counted == 5


def test_planning_is_for_responses_that_ended_and_are_in_sight(clock: FixedClock) -> None:
    at = clock.now()
    for activation, due, error in (
        (LIVE, 0, InvalidInput), (ELSEWHERE, 0, NotFound), (uuid7(), 0, NotFound), (EVENT, -1, InvalidInput),
        (EVENT, 500, InvalidInput),
    ):  # fmt: skip
        with pytest.raises(error):
            actions.plan(activation, at.date() + timedelta(days=due), "依据", actor=COMMANDER, at=at)
    with pytest.raises(Refused):
        actions.plan(EVENT, at.date(), "依据", actor=READER, at=at)
    assert not DestructionRun.objects.exists() and not RetentionEvent.objects.exists()
    first = _planned(clock)
    with pytest.raises(AlreadyPlanned):
        _planned(clock)
    _do(first, "drop", COMMANDER, clock, "填错了日期")
    assert DestructionRun.objects.get(id=first.id).state == DROPPED
    assert _planned(clock).number == f"XH{at.year}-0002"


def test_nothing_goes_before_its_day(clock: FixedClock) -> None:
    _rows(clock, 1, 1)
    run = _signed(clock, days=3)
    assert not running.run_through(run.id, clock.now())
    assert MediaFile.objects.count() == 1
    clock.advance(timedelta(days=3))
    assert go_on_destroying(timestamp=0) == 1
    assert MediaFile.objects.count() == 0


def test_a_hold_stops_destruction_until_another_person_lifts_it(clock: FixedClock) -> None:
    _rows(clock, 1, 2)
    _rows(clock, 2, 2)
    run, at = _signed(clock), clock.now()
    hold = actions.place_hold(
        activation_id=EVENT, holding="two", reason="法院要求", document="示例〔2026〕1号", until_on=None,
        actor=COMMANDER, at=at,
    )  # fmt: skip
    assert not running.run_through(run.id, at)
    states = dict(run.lines.values_list("holding", "state"))
    assert states == {"one": LineState.DONE, "two": LineState.HELD}
    assert MediaFile.objects.filter(width=2).count() == 2
    assert not running.run_through(run.id, at)
    assert RetentionEvent.objects.filter(run=run, verb="held").count() == 1
    with pytest.raises(HoldSecondPerson):
        actions.lift_hold(hold.id, "结束", actor=COMMANDER, at=at)
    with pytest.raises(InvalidInput):
        actions.lift_hold(hold.id, " ", actor=AUDITOR, at=at)
    assert LegalHold.objects.get().lifted_at is None
    actions.lift_hold(hold.id, "案件已结", actor=AUDITOR, at=at)
    with pytest.raises(HoldOver):
        actions.lift_hold(hold.id, "再来", actor=AUDITOR, at=at)
    assert running.run_through(run.id, at)
    assert not MediaFile.objects.exists()
    run.refresh_from_db()
    sealer.seal_all(at)
    assert certificate.check(run).right
    assert [one.document for one in certificate.holds_of(run)] == ["示例〔2026〕1号"]


def test_a_hold_ends_with_its_day(clock: FixedClock) -> None:
    _rows(clock, 1, 1)
    run, at = _signed(clock), clock.now()
    actions.place_hold(
        activation_id=None, holding="one", reason="信访", document="示例 2 号", until_on=at.date(),
        actor=AUDITOR, at=at,
    )  # fmt: skip
    assert not running.run_through(run.id, at)
    clock.advance(timedelta(days=1))
    assert go_on_destroying(timestamp=0) == 1


def test_a_hold_needs_something_and_a_right(clock: FixedClock) -> None:
    given: dict[str, Any] = {
        "activation_id": None, "holding": "one", "reason": "理由", "document": "1 号", "until_on": None,
        "at": clock.now(),
    }  # fmt: skip
    for changes, actor, error in (
        ({"holding": ""}, AUDITOR, InvalidInput), ({"holding": "nothing"}, AUDITOR, NotFound),
        ({"activation_id": ELSEWHERE}, AUDITOR, NotFound), ({"document": ""}, AUDITOR, InvalidInput),
        ({"until_on": clock.now().date() - timedelta(days=1)}, AUDITOR, InvalidInput), ({}, READER, Refused),
    ):  # fmt: skip
        with pytest.raises(error):
            actions.place_hold(**(given | changes), actor=actor)
    assert not LegalHold.objects.exists()


def test_by_night_what_is_too_old_goes_on_the_standing_rule(clock: FixedClock) -> None:
    _rows(clock, 1, 2, age=11)
    _rows(clock, 1, 3, age=9)
    assert destroy_what_is_old(timestamp=0) == 2
    run = DestructionRun.objects.get()
    assert (run.scope, run.state, run.rule, run.first_signer) == ("age", DONE, "standing-rule", "")
    assert [(line.holding, line.destroyed, line.remained) for line in run.lines.all()] == [("one", 2, 0)]
    sealer.seal_all(clock.now())
    assert certificate.check(run).right
    assert destroy_what_is_old(timestamp=0) == 0
    assert DestructionRun.objects.count() == 1  # nothing to destroy: no empty certificate
    clock.advance(timedelta(days=2))
    actions.place_hold(
        activation_id=EVENT, holding="", reason="法院要求", document="示例", until_on=None, actor=AUDITOR,
        at=clock.now(),
    )  # fmt: skip
    assert destroy_what_is_old(timestamp=0) == 0
    assert MediaFile.objects.count() == 3


def test_killed_between_two_lines_it_goes_on(clock: FixedClock, monkeypatch: pytest.MonkeyPatch) -> None:
    _rows(clock, 1, 2)
    _rows(clock, 2, 2)
    run = _signed(clock)
    two = holdings.known()["two"]

    def fails(scope: Scope) -> Destroyed:
        two.destroy(scope)
        raise KeyboardInterrupt

    broken = Holding(*[getattr(two, name) for name in list(two.__dataclass_fields__)[:-1]], fails)
    with monkeypatch.context() as patched:
        patched.setitem(holdings._HOLDINGS.by_code, "two", broken)
        with pytest.raises(KeyboardInterrupt):
            running.run_through(run.id, clock.now())
    assert MediaFile.objects.filter(width=2).count() == 2  # its transaction took everything back
    assert running.run_through(run.id, clock.now())
    run.refresh_from_db()
    assert [(line.counted, line.destroyed) for line in run.lines.all()] == [(2, 2), (2, 2)]
    assert RetentionEvent.objects.filter(run=run, verb="destroy").count() == 2
