"""Handled on the spot (自处置): the rest closes on a look at the evidence, a drawn sample is inspected by another."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from shanzhi.core.kit.clock import FixedClock
from shanzhi.core.kit.ids import uuid7
from shanzhi.work.cases import effects

pytestmark = pytest.mark.django_db


def test_self_handled_not_drawn_happy(
    case: Any, draw: Callable[[float], None], photo: str, clock: FixedClock
) -> None:
    draw(0.0)
    clock.advance(timedelta(minutes=3))
    case.do("self_handle", photos=[photo], note="已扶正")
    seen = case.see()
    # It is to be looked at within the limit to accept.
    assert (seen["state"], seen["clock"]["name"], seen["due_at"]) == (
        "self_handled", "accept", "2026-03-09T02:15:00Z",
    )  # fmt: skip
    assert (case.told(), case.follow()["step"]) == ("网格员已现场处理，正在审核。", 4)
    assert [one["stage"] for one in seen["photos"]] == ["after"]
    assert case.follow()["photos_after"] == [photo]
    assert case.queue("self_handled", "shouli") and not case.queue("reported", "shouli")
    clock.advance(timedelta(minutes=3))
    after = case.do("confirm_self")
    assert (after["state"], after["close_zh"], after["clock"]) == ("closed", "自处置结案", None)
    assert case.clock("accept")["stopped_at"] == "2026-03-09T02:06:00Z"
    assert (case.told(), case.follow()["step"]) == ("已现场处理完毕，请您评价。", 5)
    assert case.events() == ["report", "self_handle", "confirm_self"]
    assert case.follow()["allowed_actions"] == ["rate"] and case.rate(solved=True) == 200


def test_self_handled_evidence_not_accepted_happy(
    case: Any, draw: Callable[[float], None], photo: str
) -> None:
    draw(0.0)
    case.do("self_handle", photos=[photo])
    after = case.do("doubt_self", note="照片看不清")
    assert (after["state"], after["clock"], case.clock("accept")["state"]) == ("accepted", None, "stopped")
    assert (case.told(), case.follow()["step"]) == ("现场处理尚未到位，转入正常办理。", 1)
    assert case.queue("accepted", "zhibanzhang") and not case.queue("self_handled", "shouli")
    assert case.walk("file", "dispatch", "sign")["state"] == "signed"


def test_self_handled_refused(
    case: Any, draw: Callable[[float], None], photo: str, appoint: Callable[..., str]
) -> None:
    draw(0.0)
    case.only("self_handle", photos=[photo])
    case.needs("self_handle", "photos", blank=[])
    assert case.refused_as("self_handle", 422, photos=["0" * 64])["code"] == "unknown-photo"
    case.refused("confirm_self", "unknown-edge")
    case.do("self_handle", photos=[photo])
    case.only("confirm_self")
    case.only("doubt_self")
    case.needs("doubt_self", "note")
    for verb in ("accept", "reject", "merge", "self_handle"):
        case.refused(verb, "unknown-edge")
    case.refused("pass_sample", "unknown-edge")
    case.only_the_program("draw")
    # Whoever handled it does not look at the evidence, in whatever post.
    appoint("wangge", "acceptor")
    assert "confirm_self" not in case.verbs("wangge")
    case.refused("confirm_self", "same-person", who="wangge")


def test_self_handled_drawn_happy(
    case: Any, new_case: Callable[..., Any], draw: Callable[[float], None], photo: str, clock: FixedClock
) -> None:
    draw(1.0)
    clock.advance(timedelta(minutes=3))
    case.do("self_handle", photos=[photo])
    seen = case.see()
    assert (seen["state"], seen["clock"]["name"], seen["due_at"]) == (
        "sampled", "inspect", "2026-03-09T02:33:00Z",
    )  # fmt: skip
    assert case.events() == ["report", "self_handle", "draw"]
    assert seen["timeline"][-1]["actor_name"] == "系统" and case.told() == "网格员已现场处理，正在审核。"
    assert case.queue("sampled", "xuncha") and not case.queue("self_handled", "shouli")
    after = case.do("pass_sample")
    assert (after["state"], after["close_zh"], after["clock"]) == ("closed", "自处置结案", None)
    assert case.told() == "已现场处理并经另一位工作人员核查，请您评价。"
    other = new_case()
    other.do("self_handle", photos=[photo])
    after = other.do("fail_sample", note="仍未恢复")
    assert (after["state"], after["clock"], other.clock("inspect")["state"]) == ("accepted", None, "stopped")
    assert other.told() == "现场处理尚未到位，转入正常办理。"
    assert other.queue("accepted", "zhibanzhang")


def test_self_handled_drawn_refused(case: Any, draw: Callable[[float], None], photo: str) -> None:
    draw(1.0)
    case.do("self_handle", photos=[photo])
    case.only("pass_sample")
    case.only("fail_sample")
    case.needs("fail_sample", "note")
    assert case.verbs("wangge") == set()
    for verb in ("pass_sample", "fail_sample"):
        case.refused(verb, "same-person", who="wangge")
    for verb in ("confirm_self", "doubt_self"):
        case.refused(verb, "unknown-edge")


def test_about_the_configured_share_is_drawn(draw: Callable[[float], None]) -> None:
    ids = [uuid7() for _ in range(5000)]
    # Six standard deviations around what is to be expected: once in 500 million runs it fails by chance.
    for share, least, most in ((0.1, 373, 627), (0.5, 2288, 2712)):
        draw(share)
        assert least <= sum(effects.is_drawn("510107", found) for found in ids) <= most
    draw(0.1)
    drawn = {found for found in ids if effects.is_drawn("510107", found)}
    assert drawn == {found for found in ids if effects.is_drawn("510107", found)}  # settled, not thrown anew
    assert drawn != {found for found in ids if effects.is_drawn("510104", found)}
    draw(0.0)
    assert not any(effects.is_drawn("510107", found) for found in ids)
    draw(1.0)
    assert all(effects.is_drawn("510107", found) for found in ids)


def test_nobody_foresees_the_draw(settings: Any) -> None:
    """It hangs on a key that only the program holds."""
    ids = [UUID(int=number) for number in range(2000)]
    before = [effects.is_drawn("510107", found) for found in ids]
    settings.SHANZHI_FOLLOW_KEY = "示例" * 20
    assert [effects.is_drawn("510107", found) for found in ids] != before
