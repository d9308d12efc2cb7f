"""Returns and arbitration, reassigning, forwarding, joint handling: each as it is meant, and refused."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from shanzhi.core.kit.clock import FixedClock

pytestmark = pytest.mark.django_db
TO_UNIT = ("accept", "file", "dispatch")


def _account(username: str) -> str:
    from shanzhi.city.people.models import Account

    return str(Account.objects.get(username=username).id)


def test_a_return_cites_a_line_of_the_catalogue(case: Any) -> None:
    case.walk(*TO_UNIT)
    assert case.see("chuzhi")["conditions"][0]["id"] == case.see("chuzhi")["condition"]["id"]
    case.refused("ask_return", "condition_id", condition_id=None)
    case.refused("ask_return", "condition_id", condition_id="00000000-0000-7000-8000-000000000000")
    case.do("ask_return", note="属道路养护范围")
    asked = case.request("return")
    assert (asked["note"], asked["cited"]["id"]) == ("属道路养护范围", case.see()["condition"]["id"])
    assert case.queue("approvals", "paiqian") and case.queue("returning", "paiqian")
    assert not case.queue("approvals", "zhibanzhang")
    case.only("withdraw_return")
    after = case.do("withdraw_return")
    assert (after["state"], after["clock"]["name"], case.request("return")["state"]) == (
        "dispatched", "handle", "withdrawn",
    )  # fmt: skip


def test_after_two_refusals_the_shift_lead_rules(case: Any) -> None:
    case.walk(*TO_UNIT)
    for times in (1, 2):
        case.walk("ask_return", "refuse_return")
        assert case.see()["refused_returns"] == times
    case.do("ask_return")
    assert case.queue("approvals", "zhibanzhang") and not case.queue("approvals", "paiqian")
    case.refused("approve_return", "for-arbitration")
    case.refused("refuse_return", "for-arbitration")
    case.only("overrule_return")
    case.refused("overrule_return", "note", note="")
    assert case.do("overrule_return")["state"] == "dispatched"
    case.do("ask_return")
    case.only("uphold_return")
    after = case.do("uphold_return")
    assert (after["state"], after["clock"]["name"], after["refused_returns"]) == ("filed", "dispatch", 3)


def test_the_shift_lead_does_not_rule_before(case: Any) -> None:
    case.walk(*TO_UNIT, "ask_return")
    case.refused("uphold_return", "not-yet-for-arbitration")
    case.refused("overrule_return", "not-yet-for-arbitration")


def test_another_unit_begins_with_a_clean_slate(case: Any, unit_of: Callable[[str], Any]) -> None:
    case.walk(*TO_UNIT, "ask_return", "refuse_return", "ask_return", "approve_return")
    after = case.do("dispatch", unit_id=str(unit_of("ORDER").id))
    assert (after["refused_returns"], after["unit_name"]) == (0, unit_of("ORDER").name)


def test_reassigned_the_other_unit_has_the_whole_limit(
    case: Any, unit_of: Callable[[str], Any], clock: FixedClock
) -> None:
    case.walk(*TO_UNIT, "sign", "ask_extend")
    case.do("urge")
    clock.advance(timedelta(minutes=60))
    other, own = unit_of("ORDER"), unit_of("ROADS")
    case.only("reassign", unit_id=str(other.id))
    case.refused("reassign", "note", unit_id=str(other.id), note="")
    case.refused("reassign", "unit_id", unit_id=None)
    case.refused("reassign", "same-unit", unit_id=str(own.id))
    after = case.do("reassign", unit_id=str(other.id), note="派错")
    assert (after["state"], after["unit_name"], after["due_at"]) == (
        "dispatched", other.name, "2026-03-10T03:00:00Z",
    )  # fmt: skip
    assert [case.request(kind)["state"] for kind in ("extend", "urge")] == ["lapsed", "lapsed"]
    assert case.told() == f"已转交{other.name}处理。"
    assert after["timeline"][-1]["named"] == other.name


def test_forwarded_to_a_colleague(case: Any, clock: FixedClock) -> None:
    from django.utils.timezone import localdate

    from shanzhi.base.access import SYSTEM
    from shanzhi.city.people import actions as people
    from shanzhi.city.people.models import Unit

    unit = Unit.objects.get(code="DEMO-ROADS")
    colleague = people.Enrolment("tongshi", "处置员丑", "unit_handler", unit.place_id, unit.id)
    people.enrol([colleague], "Shanzhi-2026", from_on=localdate(clock.now()), actor=SYSTEM, at=clock.now())
    case.walk(*TO_UNIT, "sign")
    assert {one["name"] for one in case.see("chuzhi")["colleagues"]} == {"处置员丁", "处置员丑"}
    case.only("forward", assignee_id=_account("tongshi"))
    case.refused("forward", "assignee_id", assignee_id=None)
    case.refused("forward", "assignee_id", assignee_id=_account("wangge"))
    after = case.do("forward", assignee_id=_account("tongshi"))
    assert (after["state"], after["assignee_name"]) == ("signed", "处置员丑")
    assert case.queue("mine", "tongshi") and not case.queue("mine", "chuzhi")
    assert case.told() == f"{unit.name}已开始处理。"  # the resident is not told of it


def test_joint_handling_under_a_lead_unit(
    case: Any, unit_of: Callable[[str], Any], clock: FixedClock, sign_in: Callable[..., Any]
) -> None:
    from django.utils.timezone import localdate

    from shanzhi.base.access import SYSTEM
    from shanzhi.city.people import actions as people

    other = unit_of("ORDER")
    helper = people.Enrolment("xieban", "协办员寅", "unit_handler", other.place_id, other.id)
    people.enrol([helper], "Shanzhi-2026", from_on=localdate(clock.now()), actor=SYSTEM, at=clock.now())
    case.walk(*TO_UNIT, "sign")
    assert sign_in("xieban").get(case.address)[0] == 404
    case.only("add_support", unit_id=str(other.id))
    case.refused("add_support", "note", unit_id=str(other.id), note="")
    case.refused("add_support", "same-unit", unit_id=str(unit_of("ROADS").id))
    case.do("add_support", unit_id=str(other.id), note="请疏导摊位")
    case.refused("add_support", "same-unit", unit_id=str(other.id))
    assert case.queue("supports", "xieban") and case.queue("open", "xieban")
    assert case.verbs("xieban") == {"finish_support"}
    case.refused("handle", "support-pending")
    case.refused("handle", "not-found", who="xieban")
    case.refused("finish_support", "note", who="xieban", note=" ")
    case.do("finish_support", who="xieban", note="已疏导")
    [support] = case.see()["supports"]
    assert (support["unit_name"], support["result"], bool(support["done_at"])) == (other.name, "已疏导", True)
    assert case.do("handle")["state"] == "handled"


def test_a_supporting_unit_that_is_released(
    case: Any, unit_of: Callable[[str], Any], sign_in: Callable[..., Any]
) -> None:
    other = unit_of("CLEANING")
    case.walk(*TO_UNIT, "sign")
    case.do("add_support", unit_id=str(other.id))
    case.only("release_support", unit_id=str(other.id))
    case.refused("release_support", "unit_id", unit_id=str(unit_of("ORDER").id))
    case.do("release_support", unit_id=str(other.id), note="不再需要")
    assert case.see()["supports"][0]["released_at"] and not case.queue("supports", "chuzhi")
    assert case.do("handle")["state"] == "handled"
