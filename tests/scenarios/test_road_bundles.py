"""Bundles (捆绑): several cases under one limit; all or none, and the own limit again afterwards."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from shanzhi.core.kit.clock import FixedClock

pytestmark = pytest.mark.django_db
TO_UNIT = ("accept", "file", "dispatch", "sign")
DUE = "2026-03-20T10:00:00Z"


@pytest.fixture
def bundle(desks: Any) -> Callable[..., tuple[int, dict[str, Any]]]:
    def make(*cases: Any, who: str = "paiqian", **changes: Any) -> tuple[int, dict[str, Any]]:
        body = {"area": "510107", "cases": [one.id for one in cases], "name": "示例路口整治", "due_at": DUE}
        status, answer = desks(who).post("/api/bundles", body | changes)
        return status, answer

    return make


@pytest.fixture
def three(case: Any, new_case: Callable[..., Any]) -> tuple[Any, Any, Any]:
    """Signed for, dispatched and filed."""
    other, third = new_case(), new_case()
    case.walk(*TO_UNIT)
    other.walk(*TO_UNIT[:-1])
    third.walk("accept", "file")
    return case, other, third


def test_bundle_happy(three: Any, bundle: Any, clock: FixedClock, fired: Callable[..., Any]) -> None:
    case, other, third = three
    clock.advance(timedelta(hours=1))
    told = case.follow()["timeline"]
    status, made = bundle(case, other, third)
    assert (status, made["cases"]) == (201, 3)
    for one in (case, other):
        seen = one.see()
        assert (seen["due_at"], seen["clock"]["name"], one.clock("handle")["due_at"]) == (DUE, "handle", DUE)
    # What is not with a unit yet keeps its limit to dispatch, and is then due with the others.
    assert third.see()["due_at"] == "2026-03-09T02:15:00Z"
    third.walk("dispatch")
    assert third.see()["due_at"] == DUE
    seen = case.see()["bundle"]
    assert (seen["id"], seen["name"], seen["due_at"]) == (made["id"], "示例路口整治", DUE)
    assert [one["number"] for one in seen["cases"]] == [other.number, third.number]
    assert "到 03-20 18:00 为止" in case.clock("handle")["sentence_zh"]
    assert case.follow()["timeline"] == told and case.follow()["due_at"] == DUE
    assert case.events()[-1] == "bundle"
    clock.advance(timedelta(days=2))
    assert fired(case.id) == [] and not case.queue("overdue", "chuzhi")
    case.walk("handle")
    assert case.walk("feed_back")["is_overdue"] is False
    # Another joins later, by the number of the bundle.
    late = other.__class__(other.receipt, other.sign_in, other.resident)
    late.walk("unbundle")
    assert late.do("bundle", bundle_id=made["id"])["due_at"] == DUE


def test_unbundle_happy(three: Any, bundle: Any, clock: FixedClock) -> None:
    case, other, third = three
    assert bundle(case, other, third)[0] == 201
    clock.advance(timedelta(hours=1))
    after = case.do("unbundle")
    # Its own limit, as if it had never been with the others.
    assert (after["due_at"], after["bundle"], after["state"]) == ("2026-03-10T02:00:00Z", None, "signed")
    assert [one["number"] for one in other.see()["bundle"]["cases"]] == [third.number]
    third.walk("unbundle", "dispatch")
    assert third.see()["due_at"] == "2026-03-10T03:00:00Z"
    assert case.walk("ask_extend", "endorse_extend", "approve_extend")["due_at"] == "2026-03-11T02:00:00Z"


def test_bundle_refused(three: Any, bundle: Any, new_case: Callable[..., Any], clock: FixedClock) -> None:
    case, other, third = three
    fresh = new_case()
    cases = (case, other, third, fresh)
    standing = [one.see() for one in cases]
    for who in ("shouli", "zhibanzhang", "chuzhi", "fuzeren", "wangge", "zhihui", "xitong", "shenji"):
        assert bundle(case, other, who=who)[0] == 403, who
    past = clock.now().isoformat()
    for wrong, field in (
        ({"name": " "}, "name"), ({"name": "长" * 101}, "name"), ({"due_at": past}, "due_at"),
        ({"cases": [case.id]}, "cases"), ({"cases": [case.id, case.id]}, "cases"),
        ({"cases": [str(uuid4()) for _ in range(201)]}, "cases"),
    ):  # fmt: skip
        status, answer = bundle(case, other, **wrong)
        assert (status, answer["error"]["field"]) == (422, field)
    # All or none: one that is not to be bundled, one that is not there.
    assert bundle(case, fresh)[1]["error"]["code"] == "unknown-edge"
    status, answer = bundle(case, other, cases=[case.id, str(uuid4())])
    assert (status, answer["error"]["code"]) == (404, "not-found")
    assert [one.see() for one in cases] == standing
    from shanzhi.work.cases.models import Bundle

    assert Bundle.objects.count() == 0


def test_bundle_of_what_stands_still_refused(three: Any, bundle: Any) -> None:
    case, other, third = three
    case.walk("ask_return", "approve_return")
    standing = [one.see() for one in three]
    status, answer = bundle(other, third, case)
    assert (status, answer["error"]["code"]) == (409, "no-own-limit")
    assert [one.see() for one in three] == standing


def test_unbundle_refused(three: Any, bundle: Any) -> None:
    case, other, _ = three
    case.refused("unbundle", "not-found")
    assert bundle(case, other)[0] == 201
    case.only("unbundle")
    case.needs("bundle", "bundle_id")
    assert case.refused("bundle", "not-found", bundle_id=str(uuid4()))["field"] == "bundle_id"
    assert "ask_extend" not in case.verbs("chuzhi")
    case.refused("ask_extend", "no-own-limit")
    case.walk("handle")
    case.refused("unbundle", "unknown-edge")
