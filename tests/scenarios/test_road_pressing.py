"""Urging and supervision (催办、督办): an answer is due, beside the handling clock."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from shanzhi.core.kit.clock import FixedClock

pytestmark = pytest.mark.django_db
TO_UNIT = ("accept", "file", "dispatch")
PRESSED = [
    # verb, who else may, answer due, warns after, due after
    ("urge", ("zhibanzhang", "paiqian", "zhihui"), "2026-03-09T08:00:00Z", {"hours": 5, "minutes": 12},
     {"hours": 6}),
    ("supervise", ("zhibanzhang",), "2026-03-10T02:00:00Z", {"hours": 22, "minutes": 24}, {"hours": 24}),
]  # fmt: skip
IDS = [one[0] for one in PRESSED]


@pytest.mark.parametrize(("verb", "others", "due", "warns", "breaches"), PRESSED, ids=IDS)
def test_pressing_happy(
    verb: str, others: Any, due: str, warns: Any, breaches: Any, case: Any, clock: FixedClock,
    fired: Callable[..., Any],
) -> None:  # fmt: skip
    begun = clock.now()
    case.walk(*TO_UNIT)
    told = case.follow()["timeline"]
    after = case.do(verb, note="居民再次来电")
    # The case itself is due when it was, and shows that clock.
    assert (after["state"], after["clock"]["name"], after["due_at"]) == (
        "dispatched", "handle", "2026-03-10T02:00:00Z",
    )  # fmt: skip
    assert case.request(verb)["due_at"] == case.clock(verb)["due_at"] == due
    assert (case.clock(verb)["state"], case.request(verb)["note"]) == ("running", "居民再次来电")
    assert case.queue("answers", "chuzhi") and case.queue("supervised", "zhihui") is (verb == "supervise")
    clock.advance(timedelta(**warns) - timedelta(seconds=1))
    assert verb not in dict(fired(case.id))
    clock.advance(timedelta(seconds=1))
    assert [what for name, what in fired(case.id) if name == verb] == ["warn"]
    clock.advance(begun + timedelta(**breaches) - timedelta(seconds=1) - clock.now())
    assert [what for name, what in fired(case.id) if name == verb] == ["warn"]
    clock.advance(timedelta(seconds=1))
    assert [what for name, what in fired(case.id) if name == verb] == ["breach", "warn"]
    case.walk("sign", "handle")
    after = case.do(f"answer_{verb}", note="下午派人")
    assert (after["state"], after["open_requests"], case.clock(verb)["state"]) == ("handled", 0, "stopped")
    found = case.request(verb)
    assert (found["state"], found["answer"], found["decided_name"]) == ("answered", "下午派人", "处置员丁")
    assert not case.queue("answers", "chuzhi") and not case.queue("supervised", "zhihui")
    assert len(case.follow()["timeline"]) == len(told) + 1  # "sign" alone was told
    case.do(verb)  # and once more
    assert case.clocks(verb) == ["stopped", "running"]


@pytest.mark.parametrize(("verb", "others", "due", "warns", "breaches"), PRESSED, ids=IDS)
def test_pressing_refused(verb: str, others: Any, due: str, warns: Any, breaches: Any, case: Any) -> None:
    case.walk("accept", "file")
    case.refused(verb, "unknown-edge")
    case.walk("dispatch")
    case.only(verb, *others)
    case.needs(verb, "note")
    case.refused(f"answer_{verb}", "nothing-asked")
    for who in others:
        assert verb in case.verbs(who)
    case.do(verb, who=others[0])
    case.refused(verb, "already-asked")
    case.only(f"answer_{verb}")
    case.needs(f"answer_{verb}", "note")
    case.walk("sign", "handle", "feed_back")
    case.refused(f"answer_{verb}", "unknown-edge")
    case.refused(verb, "unknown-edge")


def test_both_may_wait_at_once(case: Any) -> None:
    case.walk(*TO_UNIT)
    case.do("urge")
    case.do("supervise")
    assert (case.clocks("urge"), case.clocks("supervise"), case.clocks("handle")) == (
        ["running"], ["running"], ["running"],
    )  # fmt: skip
    assert case.do("answer_urge")["open_requests"] == 1
    assert (case.clocks("urge"), case.clocks("supervise")) == (["stopped"], ["running"])
    assert case.queue("answers", "chuzhi")


@pytest.mark.parametrize(
    "leave", [("sign", "handle", "feed_back"), ("ask_return",)], ids=["fed-back", "returned"]
)
def test_what_nobody_answered_lapses_when_the_case_moves_on(leave: tuple[str, ...], case: Any) -> None:
    case.walk(*TO_UNIT)
    for verb in ("urge", "supervise", "ask_extend"):
        case.do(verb)
    assert case.see()["open_requests"] == 3
    case.walk(*leave)
    assert [case.request(kind)["state"] for kind in ("urge", "supervise", "extend")] == ["lapsed"] * 3
    assert (case.clock("urge")["state"], case.clock("supervise")["state"]) == ("stopped", "stopped")
    waiting = 1 if leave == ("ask_return",) else 0
    assert case.see()["open_requests"] == waiting
    assert not case.queue("answers", "chuzhi") and not case.queue("approvals", "fuzeren")
