"""Verification, duplicates, and what is handled on the spot: each as it is meant, and refused."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection

from shanzhi.base.access import SYSTEM
from shanzhi.core.kit.clock import FixedClock
from shanzhi.core.kit.errors import ShanzhiError
from shanzhi.work.cases import actions, effects
from shanzhi.work.cases.models import Case

pytestmark = pytest.mark.django_db
TO_CLOSE = ("accept", "file", "dispatch", "sign", "handle", "feed_back", "inspect", "close")


def test_verified_true(case: Any, clock: FixedClock) -> None:
    case.only("ask_verify", "zhibanzhang")
    case.do("ask_verify", who="shouli")
    assert case.see()["state"] == "verifying" and case.queue("verifying", "wangge")
    # 30 minutes day and night, from 10:00 in Shanghai.
    assert (case.clock("accept")["state"], case.clock("verify")["due_at"]) == (
        "stopped",
        "2026-03-09T02:30:00Z",
    )
    assert case.told() == "正在派人到现场核实。"
    case.only("verify_true")
    clock.advance(timedelta(minutes=12))
    after = case.do("verify_true")
    assert (after["state"], after["clock"], case.told()) == ("accepted", None, "现场核实情况属实。")
    assert case.walk("file")["state"] == "filed"


def test_verified_untrue(case: Any) -> None:
    case.walk("accept")
    case.do("ask_verify", who="zhibanzhang")
    case.only("verify_untrue")
    case.refused("verify_untrue", "note", note=" ")
    case.do("verify_untrue", note="现场未见积水。")
    seen, told = case.see(), case.follow()
    assert (seen["state"], seen["clock"], seen["close_zh"]) == ("untrue", None, "")
    assert (told["step"], told["timeline"][-1]["text_zh"]) == (
        0, "工作人员到现场核实，未发现您反映的情况：现场未见积水。",
    )  # fmt: skip
    assert case.queue("closed", "zhihui")
    case.refused("accept", "unknown-edge")


def test_who_reported_does_not_verify(case: Any) -> None:
    Case.objects.filter(id=case.id).update(reporter_id=_account("wangge"))
    case.do("ask_verify", who="shouli")
    case.refused("verify_true", "same-person", who="wangge")
    case.refused("verify_untrue", "same-person", who="wangge")
    assert case.do("verify_true", who="xuncha")["state"] == "accepted"


def _account(username: str) -> UUID:
    from shanzhi.city.people.models import Account

    return UUID(str(Account.objects.get(username=username).id))


def test_a_duplicate_goes_the_way_of_its_master(
    case: Any, new_case: Callable[..., Any], clock: FixedClock
) -> None:
    case.walk("accept", "file")
    clock.advance(timedelta(minutes=5))
    other = new_case(lon=104.0311, address="示例巷 3 号对面")
    assert [one["number"] for one in other.see("shouli")["alike"]] == [case.receipt["number"]]
    other.only("merge", "zhibanzhang", "paiqian", master_id=case.id)
    other.refused("merge", "master_id", master_id=None)
    after = other.do("merge", master_id=case.id)
    assert (after["state"], after["clock"], after["master"]["number"]) == (
        "merged",
        None,
        case.receipt["number"],
    )
    assert other.clock("accept")["state"] == "stopped"
    assert [one["number"] for one in case.see()["duplicates"]] == [other.receipt["number"]]
    assert other.told().startswith("此前已有人反映同一问题")
    assert (other.follow()["step"], case.follow()["step"]) == (2, 2)
    case.walk("dispatch", "sign")
    assert (other.follow()["step"], other.follow()["state_public_zh"]) == (3, "处理中")
    unit = case.see()["unit_name"]
    assert [one["text_zh"] for one in other.follow()["timeline"]][2:] == [
        f"已交给{unit}处理。",
        f"{unit}已开始处理。",
    ]
    case.walk("handle", "feed_back", "inspect", "close")
    assert (other.see()["state"], other.see()["close_zh"]) == ("closed", "并案结案")
    assert (other.told(), other.follow()["allowed_actions"]) == ("已办结，请您评价。", ["rate"])
    assert other.rate(solved=True) == 200


def test_a_duplicate_ends_with_its_master(case: Any, new_case: Callable[..., Any]) -> None:
    other = new_case()
    other.do("merge", master_id=case.id)
    case.do("reject", note="不属本区管辖。")
    assert (other.see()["state"], other.told()) == ("declined", "未立案：不属本区管辖。")


def test_a_merge_can_be_undone(case: Any, new_case: Callable[..., Any]) -> None:
    other = new_case()
    other.do("merge", master_id=case.id)
    other.only("unmerge", "zhibanzhang", "paiqian")
    other.refused("unmerge", "note", note="")
    after = other.do("unmerge")
    assert (after["state"], after["master"], case.see()["duplicates"]) == ("accepted", None, [])
    assert other.told() == "经复核，您的反映已单独办理。"
    case.do("reject")
    assert other.see()["state"] == "accepted"


def test_what_cannot_be_a_master(case: Any, new_case: Callable[..., Any]) -> None:
    other, third = new_case(), new_case()
    other.refused("merge", "master_id", master_id=str(uuid4()))
    other.refused("merge", "not-mergeable", master_id=other.id)
    other.do("merge", master_id=case.id)
    third.refused("merge", "not-mergeable", master_id=other.id)  # merged itself
    case.refused("merge", "not-mergeable", master_id=third.id)  # others are merged into it
    third.do("reject")
    new_case().refused("merge", "not-mergeable", master_id=third.id)  # ended


def test_a_case_is_found_by_its_number_to_merge_with(case: Any, sign_in: Callable[..., Any]) -> None:
    number = case.receipt["number"]
    assert [one["id"] for one in sign_in("shouli").get(f"/api/cases/numbers/{number}")[1]] == [case.id]
    assert sign_in("chuzhi").get(f"/api/cases/numbers/{number}")[1] == []
    assert sign_in("shouli").get("/api/cases/numbers/0")[1] == []


@pytest.mark.django_db(transaction=True)
def test_merging_and_closing_at_once_wait_for_each_other(
    case: Any, new_case: Callable[..., Any], clock: FixedClock
) -> None:
    case.walk(*TO_CLOSE[:-1])
    area = case.receipt["area"]
    for _ in range(12):
        master, other = new_case(), new_case()
        barrier, found = threading.Barrier(2), []

        def do(target: Any, verb: str, given: actions.Given) -> None:
            try:
                barrier.wait()  # noqa: B023
                actions.perform(
                    area, UUID(target.id), verb, actor=SYSTEM, at=clock.now(), version=None, given=given
                )
                found.append(verb)  # noqa: B023
            except ShanzhiError as error:
                found.append(error.code)  # noqa: B023
            finally:
                connection.close()

        threads = [
            threading.Thread(target=do, args=(other, "merge", actions.Given(master_id=UUID(master.id)))),
            threading.Thread(target=do, args=(master, "reject", actions.Given(note="示例"))),
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        ended = other.see()["state"]
        assert sorted(found) in (["merge", "reject"], ["not-mergeable", "reject"])
        assert ended == ("declined" if "merge" in found else "reported")


def test_handled_on_the_spot_and_looked_at(case: Any, draw: Callable[[float], None], photo: str) -> None:
    draw(0.0)
    case.only("self_handle", photos=[photo])
    case.refused("self_handle", "photos", photos=[])
    case.do("self_handle", photos=[photo])
    seen = case.see("shouli")
    assert (seen["state"], seen["clock"]["name"], case.told()) == (
        "self_handled", "accept", "网格员已现场处理，正在审核。",
    )  # fmt: skip
    assert [photo["stage"] for photo in seen["photos"]] == ["after"] and case.queue("self_handled", "shouli")
    case.only("confirm_self")
    after = case.do("confirm_self")
    assert (after["state"], after["close_zh"], case.told()) == (
        "closed", "自处置结案", "已现场处理完毕，请您评价。",
    )  # fmt: skip
    assert case.clock("accept")["state"] == "stopped"


def test_evidence_that_does_not_do(case: Any, draw: Callable[[float], None], photo: str) -> None:
    draw(0.0)
    case.do("self_handle", photos=[photo])
    case.refused("doubt_self", "note", note="")
    after = case.do("doubt_self")
    assert (after["state"], case.told()) == ("accepted", "现场处理尚未到位，转入正常办理。")
    assert case.walk("file", "dispatch", "sign")["state"] == "signed"


def test_what_is_drawn_is_inspected_by_another(
    case: Any, new_case: Callable[..., Any], draw: Callable[[float], None], photo: str
) -> None:
    draw(1.0)
    case.do("self_handle", photos=[photo])
    seen = case.see()
    assert (seen["state"], seen["clock"]["name"]) == ("sampled", "inspect")
    assert [one["verb"] for one in seen["timeline"]] == ["report", "self_handle", "draw"]
    assert case.queue("sampled", "xuncha")
    case.refused("confirm_self", "unknown-edge")
    case.refused("pass_sample", "same-person", who="wangge")
    case.refused("fail_sample", "same-person", who="wangge")
    after = case.do("pass_sample")
    assert (after["state"], after["close_zh"]) == ("closed", "自处置结案")
    other = new_case()
    other.do("self_handle", photos=[photo])
    other.refused("fail_sample", "note", note=" ")
    assert other.do("fail_sample")["state"] == "accepted"
    assert other.told() == "现场处理尚未到位，转入正常办理。"


def test_about_the_configured_share_is_drawn(draw: Callable[[float], None]) -> None:
    draw(0.1)
    drawn = sum(effects.is_drawn("510107", uuid4()) for _ in range(4000))
    # Six standard deviations around 400.
    assert 286 <= drawn <= 514


def test_rated_not_solved_without_a_filing_goes_to_be_filed(
    case: Any, draw: Callable[[float], None], photo: str
) -> None:
    draw(0.0)
    case.do("self_handle", photos=[photo])
    case.do("confirm_self")
    assert case.rate(solved=False) == 200
    case.only("reopen_unfiled")
    case.refused("reopen", "never-filed")
    after = case.do("reopen_unfiled")
    assert (after["state"], after["close_zh"]) == ("accepted", "")
    assert case.walk("file", "dispatch")["clock"]["name"] == "handle"
