"""A drill of a plan (预案演练): the response is switched on, its orders go out, its doors are visited.

The same proposal, approval, orders, ladders, sweeps and doors as in earnest; people are simulated, messages go to the
sink, and the plan's own targets are the score.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import numpy as np
from django.db import connection
from django.db.models import Sum
from django.utils.timezone import localdate

from shanzhi.base.access import Actor
from shanzhi.city.modes import actions as modes
from shanzhi.city.modes.models import Activation
from shanzhi.command.drills.packs import Behaviour
from shanzhi.command.drills.scoring import Outcome, joined, score, targets_of
from shanzhi.command.plans import proposing
from shanzhi.core.kit.clock import FixedClock
from shanzhi.edge.exchange.drill_visits import DrillVisits
from shanzhi.edge.exchange.drilling import Drill, World
from shanzhi.work.orders import folding as receipts
from shanzhi.work.orders import rollup
from shanzhi.work.orders.models import Order
from shanzhi.work.sweeps import folding as visits
from shanzhi.work.sweeps import loop as sweeps
from shanzhi.work.sweeps.flow import ISSUED
from shanzhi.work.sweeps.models import Sweep

STEP_SECONDS = 60
MOST_HOURS = 12


@dataclass(frozen=True)
class Crew:
    """Who proposes a drill's response and who approves it: two people."""

    lead: Actor
    boss: Actor


def switch_on(
    code: str, level: int, place_ids: Sequence[UUID], crew: Crew, at: datetime, *, days: int = 1
) -> Activation:
    """Propose and approve a plan's level as a drill (演练启动). Raises as these two do."""
    wanted = proposing.Wanted(
        level=level, place_ids=place_ids, document="演练", last_on=localdate(at) + timedelta(days=days),
        reason="演练", is_drill=True,
    )  # fmt: skip
    row = proposing.propose(code, wanted, actor=crew.lead, at=at)
    return modes.perform(row.id, "approve", modes.Given(), actor=crew.boss, at=at)


class PlanDrill:
    """A drill response on a clock of its own: `run` lets it pass, `outcome` says how it went."""

    def __init__(self, row: Activation, given: Behaviour, clock: FixedClock, *, seed: int) -> None:
        assert row.is_drill and row.live_at is not None
        self.row, self.given, self.clock, self.seed = row, given, clock, seed
        self.begun: datetime = row.live_at
        orders = Order.objects.filter(activation_id=row.id, issued_at__isnull=False).order_by(
            "issued_at", "id"
        )
        self.world = World(clock)
        self.drills = [Drill(one, given, clock, seed=seed, world=self.world) for one in orders]
        self.walks: list[DrillVisits] = []

    @property
    def people(self) -> int:
        """How many recipients its orders have."""
        return sum(one.order.people or 0 for one in self.drills)

    @property
    def doors(self) -> int:
        """How many doors its sweeps have."""
        found = Sweep.objects.filter(activation_id=self.row.id, state=ISSUED).aggregate(doors=Sum("doors"))
        return found["doors"] or 0

    def run(self, seconds: int, tell: Callable[[str, int, int], None]) -> Outcome:
        """`seconds` of answers, then visits until the last door or for half a day; then the score (演练推进)."""
        for second in range(seconds + 1):
            now = self.begun + timedelta(seconds=second)
            self.world.begin(now)
            for drill in self.drills:
                drill.step(second)
            self.world.end(now, second)
            tell("orders", second, seconds)
        receipts.fold(self.clock.now())
        rollup.roll_up(self.clock.now())
        self._walk(tell)
        return self._outcome()

    def _walk(self, tell: Callable[[str, int, int], None]) -> None:
        """Everybody who acknowledged walks their list; whoever did not leaves it as it is."""
        sweeps.step(self.clock)
        for sweep in Sweep.objects.filter(activation_id=self.row.id, state=ISSUED).order_by(
            "issued_at", "id"
        ):
            self.walks.append(
                DrillVisits(sweep, self.given.doors, self.clock, self.seed, self._starts(sweep))
            )
        ends = [one.ends_at for one in self.walks if one.ends_at is not None]
        if not ends:
            return
        last = min(max(ends), self.begun + timedelta(hours=MOST_HOURS))
        whole = max(1, int((last - self.clock.now()).total_seconds()))
        gone = 0
        while self.clock.now() < last:
            self.clock.advance(timedelta(seconds=STEP_SECONDS))
            gone += STEP_SECONDS
            for walk in self.walks:
                walk.submit_until(self.clock.now())
            visits.fold(self.clock.now())
            tell("doors", min(gone, whole), whole)
        sweeps.step(self.clock)

    def _starts(self, sweep: Sweep) -> dict[UUID, float]:
        """The second after the sweep's begin at which each person of an order acknowledged; infinity for never."""
        begun = sweep.issued_at or self.begun
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT account_id, min(extract(epoch FROM acknowledged_at - %s)) FROM orders_recipient "
                "WHERE order_id = ANY(%s) AND standing = 'own' AND state <> 'cannot' GROUP BY account_id",
                [begun, [drill.order.id for drill in self.drills]],
            )
            return {
                account: np.inf if second is None else max(0.0, float(second))
                for account, second in cursor.fetchall()
            }

    def _outcome(self) -> Outcome:
        parts = [drill.reached() for drill in self.drills]
        sent: dict[str, int] = {}
        for one in parts:
            for channel, count in one.sent_messages.items():
                sent[channel] = sent.get(channel, 0) + count
        # A sweep's clock begins when it is issued, the response's when it is approved: one instant.
        # Whoever would come after the end of the drill has not come, and a door on nobody's list is not visited.
        gone = (self.clock.now() - self.begun).total_seconds()
        doors = [
            walk.until(gone - (walk.begun_at - self.begun).total_seconds())
            + (walk.begun_at - self.begun).total_seconds()
            for walk in self.walks
        ]
        found = Outcome(
            sum(one.people for one in parts), joined([one.delivered for one in parts]),
            joined([one.acknowledged for one in parts]), joined(doors), sent,
        )  # fmt: skip
        targets = targets_of(self.row, self.given, has_doors=bool(self.walks))
        found.results = [score(one, found) for one in targets]
        return found
