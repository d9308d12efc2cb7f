"""Joint handling (会同处置): a lead unit and those who support it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from shanzhi.core.kit.clock import FixedClock

pytestmark = pytest.mark.django_db
TO_UNIT = ("accept", "file", "dispatch", "sign")


@pytest.fixture
def helper(unit_of: Callable[[str], Any], appoint: Callable[..., str]) -> str:
    """Somebody of the cleaning unit; its id."""
    appoint("baojie", "unit_handler", "CLEANING")
    return str(unit_of("CLEANING").id)


def test_joint_handling_happy(case: Any, helper: str, clock: FixedClock, photo: str) -> None:
    case.walk(*TO_UNIT)
    due, told = case.see()["due_at"], case.follow()["timeline"]
    assert case.status("baojie") == 404 and not case.queue("open", "baojie")
    after = case.do("add_support", unit_id=helper, note="请清运渣土")
    assert (after["state"], after["due_at"], after["unit_name"]) == ("signed", due, "示例区市政设施管护所")
    assert [(one["unit_name"], one["note"], one["done_at"]) for one in after["supports"]] == [
        ("示例区环境卫生所", "请清运渣土", None)
    ]
    assert case.status("baojie") == 200 and case.verbs("baojie") == {"finish_support"}
    assert case.queue("supports", "baojie") and case.queue("open", "baojie")
    error = case.refused("handle", "support-pending")
    assert "示例区环境卫生所" in error["message_zh"] and "handle" not in case.verbs("chuzhi")
    clock.advance(timedelta(minutes=40))
    case.do("finish_support", who="baojie", note="已清运", photos=[photo])
    one = case.see()["supports"][0]
    assert (one["done_at"], one["result"]) == ("2026-03-09T02:40:00Z", "已清运")
    assert not case.queue("supports", "baojie") and case.verbs("baojie") == set()
    assert case.see()["timeline"][-1]["unit_name"] == "示例区环境卫生所"
    assert case.walk("handle", "feed_back")["state"] == "inspecting"
    assert [one["text_zh"] for one in case.follow()["timeline"]][: len(told)] == [
        one["text_zh"] for one in told
    ]


def test_joint_handling_released_happy(case: Any, helper: str, unit_of: Callable[[str], Any]) -> None:
    case.walk(*TO_UNIT)
    order = str(unit_of("ORDER").id)
    for unit in (helper, order):
        case.do("add_support", unit_id=unit)
    after = case.do("release_support", unit_id=helper, note="不再需要")
    assert [one["result"] for one in after["supports"]] == ["不再需要", ""]
    assert case.status("baojie") == 404 and not case.queue("supports", "baojie")
    # Nor does a verb tell that there is such a case, or what it has come to.
    case.refused("urge", "not-found", who="baojie")
    case.refused("finish_support", "not-found", who="baojie", version=1)
    assert "示例区综合行政执法队" in case.refused("handle", "support-pending")["message_zh"]
    case.do("release_support", unit_id=order)
    # It may be asked again, and is asked once more.
    case.do("add_support", unit_id=helper)
    assert case.status("baojie") == 200 and len(case.see()["supports"]) == 2
    case.do("finish_support", who="baojie")
    assert case.walk("handle")["state"] == "handled"


def test_joint_handling_refused(case: Any, helper: str, unit_of: Callable[[str], Any]) -> None:
    case.walk("accept", "file")
    case.refused("add_support", "unknown-edge", unit_id=helper)
    case.walk("dispatch")
    case.only("add_support", unit_id=helper)
    case.refused_as("add_support", 404, who="baojie", unit_id=helper)
    case.needs("add_support", "unit_id")
    case.needs("add_support", "note", unit_id=helper)
    case.refused("add_support", "same-unit", unit_id=str(unit_of("ROADS").id))
    assert case.refused("add_support", "not-found", unit_id=str(uuid4()))["field"] == "unit_id"
    assert case.refused("release_support", "not-found", unit_id=helper)["field"] == "unit_id"
    case.refused("finish_support", "not-found")
    case.do("add_support", unit_id=helper)
    case.refused("add_support", "same-unit", unit_id=helper)
    case.needs("release_support", "unit_id")
    case.needs("release_support", "note", unit_id=helper)
    case.only("release_support", unit_id=helper)
    case.needs("finish_support", "note", who="baojie")
    # Chuzhi stands for the cleaning unit too; nobody else of the desks may say that it is done.
    case.only("finish_support")
    # Whoever supports does nothing else with the case.
    for verb in ("sign", "forward", "ask_extend", "urge"):
        case.refused_as(verb, 403 if verb == "urge" else 404, who="baojie", assignee_id=str(uuid4()))
    case.do("finish_support", who="baojie")
    case.refused("finish_support", "not-found", who="baojie")
    case.refused("release_support", "not-found", unit_id=helper)


@pytest.mark.parametrize("ending", [("ask_special", "approve_special"), ("ask_void", "approve_void")])
def test_nobody_is_waited_for_once_it_has_ended(ending: tuple[str, str], case: Any, helper: str) -> None:
    case.walk(*TO_UNIT)
    case.do("add_support", unit_id=helper)
    case.walk(*ending)
    assert not case.queue("supports", "baojie")
    [support] = case.see()["supports"]
    assert support["released_at"] == "2026-03-09T02:00:00Z"


def test_a_supporting_unit_that_gets_the_case_supports_no_more(case: Any, helper: str) -> None:
    case.walk(*TO_UNIT)
    case.do("add_support", unit_id=helper)
    case.do("reassign", unit_id=helper)
    assert not case.queue("supports", "baojie")
    case.do("sign", who="baojie")
    assert case.do("handle", who="baojie")["state"] == "handled"
