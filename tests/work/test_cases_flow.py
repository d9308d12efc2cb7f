"""What every state table must pass, for the closed loop."""

from __future__ import annotations

import os
import random
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.utils.timezone import localdate

from shanzhi.base.access import SYSTEM, Actor
from shanzhi.base.clocks.models import Clock
from shanzhi.base.outbox.models import OutboxRow
from shanzhi.core.kit.clock import FixedClock
from shanzhi.core.kit.errors import ShanzhiError
from shanzhi.work.cases import actions, queries
from shanzhi.work.cases.flow import CLOCKS, CLOSED_LOOP, clock_steps, public_step
from shanzhi.work.cases.models import Case, CaseEvent
from shanzhi.work.catalogue import queries as catalogue

DOCS = Path(__file__).resolve().parents[2] / "docs" / "flows"


VERBS = [verb for verb in CLOSED_LOOP.verbs if verb != "rate"]


def path_to(state: str) -> list[str]:
    """The shortest way of verbs from the start to a state."""
    ways: dict[str, list[str]] = {CLOSED_LOOP.initial: []}
    waiting = [CLOSED_LOOP.initial]
    for found in waiting:
        for edge in CLOSED_LOOP.edges_from(found):
            if edge.target not in ways:
                ways[edge.target] = [*ways[found], edge.verb]
                waiting.append(edge.target)
    return ways[state]


def test_the_table_is_sound() -> None:
    assert CLOSED_LOOP.check() == []
    assert [public_step(state.code) for state in CLOSED_LOOP.states] == [
        1,
        1,
        2,
        2,
        3,
        3,
        4,
        4,
        5,
        5,
        0,
        0,
        2,
    ]
    assert {name for edge in CLOSED_LOOP.edges for _, name in clock_steps(edge)} == set(CLOCKS)


def test_the_documents_show_this_very_table() -> None:
    """After a wanted change: SHANZHI_UPDATE=1 and look at the difference."""
    diagram = f"```mermaid\n{CLOSED_LOOP.to_mermaid('zh')}```\n"
    page = DOCS / "closed-loop.md"
    if os.environ.get("SHANZHI_UPDATE") == "1":
        DOCS.mkdir(parents=True, exist_ok=True)
        (DOCS / "closed-loop.json").write_text(CLOSED_LOOP.to_json(), "utf-8")
        page.write_text(f"# 闭环流程 Closed loop\n\n由测试从状态表导出。\n\n{diagram}", "utf-8")
    assert (DOCS / "closed-loop.json").read_text("utf-8") == CLOSED_LOOP.to_json()
    assert diagram in page.read_text("utf-8")


def _people(clock: FixedClock) -> list[Actor]:
    from shanzhi.city.people.models import Account
    from shanzhi.city.people.queries import actor_for_account

    on = localdate(clock.now())
    found = [actor_for_account(account.id, "desk", on) for account in Account.objects.order_by("username")]
    return [actor for actor in found if actor is not None]


def _given(case: Case, clock: FixedClock) -> actions.Given:
    on = localdate(clock.now())
    rules = catalogue.conditions_for_kind("010137", on, usable_only=True)
    rule = next(rule for rule in rules if not rule.photo_required)
    unit, _, _ = catalogue.responsible_unit(rule.id, case.place_id, on)
    assert unit is not None
    return actions.Given(note="已办", condition_id=rule.id, unit_id=unit.id)


@pytest.mark.django_db
@pytest.mark.parametrize("seed", range(6))
def test_random_walks_keep_the_invariants(
    seed: int, city: None, report: Callable[..., dict[str, Any]], clock: FixedClock
) -> None:
    chance = random.Random(seed)
    receipt = report()
    area, case_id = receipt["area"], UUID(receipt["id"])
    everybody = _people(clock)
    done, refused = 0, 0
    for _ in range(120):
        before = Case.objects.get(area=area, id=case_id)
        events = CaseEvent.objects.filter(area=area, case_id=case_id).count()
        outbox = OutboxRow.objects.count()
        actor = SYSTEM if chance.random() < 0.4 else chance.choice(everybody)
        verb = chance.choice(VERBS)
        try:
            actions.perform(
                area, case_id, verb, actor=actor, at=clock.now(), version=before.version,
                given=_given(before, clock),
            )  # fmt: skip
        except ShanzhiError:
            refused += 1
            after = Case.objects.get(area=area, id=case_id)
            assert (after.state, after.version) == (before.state, before.version)
            assert CaseEvent.objects.filter(area=area, case_id=case_id).count() == events
            assert OutboxRow.objects.count() == outbox
            continue
        done += 1
        after = Case.objects.get(area=area, id=case_id)
        assert after.version == before.version + 1
        assert (before.state, after.state) in {(edge.source, edge.target) for edge in CLOSED_LOOP.edges}
        assert OutboxRow.objects.count() == outbox + 1
        running = set(
            Clock.objects.filter(area=area, subject_id=case_id, state="running").values_list(
                "name", flat=True
            )
        )
        assert running == ({after.clock_name} if after.clock_name else set())
    assert done >= 1 and refused >= 1
    events_now = CaseEvent.objects.filter(area=area, case_id=case_id).order_by("sequence")
    assert [event.sequence for event in events_now] == list(range(1, done + 2))
    for one, other in zip(events_now, events_now[1:], strict=False):
        assert one.to_state == other.from_state


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("source", "verb"), [(edge.source, edge.verb) for edge in CLOSED_LOOP.edges])
def test_of_two_writers_exactly_one_wins(
    source: str, verb: str, city: None, report: Callable[..., dict[str, Any]], clock: FixedClock
) -> None:
    receipt = report()
    area, case_id = receipt["area"], UUID(receipt["id"])

    def do(step: str, case: Case) -> None:
        if step == "rate":
            actions.rate(area, case_id, solved=False, stars=1, text="", actor=SYSTEM, at=clock.now())
            return
        actions.perform(
            area, case_id, step, actor=SYSTEM, at=clock.now(), version=case.version, given=_given(case, clock)
        )

    for step in path_to(source):
        do(step, Case.objects.get(area=area, id=case_id))
    case, barrier, codes = Case.objects.get(area=area, id=case_id), threading.Barrier(2), []

    def writer() -> None:
        try:
            barrier.wait()
            do(verb, case)
            codes.append("done")
        except ShanzhiError as error:
            codes.append(error.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=writer) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(codes) == ["done", "unknown-edge" if verb == "rate" else "version-conflict"]
    after = Case.objects.get(area=area, id=case_id)
    assert after.version == case.version + 1
    assert CaseEvent.objects.filter(area=area, case_id=case_id, verb=verb).count() == 1
    assert queries.state_of(after.state).code == CLOSED_LOOP.edge(case.state, verb).target
