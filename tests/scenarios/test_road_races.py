"""Merging, closing and undoing at once: they wait for each other and never for ever."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from django.db import connection

from shanzhi.base.access import SYSTEM
from shanzhi.core.kit.clock import FixedClock
from shanzhi.core.kit.errors import ShanzhiError
from shanzhi.work.cases import actions
from shanzhi.work.cases.actions import Given, Step
from shanzhi.work.cases.models import Case

pytestmark = pytest.mark.django_db(transaction=True)
ROUNDS = 12


def _at_once(area: str, *batches: list[Step]) -> list[list[str]]:
    """Do each batch in a thread of its own; for each its outcomes, or what it failed with."""
    barrier, found = threading.Barrier(len(batches)), [[""] for _ in batches]

    def do(number: int) -> None:
        try:
            barrier.wait()
            outcomes = actions.perform_many(area, batches[number])
            found[number] = ["done" if isinstance(one, Case) else one.code for one in outcomes]
        except ShanzhiError as error:
            found[number] = [error.code]
        except Exception as error:  # noqa: BLE001  # a deadlock would end here
            found[number] = [f"{type(error).__name__}: {error}"]
        finally:
            connection.close()

    threads = [threading.Thread(target=do, args=(number,)) for number in range(len(batches))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return found


def _rows(*cases: Any) -> list[tuple[str, bool]]:
    rows = {str(one.id): one for one in Case.objects.filter(id__in=[case.id for case in cases])}
    return [(rows[case.id].state, rows[case.id].master_id is not None) for case in cases]


def test_merging_and_ending_at_once(new_case: Callable[..., Any], clock: FixedClock) -> None:
    """Two desks merge the same case into a newer one, a third ends that one: older ids are waited for first."""
    seen = set()
    for _ in range(ROUNDS):
        duplicate, master = new_case(), new_case()  # in this order of ids
        merge = Step(UUID(duplicate.id), "merge", SYSTEM, clock.now(), given=Given(master_id=UUID(master.id)))
        end = Step(UUID(master.id), "reject", SYSTEM, clock.now(), given=Given(note="示例"))
        first, second, last = _at_once(duplicate.area, [merge], [merge], [end])
        states = _rows(duplicate, master)
        assert last == ["done"] and states[1] == ("rejected", False)
        done = [first, second].count(["done"])
        known = {"done", "not-mergeable", "unknown-edge"}
        assert done <= 1 and {first[0], second[0]} <= known, (first, second)
        assert states[0] == (("declined", True) if done else ("reported", False))
        seen.add(done)
    assert seen  # either way may win


def test_undoing_and_ending_at_once(new_case: Callable[..., Any], clock: FixedClock) -> None:
    for _ in range(ROUNDS):
        one, master, other = new_case(), new_case(), new_case()
        note = Given(note="示例")
        for duplicate in (one, other):
            given = Given(master_id=UUID(master.id))
            actions.perform_many(
                master.area, [Step(UUID(duplicate.id), "merge", SYSTEM, clock.now(), given=given)]
            )
        unmerge = [
            Step(UUID(duplicate.id), "unmerge", SYSTEM, clock.now(), given=note) for duplicate in (other, one)
        ]
        end = [Step(UUID(master.id), "reject", SYSTEM, clock.now(), given=note)]
        undone, ended = _at_once(master.area, unmerge, end)
        assert ended == ["done"]
        expected = {"done": ("accepted", False), "unknown-edge": ("declined", True)}
        assert _rows(other, one) == [expected[code] for code in undone]


def test_merging_crosswise_at_once(new_case: Callable[..., Any], clock: FixedClock) -> None:
    """One into the other and the other into the one: one of them wins, and there is no ring."""
    for _ in range(ROUNDS):
        one, other = new_case(), new_case()
        steps = [
            Step(UUID(a.id), "merge", SYSTEM, clock.now(), given=Given(master_id=UUID(b.id)))
            for a, b in ((one, other), (other, one))
        ]
        found = _at_once(one.area, [steps[0]], [steps[1]])
        assert sorted(found) == [["done"], ["not-mergeable"]]
        assert sorted(_rows(one, other)) == [("merged", True), ("reported", False)]


def test_waking_at_once(new_case: Callable[..., Any], clock: FixedClock) -> None:
    """Several workers find the same suspension at its end: it is woken once."""
    case = new_case()
    case.walk("accept", "file", "dispatch", "sign")
    case.do("ask_suspend", until_at="2026-03-19T10:00:00Z")
    case.do("approve_suspend")
    wake = [Step(UUID(case.id), "wake", SYSTEM, clock.now())]
    found = _at_once(case.area, wake, wake, wake)
    assert sorted(found) == [["done"], ["unknown-edge"], ["unknown-edge"]]
    assert case.clocks("handle") == ["running"] and case.events().count("wake") == 1
