"""What every state table must pass, for the closed loop."""

from __future__ import annotations

import os
import random
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.utils.timezone import localdate

from shanzhi.base.access import SYSTEM, Actor
from shanzhi.base.access.capabilities import LABELS
from shanzhi.base.clocks.models import Clock
from shanzhi.base.outbox.models import OutboxRow
from shanzhi.core.flow import Edge
from shanzhi.core.kit.clock import FixedClock
from shanzhi.core.kit.errors import ShanzhiError
from shanzhi.work.cases import actions, limits
from shanzhi.work.cases.flow import CLOCKS, CLOSED_LOOP, SIDE_CLOCKS, clock_steps, public_step, request_step
from shanzhi.work.cases.guards import GUARDS
from shanzhi.work.cases.models import Bundle, Case, CaseEvent, CaseRequest
from shanzhi.work.cases.roads import ASKED
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
    steps = {state.code: public_step(state.code) for state in CLOSED_LOOP.states}
    assert steps == {
        "reported": 1, "verifying": 1, "accepted": 1, "filed": 2, "dispatched": 2, "signed": 3, "handled": 3,
        "returning": 2, "suspended": 3, "inspecting": 4, "inspected": 4, "self_handled": 4, "sampled": 4,
        "merged": 1, "closed": 5, "rated": 5, "rejected": 0, "untrue": 0, "declined": 0, "void": 0,
    }  # fmt: skip
    assert {name for edge in CLOSED_LOOP.edges for _, name in clock_steps(edge)} == {*CLOCKS, "all"}
    assert {name for edge in CLOSED_LOOP.edges for name in edge.guards} == set(GUARDS)
    assert {kind for edge in CLOSED_LOOP.edges if (kind := request_step(edge)[1])} == set(ASKED)
    # Whatever one may ask, another can decide in the same state.
    for edge in CLOSED_LOOP.edges:
        verb, kind = request_step(edge)
        if verb == "ask":
            after = {request_step(other) for other in CLOSED_LOOP.edges_from(edge.target)}
            assert ("approve", kind) in after or ("answer", kind) in after, edge.verb


CLOCK_WORDS = {
    "start": "开始", "stop": "停止", "pause": "暂停", "resume": "恢复", "recompute": "重算",
}  # fmt: skip
FIELD_WORDS = {
    "note": "说明", "photos": "照片", "condition_id": "目录条目", "unit_id": "单位", "master_id": "主案",
    "assignee_id": "承办人", "until_at": "恢复日期", "bundle_id": "批次",
}  # fmt: skip


def _table() -> str:
    """Every verb once: from where to where, who may, what it needs, what the clocks do, what the resident reads."""
    lines = ["| 动作 | 从 | 到 | 谁可以 | 需要 | 时钟 | 市民看到 |", "|---|---|---|---|---|---|---|"]
    rows: dict[tuple[str, ...], list[str]] = {}
    for edge in CLOSED_LOOP.edges:
        clock = "，".join(
            CLOCK_WORDS[verb] + (CLOCKS[name][0] if name != "all" else "全部")
            for verb, name in clock_steps(edge)
        )
        who = LABELS[edge.capability][0] + ("（另一人）" if edge.separate_from else "")
        source = CLOSED_LOOP.state(edge.source).zh
        target = "不变" if edge.source == edge.target else CLOSED_LOOP.state(edge.target).zh
        needs = "、".join(FIELD_WORDS[field] for field in edge.requires)
        rows.setdefault((edge.verb, edge.zh, target, who, needs, clock, edge.told_zh), []).append(source)
    for (verb, zh, target, who, needs, clock, told), sources in rows.items():
        lines.append(
            f"| {zh} `{verb}` | {'、'.join(sources)} | {target} | {who} | {needs} | {clock} | {told} |"
        )
    return "\n".join(lines) + "\n"


def test_the_documents_show_this_very_table() -> None:
    """After a wanted change: SHANZHI_UPDATE=1 and look at the difference."""
    diagram = f"```mermaid\n{CLOSED_LOOP.to_mermaid('zh', loops=False)}```\n"
    page = DOCS / "closed-loop.md"
    if os.environ.get("SHANZHI_UPDATE") == "1":
        (DOCS / "closed-loop.json").write_text(CLOSED_LOOP.to_json(), "utf-8")
        text = f"# 闭环流程 Closed loop\n\n由测试从状态表导出。状态不变的动作只列在表中。\n\n{diagram}\n{_table()}"
        page.write_text(text, "utf-8")
    assert (DOCS / "closed-loop.json").read_text("utf-8") == CLOSED_LOOP.to_json()
    assert diagram in page.read_text("utf-8")
    assert _table() in page.read_text("utf-8")


def _people(clock: FixedClock) -> list[Actor]:
    from shanzhi.city.people.models import Account
    from shanzhi.city.people.queries import actor_for_account

    on = localdate(clock.now())
    found = [actor_for_account(account.id, "desk", on) for account in Account.objects.order_by("username")]
    return [actor for actor in found if actor is not None]


class Hand:
    """Does verbs as the program itself, with whatever each of them needs."""

    def __init__(self, report: Callable[..., dict[str, Any]], clock: FixedClock, photo: str) -> None:
        self.clock, self.photo, self.report = clock, photo, report
        receipt = report()
        self.area, self.case_id = receipt["area"], UUID(receipt["id"])
        self.master = UUID(report()["id"])
        self.bundle = Bundle.objects.create(
            area=self.area, name="示例批次", due_at=clock.now() + timedelta(days=9), created_at=clock.now()
        )

    def case(self) -> Case:
        found: Case = Case.objects.get(area=self.area, id=self.case_id)
        return found

    def given(self, verb: str) -> actions.Given:
        from shanzhi.city.people.models import Account, Unit

        on = localdate(self.clock.now())
        rules = catalogue.conditions_for_kind("010137", on, usable_only=True)
        rule = next(rule for rule in rules if not rule.photo_required)
        unit, _, _ = catalogue.responsible_unit(rule.id, self.case().place_id, on)
        assert unit is not None
        if verb in ("reassign", "add_support", "release_support"):
            unit = Unit.objects.exclude(id__in=[unit.id, self.case().unit_id]).order_by("code").first()
        return actions.Given(
            note="已办", condition_id=rule.id, unit_id=unit.id, master_id=self.master, bundle_id=self.bundle.id,
            assignee_id=Account.objects.get(username="chuzhi").id, photos=(self.photo,),
            until_at=self.clock.now() + timedelta(days=10),
        )  # fmt: skip

    def do(self, verb: str, **how: Any) -> None:
        if verb == "rate":
            actions.rate(
                self.area, self.case_id, solved=False, stars=1, text="", actor=SYSTEM, at=self.clock.now()
            )
            return
        given = replace(self.given(verb), master_id=self.master if verb == "merge" else None)
        actions.perform(
            self.area, self.case_id, verb, actor=how.get("actor", SYSTEM), at=self.clock.now(),
            version=how.get("version", self.case().version), given=given,
        )  # fmt: skip

    def make_ready(self, edge: Edge) -> None:
        """Whatever the edge needs besides the state."""
        step, kind = request_step(edge)
        rows = Case.objects.filter(area=self.area, id=self.case_id)
        if "was_overdue" in edge.guards or kind == "appeal":
            rows.update(is_overdue=True)
        if step not in ("", "ask") and self.case().open_requests == 0:
            self.do(kind if kind in ("urge", "supervise") else f"ask_{kind}")
        if step in ("approve", "refuse") and ASKED[kind].consents == 2:
            self.do(f"endorse_{kind}")
        if "refusals_spent" in edge.guards:
            rows.update(refused_returns=limits.roads().refused_returns)
        if edge.verb in ("finish_support", "release_support"):
            self.do("add_support")
        if "never_filed" in edge.guards:
            rows.update(condition=None)
        if "was_filed" in edge.guards:
            rows.update(condition=self.given("file").condition_id)
        if "bundled" in edge.guards:
            self.do("bundle")

    def go_to(self, edge: Edge) -> None:
        """To where the edge begins, with all that it needs."""
        for verb in path_to(edge.source):
            now = CLOSED_LOOP.edge(self.case().state, verb)
            self.make_ready(now)
            self.do(verb)
        self.make_ready(edge)


@pytest.fixture(autouse=True)
def nothing_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is handled on the spot is drawn by chance: here never, unless a test says so."""
    from shanzhi.work.cases import effects

    monkeypatch.setattr(effects, "roads", lambda: replace(limits.roads(), self_handled_sample=0.0))


@pytest.mark.once
@pytest.mark.django_db
@pytest.mark.parametrize("seed", range(2))
def test_random_walks_keep_the_invariants(
    seed: int, city: None, report: Callable[..., dict[str, Any]], clock: FixedClock, photo: str
) -> None:
    chance = random.Random(seed)
    hand = Hand(report, clock, photo)
    area, case_id = hand.area, hand.case_id
    everybody = _people(clock)
    done, refused = 0, 0
    for _ in range(120):
        before = hand.case()
        events = CaseEvent.objects.filter(area=area, case_id=case_id).count()
        outbox = OutboxRow.objects.count()
        actor = SYSTEM if chance.random() < 0.4 else chance.choice(everybody)
        near = [edge.verb for edge in CLOSED_LOOP.edges_from(before.state) if edge.verb != "rate"]
        verb = chance.choice(near if near and chance.random() < 0.8 else VERBS)
        try:
            hand.do(verb, actor=actor)
        except ShanzhiError:
            refused += 1
            after = hand.case()
            assert {f.attname: getattr(after, f.attname) for f in after._meta.local_fields} == {
                f.attname: getattr(before, f.attname) for f in before._meta.local_fields
            }
            assert CaseEvent.objects.filter(area=area, case_id=case_id).count() == events
            assert OutboxRow.objects.count() == outbox
            continue
        done += 1
        after = hand.case()
        assert after.version == before.version + 1
        assert (before.state, after.state) in {(edge.source, edge.target) for edge in CLOSED_LOOP.edges}
        assert OutboxRow.objects.count() == outbox + 1
        running = set(
            Clock.objects.filter(area=area, subject_id=case_id, state="running").values_list(
                "name", flat=True
            )
        )
        assert running - SIDE_CLOCKS == ({after.clock_name} if after.clock_name else set())
        waiting = CaseRequest.objects.filter(area=area, case_id=case_id, state="pending")
        assert after.open_requests == waiting.count()
        assert running & SIDE_CLOCKS == set(waiting.values_list("kind", flat=True)) & SIDE_CLOCKS
        if CLOSED_LOOP.state(after.state).final:
            assert running == set() and after.closed_at is not None
    assert done >= 1 and refused >= 1
    events_now = CaseEvent.objects.filter(area=area, case_id=case_id).order_by("sequence")
    assert [event.sequence for event in events_now] == list(range(1, done + 2))
    for one, other in zip(events_now, events_now[1:], strict=False):
        assert one.to_state == other.from_state


@pytest.mark.once
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("source", [state.code for state in CLOSED_LOOP.states])
def test_of_two_writers_exactly_one_wins(
    source: str, city: None, report: Callable[..., dict[str, Any]], clock: FixedClock, photo: str
) -> None:
    """On the first edge out of every state."""
    for edge in list(CLOSED_LOOP.edges_from(source))[:1]:
        hand = Hand(report, clock, photo)
        hand.go_to(edge)
        _race(hand, edge)


@pytest.mark.long
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("source", [state.code for state in CLOSED_LOOP.states])
def test_of_two_writers_exactly_one_wins_on_every_edge(
    source: str, city: None, report: Callable[..., dict[str, Any]], clock: FixedClock, photo: str
) -> None:
    for edge in CLOSED_LOOP.edges_from(source):
        hand = Hand(report, clock, photo)
        hand.go_to(edge)
        _race(hand, edge)


def _race(hand: Hand, edge: Edge) -> None:
    verb = edge.verb
    case, barrier, codes = hand.case(), threading.Barrier(2), []
    events = CaseEvent.objects.filter(area=case.area, case_id=case.id, verb=verb)
    done_before = events.count()

    def writer() -> None:
        try:
            barrier.wait()
            hand.do(verb, version=case.version)
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
    assert sorted(codes) == ["done", "unknown-edge" if verb == "rate" else "version-conflict"], verb
    after = hand.case()
    assert (after.state, after.version) == (edge.target, case.version + 1), verb
    assert events.count() == done_before + 1, verb
