"""Duplicates: linked to the master, shown its way, ended with it, and undone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from shanzhi.core.kit.clock import FixedClock

pytestmark = pytest.mark.django_db
TO_INSPECTED = ("dispatch", "sign", "handle", "feed_back", "inspect")


def test_duplicate_happy(case: Any, new_case: Callable[..., Any], clock: FixedClock) -> None:
    case.walk("accept", "file")
    clock.advance(timedelta(minutes=5))
    other, third = new_case(lon=104.0311, address="示例巷 3 号对面"), new_case(lon=104.0311)
    assert case.number in [one["number"] for one in other.see("shouli")["alike"]]
    third.walk("accept", "file")
    after = other.do("merge", master_id=case.id)
    assert (after["state"], after["clock"], after["due_at"]) == ("merged", None, None)
    assert after["master"]["number"] == case.number
    third.do("merge", who="paiqian", master_id=case.id)
    assert (other.clock("accept")["state"], third.clock("dispatch")["state"]) == ("stopped", "stopped")
    assert [one["number"] for one in case.see()["duplicates"]] == [other.number, third.number]
    assert other.told() == "此前已有人反映同一问题，已合并办理，进展以下同步显示。"
    assert other.queue("merged", "shouli") and not other.queue("reported", "shouli")
    steps = []
    for verb in (None, *TO_INSPECTED):
        if verb:
            case.walk(verb)
        seen = (other.follow()["step"], other.follow()["state_public_zh"], other.follow()["due_at"])
        assert seen == (case.follow()["step"], case.follow()["state_public_zh"], case.follow()["due_at"])
        steps.append(seen[0])
    assert steps == [2, 2, 3, 3, 4, 4]
    assert other.follow()["allowed_actions"] == []
    # Closing the master closes all of them, in one step.
    case.walk("close")
    for one in (other, third):
        seen = one.see()
        assert (seen["state"], seen["close_zh"], one.told()) == ("closed", "并案结案", "已办结，请您评价。")
        assert seen["timeline"][-1]["actor_name"] == "系统"
        assert one.follow()["allowed_actions"] == ["rate"]
        assert one.events()[-2:] == ["merge", "close_with_master"]
        assert one.queue("closed", "zhihui") and not one.queue("open", "zhihui")
    assert case.see()["close_zh"] == "正常结案"
    assert other.rate(solved=True) == 200


def test_duplicate_refused(case: Any, new_case: Callable[..., Any]) -> None:
    other, third = new_case(), new_case()
    other.only("merge", "zhibanzhang", "paiqian", master_id=case.id)
    other.needs("merge", "master_id")
    assert other.refused("merge", "not-found", master_id=str(uuid4()))["field"] == "master_id"
    assert other.refused("merge", "not-mergeable", master_id=other.id)["field"] == "master_id"
    other.do("merge", master_id=case.id)
    other.refused("merge", "unknown-edge", master_id=third.id)
    assert "本身已并入" in third.refused("merge", "not-mergeable", master_id=other.id)["message_zh"]
    assert "请先撤销" in case.refused("merge", "not-mergeable", master_id=third.id)["message_zh"]
    third.do("reject")
    assert "已经办结" in new_case().refused("merge", "not-mergeable", master_id=third.id)["message_zh"]
    late = new_case()
    late.walk("accept", "file", "dispatch")
    late.refused("merge", "unknown-edge", master_id=case.id)
    # What only the program does.
    for verb in ("close_with_master", "end_with_master"):
        other.only_the_program(verb)


ENDINGS = [
    ((), (("reject", ""),), "不属本区管辖。"),
    (("accept",), (("decline", ""),), "现场未见。"),
    (("ask_verify",), (("verify_untrue", ""),), "现场未见。"),
    (("accept", "file"), (("ask_void", ""), ("approve_void", "")), "重复登记。"),
]


@pytest.mark.parametrize(("before", "ending", "note"), ENDINGS, ids=[one[1][-1][0] for one in ENDINGS])
def test_duplicate_ends_with_its_master_happy(
    before: tuple[str, ...], ending: Any, note: str, case: Any, new_case: Callable[..., Any]
) -> None:
    other = new_case()
    other.do("merge", master_id=case.id)
    case.walk(*before)
    for verb, who in ending:
        case.do(verb, who=who, note=note)
    seen = other.see()
    assert (seen["state"], other.told(), seen["close_zh"]) == ("declined", f"未立案：{note}", "")
    assert (other.events()[-1], other.follow()["step"]) == ("end_with_master", 0)
    assert other.rate(solved=True) == 409


def test_unmerge_happy(case: Any, new_case: Callable[..., Any]) -> None:
    other = new_case()
    other.do("merge", master_id=case.id)
    after = other.do("unmerge", note="不是同一处")
    assert (after["state"], after["master"], after["clock"]) == ("accepted", None, None)
    assert case.see()["duplicates"] == []
    assert (other.told(), other.follow()["step"]) == ("经复核，您的反映已单独办理。", 1)
    assert other.queue("accepted", "zhibanzhang") and not other.queue("merged", "shouli")
    case.do("reject")
    assert other.see()["state"] == "accepted"  # it goes its own way now
    case = new_case()
    case.do("merge", master_id=other.id)  # and may be a master itself
    assert other.walk("file", *TO_INSPECTED)["state"] == "inspected"


def test_unmerge_refused(case: Any, new_case: Callable[..., Any]) -> None:
    other = new_case()
    other.refused("unmerge", "unknown-edge")
    other.do("merge", master_id=case.id)
    other.only("unmerge", "zhibanzhang", "paiqian")
    other.needs("unmerge", "note")
    case.do("reject")
    other.refused("unmerge", "unknown-edge")


def test_a_reopened_duplicate_stands_on_its_own(case: Any, new_case: Callable[..., Any]) -> None:
    other = new_case()
    other.do("merge", master_id=case.id)
    case.walk("accept", "file", *TO_INSPECTED, "close")
    assert other.rate(solved=False) == 200
    assert other.do("reopen_unfiled")["state"] == "accepted"
    assert other.see()["master"] is None and case.see()["duplicates"] == []
    third = new_case()
    assert other.number in [one["number"] for one in third.see("shouli")["alike"]]
    assert third.do("merge", master_id=other.id)["state"] == "merged"
    other.do("decline", note="现场未见。")
    assert third.see()["state"] == "declined"
    assert case.see()["state"] == "closed"


def test_all_or_nothing_when_a_duplicate_cannot_follow(
    case: Any, new_case: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Master and duplicates end in one transaction: when one cannot be written, none is."""
    from shanzhi.core.kit.errors import NotFound
    from shanzhi.work.cases import effects

    other, third = new_case(), new_case()
    for one in (other, third):
        one.do("merge", master_id=case.id)
    whole, seen = effects.end, []

    def broken(ended: Any, step: Any, batch: Any) -> None:
        seen.append(str(ended.id))
        if len(seen) == 3:
            raise NotFound
        whole(ended, step, batch)

    monkeypatch.setattr(effects, "end", broken)
    standing = [one.see() for one in (case, other, third)]
    status, _ = case.send("reject")
    assert status == 404 and len(seen) == 3 and seen[0] == case.id
    assert [one.see() for one in (case, other, third)] == standing
