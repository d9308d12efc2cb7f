"""Many at once: the batch door, several steps of one case in a set, and repeated requests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest

from shanzhi.base.access import SYSTEM
from shanzhi.base.outbox.models import OutboxRow
from shanzhi.core.kit.clock import FixedClock
from shanzhi.core.kit.ids import uuid7
from shanzhi.work.cases import actions
from shanzhi.work.cases.actions import Given, Step
from shanzhi.work.cases.models import Case, CaseEvent

pytestmark = pytest.mark.django_db


def _chosen(*cases: Any) -> list[dict[str, Any]]:
    return [{"area": one.area, "id": one.id, "version": one.version()} for one in cases]


def test_many_happy(case: Any, new_case: Callable[..., Any], desks: Any) -> None:
    others = [new_case() for _ in range(3)]
    body = {"cases": _chosen(case, *others)}
    assert desks("shouli").post("/api/cases/many/accept", body) == (200, {"done": 4, "refused": []})
    rule = case.see("zhibanzhang")["conditions"][-1]["id"]
    body = {"cases": _chosen(case, *others), "condition_id": rule}
    assert desks("zhibanzhang").post("/api/cases/many/file", body)[1]["done"] == 4
    unit = case.see("paiqian")["suggestion"]["unit_id"]
    body = {"cases": _chosen(case, *others), "unit_id": unit}
    assert desks("paiqian").post("/api/cases/many/dispatch", body)[1]["done"] == 4
    body = {"cases": _chosen(case, *others), "note": "请抓紧"}
    assert desks("paiqian").post("/api/cases/many/urge", body)[1]["done"] == 4
    for one in (case, *others):
        seen = one.see()
        assert (seen["state"], seen["due_at"], one.clocks("urge")) == (
            "dispatched", "2026-03-10T02:00:00Z", ["running"],
        )  # fmt: skip
        assert one.events() == ["report", "accept", "file", "dispatch", "urge"]


def test_many_partly_happy(case: Any, new_case: Callable[..., Any], desks: Any) -> None:
    gone, stale, fine = new_case(), new_case(), new_case()
    gone.do("reject")
    body = {
        "cases": [*_chosen(case, gone, stale, fine), {"area": case.area, "id": str(uuid4()), "version": 1}]
    }
    stale.do("ask_verify")
    standing = [one.see() for one in (gone, stale)]
    status, answer = desks("shouli").post("/api/cases/many/accept", body)
    assert (status, answer["done"]) == (200, 2)
    found = {one["id"]: one["code"] for one in answer["refused"]}
    assert (found[gone.id], found[stale.id]) == ("unknown-edge", "version-conflict")
    assert sorted(found.values()) == ["not-found", "unknown-edge", "version-conflict"]
    assert all(one["message_zh"] and one["message_en"] for one in answer["refused"])
    assert (case.see()["state"], fine.see()["state"]) == ("accepted", "accepted")
    assert [one.see() for one in (gone, stale)] == standing


def test_many_refused(case: Any, new_case: Callable[..., Any], desks: Any) -> None:
    other = new_case()
    standing = [one.see() for one in (case, other)]
    body = {"cases": _chosen(case, other), "note": " "}
    for who in ("zhibanzhang", "paiqian", "wangge", "zhihui"):
        status, answer = desks(who).post("/api/cases/many/accept", body)
        assert (status, answer["done"], len(answer["refused"])) == (200, 0, 2)
        assert {one["code"] for one in answer["refused"]} == {"refused"}
    for who in ("xitong", "anquan", "shenji"):
        assert desks(who).post("/api/cases/many/accept", body)[0] == 403
    answer = desks("chuzhi").post("/api/cases/many/accept", body)[1]
    assert {one["code"] for one in answer["refused"]} == {"not-found"}
    answer = desks("shouli").post("/api/cases/many/reject", body)[1]
    assert {one["code"] for one in answer["refused"]} == {"missing-input"}
    for chosen in ([], _chosen(case) * 201):
        status, answer = desks("shouli").post("/api/cases/many/accept", {"cases": chosen})
        assert (status, answer["error"]["field"]) == (422, "cases")
    assert desks("shouli").post("/api/cases/many/rate", body)[0] == 404
    assert desks("shouli").post("/api/cases/many/no_such_verb", body)[1]["done"] == 0
    assert [one.see() for one in (case, other)] == standing


def _given(case: Any) -> tuple[Given, Given]:
    from django.utils.timezone import localdate

    from shanzhi.work.catalogue import queries as catalogue

    row = Case.objects.get(id=case.id)
    on = localdate(row.received_at)
    rule = catalogue.conditions_for_kind("010137", on, usable_only=True)[-1]
    unit, _, _ = catalogue.responsible_unit(rule.id, row.place_id, on)
    assert unit is not None
    return Given(condition_id=rule.id), Given(unit_id=unit.id)


def test_several_steps_of_one_case_are_done_in_their_order(
    case: Any, new_case: Callable[..., Any], clock: FixedClock
) -> None:
    other, third = new_case(), new_case()
    file, dispatch = _given(case)
    one, two, three = (UUID(found.id) for found in (case, other, third))
    note = Given(note="已修复")
    steps = [
        Step(one, "accept", SYSTEM, clock.now()),
        Step(three, "merge", SYSTEM, clock.now(), given=Given(master_id=two)),
        Step(one, "file", SYSTEM, clock.now(), given=file),
        Step(two, "file", SYSTEM, clock.now(), given=file),  # not accepted yet
        Step(one, "dispatch", SYSTEM, clock.now(), given=dispatch),
        Step(two, "accept", SYSTEM, clock.now()),
        Step(one, "ask_extend", SYSTEM, clock.now(), given=note),
        Step(one, "endorse_extend", SYSTEM, clock.now()),
        Step(one, "approve_extend", SYSTEM, clock.now()),
        Step(one, "sign", SYSTEM, clock.now()),
        Step(two, "decline", SYSTEM, clock.now(), given=note),
        Step(one, "handle", SYSTEM, clock.now(), given=note),
        Step(one, "feed_back", SYSTEM, clock.now(), given=note),
        Step(one, "sign", SYSTEM, clock.now()),  # too late
    ]
    found = actions.perform_many(case.area, steps)
    refused = {
        steps[at].verb: getattr(what, "code", "")
        for at, what in enumerate(found)
        if not isinstance(what, Case)
    }
    assert refused == {"file": "unknown-edge", "sign": "unknown-edge"} and len(found) == len(steps)
    assert case.see()["state"] == "inspecting" and case.clock("handle")["due_at"] == "2026-03-11T02:00:00Z"
    assert case.events() == ["report", *(step.verb for step in steps[:-1] if step.case_id == one)]
    assert (other.see()["state"], third.see()["state"]) == ("declined", "declined")
    assert third.told() == "未立案：已修复"
    sequences = CaseEvent.objects.filter(case_id=one).order_by("id").values_list("sequence", flat=True)
    assert sorted(sequences) == list(range(1, case.version() + 1))


def test_a_repeated_request_is_done_once(case: Any, clock: FixedClock) -> None:
    """Whether it comes twice in a set, or again later, in another set."""
    case.walk("accept", "file", "dispatch")
    _, dispatch = _given(case)
    one, key, other = UUID(case.id), uuid7(), uuid7()
    given = Given(assignee_id=_account("chuzhi"))
    steps = [
        Step(one, "forward", SYSTEM, clock.now(), given=given, event_id=key),
        Step(one, "forward", SYSTEM, clock.now(), given=given, event_id=key),
        Step(one, "forward", SYSTEM, clock.now(), given=given, event_id=other),
    ]
    before, news = case.version(), OutboxRow.objects.count()
    found = actions.perform_many(case.area, steps)
    assert all(isinstance(what, Case) for what in found)
    assert case.version() == before + 2 and case.events()[-2:] == ["forward", "forward"]
    standing = case.see()
    assert all(isinstance(what, Case) for what in actions.perform_many(case.area, steps))
    assert case.see() == standing and OutboxRow.objects.count() == news + 2


def _account(username: str) -> UUID:
    from shanzhi.city.people.models import Account

    return UUID(str(Account.objects.get(username=username).id))


def test_a_key_used_for_something_else_refused(case: Any, new_case: Callable[..., Any], desks: Any) -> None:
    """An Idempotency-Key names one request: for another verb or another case it is refused, not an error."""
    other, key = new_case(), {"Idempotency-Key": str(uuid7())}
    body = {"version": 1, "note": "示例"}
    assert desks("shouli").post(f"{case.address}/actions/accept", body, key)[0] == 200
    standing = [one.see() for one in (case, other)]
    assert desks("shouli").post(f"{case.address}/actions/accept", body, key)[0] == 200  # done once
    for address, verb, who in ((other.address, "accept", "shouli"), (case.address, "decline", "zhibanzhang")):
        again = {"version": 1 if verb == "accept" else 2, "note": "示例"}
        status, answer = desks(who).post(f"{address}/actions/{verb}", again, key)
        assert (status, answer["error"]["code"]) == (409, "same-key-other-request")
    assert [one.see() for one in (case, other)] == standing
