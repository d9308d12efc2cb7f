"""Replaying reports on a simulated clock (历史数据重放): they enter at their times, simulated staff work the queues.

Time goes in windows. In each the reports of the window are made and the steps that end in it are done, in the order
of their time, through the same door as everywhere; due clocks fire in between. Every key is made before it is sent,
so what was sent when a connection broke is sent again and done once. The cases themselves are all the state there
is: a replay that was killed reads them and goes on.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol, TextIO
from uuid import UUID, uuid5

from django.db import connection
from django.db.models import Max
from django.db.utils import InterfaceError, OperationalError

from shanzhi.base.access import ANONYMOUS, Actor
from shanzhi.base.clocks.actions import fire_due
from shanzhi.core.kit.errors import ShanzhiError
from shanzhi.edge.exchange.feeds import Report
from shanzhi.edge.exchange.simulation import LOOKED_AT, Matter, Simulation
from shanzhi.edge.exchange.staff import Chance, Staff
from shanzhi.edge.exchange.town import Town
from shanzhi.work.cases import actions as cases
from shanzhi.work.cases.models import Case, CaseEvent

# A window is as short as the first where much happens, as long as the second where little does.
WINDOW_SECONDS = (3600.0, 21600.0)
CHUNK = 250
_NAMES = UUID("6f1f7a52-5c64-5f0e-9d2b-7f4f7c7b3a10")
_TRIES = 60


@dataclass(frozen=True)
class Incoming:
    """A report that will come in: who makes it, when, of what and where."""

    id: UUID
    at: float
    kind: str
    kind_code: str
    place_id: UUID
    right_unit: UUID
    reporter: Actor
    text: str = ""
    address: str = ""


@dataclass
class Progress:
    """How far a replay is, and where its time went (seconds by activity)."""

    seen: int = 0
    reports: int = 0
    steps: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    fired: int = 0
    breaks: int = 0
    spent: Counter[str] = field(default_factory=Counter)

    @contextmanager
    def timing(self, what: str) -> Any:
        """Add the time of a block to `what`."""
        begun = time.perf_counter()
        try:
            yield
        finally:
            self.spent[what] += time.perf_counter() - begun

    def as_data(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "reports": self.reports,
            "steps": self.steps,
            "refused": dict(self.refused.most_common()),
            "clocks_fired": self.fired,
            "connections_broken": self.breaks,
            "seconds": {name: round(value, 3) for name, value in self.spent.most_common()},
        }


_ACTIVITIES = {
    "steps": ("办理步骤", "steps"),
    "reports": ("上报", "reports"),
    "clocks": ("时钟到期", "clocks"),
    "simulation": ("模拟决策", "simulated staff"),
}


def profile(progress: Progress) -> str:
    """Where the time went, for a terminal."""
    total = sum(progress.spent.values())
    lines = [
        f"  {zh} {en}: {progress.spent[name]:,.1f} s ({progress.spent[name] / total if total else 0:.0%})"
        for name, (zh, en) in _ACTIVITIES.items()
    ]
    rate = progress.steps / total if total else 0.0
    lines.append(f"  每秒步骤 steps a second: {rate:,.0f}")
    refused = progress.refused.most_common(8)
    lines += [f"  被拒 refused: {name} × {count}" for name, count in refused]
    return "\n".join(["耗时 where the time went", *lines])


class Door(Protocol):
    """How reports and steps get in."""

    def report(self, incoming: Incoming) -> None:
        """Make one report; made before, it changes nothing."""

    def perform(self, area: str, steps: Sequence[cases.Step]) -> Sequence[Case | ShanzhiError]:
        """Do steps; done before, they change nothing."""


class OwnDoor:
    """Through the actions, in this process."""

    def report(self, incoming: Incoming) -> None:
        """Make one report."""
        cases.create_report(
            cases.NewReport(
                id=incoming.id, kind=incoming.kind_code, text=incoming.text, address=incoming.address,
                place_id=incoming.place_id,
            ),
            actor=incoming.reporter, at=datetime.fromtimestamp(incoming.at, UTC),
        )  # fmt: skip

    def perform(self, area: str, steps: Sequence[cases.Step]) -> Sequence[Case | ShanzhiError]:
        """Do steps in one transaction."""
        return cases.perform_many(area, steps)


def incoming(reports: Iterable[Report], town: Town, staff: Staff, name: str) -> list[Incoming]:
    """The reports of a file as they will come in, in the order of their time."""
    chance, workers = Chance(staff.seed), town.desks["grid_worker"].people
    found = []
    for report in reports:
        case_id = uuid5(_NAMES, f"{name}/{report.id}")
        by_worker = chance.draw(case_id, "by_worker") < staff.shares["by_worker"]
        worker = workers[int(chance.draw(case_id, "worker") * len(workers))]
        found.append(
            Incoming(
                id=case_id, at=report.opened_at.timestamp(), kind=report.type,
                kind_code=town.conditions[report.type].kind.code, place_id=town.places[report.neighbourhood],
                right_unit=town.units[report.queue or ""], reporter=worker if by_worker else ANONYMOUS,
                text=(report.text or report.type)[:2000], address=report.address[:200],
            )
        )  # fmt: skip
    return sorted(found, key=lambda one: (one.at, one.id))


class Replay:
    """One run over the reports of a town."""

    def __init__(
        self,
        town: Town,
        simulation: Simulation,
        listed: Sequence[Incoming],
        *,
        door: Door,
        journal: Path | None = None,
        tell: Callable[[Progress, float], None] = lambda progress, at: None,
        mend: Callable[[], None] = lambda: None,
    ) -> None:
        self.town, self.simulation, self.listed, self.door = town, simulation, listed, door
        self.progress, self._tell, self._mend = Progress(), tell, mend
        self._journal: TextIO | None = journal.open("a", encoding="ascii") if journal else None
        self._next = 0

    def run(self, until: float | None = None) -> Progress:
        """Go on from where the cases stand to the end, or to `until` (epoch seconds)."""
        self._go_on()
        span = WINDOW_SECONDS[0]
        while True:
            begins = [self.listed[self._next].at] if self._next < len(self.listed) else []
            begins += [self.simulation.next_at] if self.simulation.next_at is not None else []
            if not begins or (until is not None and min(begins) >= until):
                break
            end = (min(begins) // span + 1) * span
            done = self._window(end if until is None else min(end, until))
            span = WINDOW_SECONDS[0] if done > CHUNK // 2 else min(span * 2, WINDOW_SECONDS[1])
            self._tell(self.progress, end)
        if self._journal:
            self._journal.close()
        return self.progress

    def _go_on(self) -> None:
        """Read the cases that are there already."""
        listed = {one.id: one for one in self.listed}
        done: dict[UUID, Counter[str]] = {}
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT case_id, verb, count(*) FROM cases_caseevent WHERE area = %s GROUP BY 1, 2",
                [self.town.area],
            )
            for case_id, verb, count in cursor.fetchall():
                done.setdefault(case_id, Counter())[verb] = count
        if not done:
            return
        last = dict(
            CaseEvent.objects.filter(area=self.town.area).values_list("case_id").annotate(last=Max("at"))
        )
        handlers = dict(
            CaseEvent.objects.filter(area=self.town.area, verb__in=["handle", "self_handle"])
            .order_by("sequence")
            .values_list("case_id", "actor_id")
        )
        for case in Case.objects.filter(area=self.town.area).order_by("received_at", "id").iterator():
            one = listed.get(case.id)
            if one is None:
                continue
            matter = self._matter(one)
            matter.state, matter.unit, matter.master = case.state, case.unit_id, case.master_id
            matter.done, matter.refused_returns = done[case.id], case.refused_returns
            matter.done.pop("report", None)
            matter.at, matter.is_overdue = last[case.id].timestamp(), case.is_overdue
            matter.handler = handlers.get(case.id)
            matter.until = case.due_at.timestamp() if case.state == "suspended" and case.due_at else 0.0
            self.simulation.enter(matter)
        known = set(done)
        # Reports that were there keep their place; those that were cut off come first.
        self.listed = [one for one in self.listed if one.id not in known]
        self.progress.seen = len(listed) - len(self.listed)

    def _matter(self, one: Incoming) -> Matter:
        return Matter(one.id, one.kind, one.place_id, one.right_unit, one.reporter.account_id, at=one.at)

    def _window(self, end: float) -> int:
        """Do all that ends before `end`; how many steps."""
        while self._next < len(self.listed) and self.listed[self._next].at < end:
            one = self.listed[self._next]
            self._next += 1
            with self.progress.timing("reports"):
                self._certain(lambda: self.door.report(one))  # noqa: B023
            self.progress.reports += 1
            self.progress.seen += 1
            self._note([one.id])
            with self.progress.timing("simulation"):
                self.simulation.enter(self._matter(one))
        with self.progress.timing("simulation"):
            steps = self.simulation.until(end)
        for first in range(0, len(steps), CHUNK):
            self._steps(steps[first : first + CHUNK])
        self._fire(datetime.fromtimestamp(end, UTC))
        return len(steps)

    def _steps(self, steps: Sequence[cases.Step]) -> None:
        self._fire(steps[0].at)
        with self.progress.timing("steps"):
            outcomes = self._certain(lambda: self.door.perform(self.town.area, steps))
        done = [step for step, one in zip(steps, outcomes, strict=True) if isinstance(one, Case)]
        self._note([step.event_id for step in done if step.event_id])
        self.progress.steps += len(done)
        looked: dict[UUID, Case | None] = {}
        for step, outcome in zip(steps, outcomes, strict=True):
            if isinstance(outcome, ShanzhiError):
                self.progress.refused[f"{step.verb}: {outcome.code}"] += 1
                going_on = self.simulation.refuse(self.simulation.matters[step.case_id], step.verb)
                looked[step.case_id] = (
                    Case.objects.get(area=self.town.area, id=step.case_id) if going_on else None
                )
            elif step.verb in LOOKED_AT and step.case_id not in looked:
                looked[step.case_id] = outcome
        with self.progress.timing("simulation"):
            for case_id, found in looked.items():
                if found is not None:
                    matter = self.simulation.matters[case_id]
                    self.simulation.correct(
                        matter, state=found.state, unit=found.unit_id, is_overdue=found.is_overdue
                    )

    def _fire(self, at: datetime) -> None:
        with self.progress.timing("clocks"):
            while fired := self._certain(lambda: fire_due(at)):
                self.progress.fired += fired

    def _note(self, ids: Sequence[UUID]) -> None:
        """What was acknowledged: whoever doubts can look for each of these."""
        if self._journal:
            self._journal.write("".join(f"{one}\n" for one in ids))
            self._journal.flush()

    def _certain(self, work: Callable[[], Any]) -> Any:
        """Do it, and after a broken connection do it again: every key was made before."""
        for tried in range(_TRIES):
            try:
                return work()
            except (OperationalError, InterfaceError, ConnectionError):
                self.progress.breaks += 1
                connection.close()
                if tried + 1 == _TRIES:
                    raise
                self._mend()
                time.sleep(min(0.1 * 2**tried, 1.0))
        return None
