"""Simulated visitors of a drill (演练走访) on a clock that is set forward: they walk a sweep's own lists.

What happens at a door, and the door of real phones that it is sent by, are those of a drill response in the live
system (`command.drills.walking`), so coverage, follow-ups and roll-ups of a drill are those of the real thing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

import numpy as np
from django.db import transaction
from numpy.typing import NDArray

from shanzhi.command.drills import walking
from shanzhi.command.drills.packs import DoorsGiven
from shanzhi.core.kit.clock import Clock
from shanzhi.work.sweeps.flow import ISSUED
from shanzhi.work.sweeps.models import Sweep, Turn

Floats = NDArray[np.float64]


@dataclass
class DrillVisits:
    """The visitors of one turn of a drill sweep.

    `starts` says at which second after `begun_at` each account begins (acknowledged); who is not named begins at 0,
    infinity never does. Same seed, same drill: the ids of visits follow from their doors, so a drill sent twice
    counts once.
    """

    sweep: Sweep
    given: DoorsGiven
    clock: Clock
    seed: int
    starts: Mapping[UUID, float] = field(default_factory=dict)
    turn: int | None = None

    def __post_init__(self) -> None:
        if not self.sweep.is_drill or self.sweep.state != ISSUED:
            raise ValueError("sweep must be a drill under way")
        turns = Turn.objects.filter(sweep=self.sweep).order_by("-number")
        if self.turn is not None:
            turns = turns.filter(number=self.turn)
        found = turns.first()
        if found is None:
            raise ValueError("the sweep has no open turn")
        self._all = found.doors
        lists = walking.lists_of(self.sweep.id, found.number, self.given, self.seed)
        self._walkers = walking.Walkers(self.sweep, found, lists)
        self.begun_at: datetime = self._walkers.begun_at
        starts = np.array([self.starts.get(account, 0.0) for account in lists.accounts])
        self._workers = np.repeat(np.arange(len(lists.accounts), dtype=np.int64), np.diff(lists.indptr))
        self.finished: Floats = starts[self._workers] + lists.after if len(lists.accounts) else np.zeros(0)
        self._order = np.argsort(self.finished, kind="stable")
        self._next = 0

    @property
    def doors(self) -> int:
        """How many doors are on lists."""
        return len(self.finished)

    def until(self, second: float) -> Floats:
        """When each door of the turn was done, up to a second after `begun_at`; infinity for those that were not."""
        found = np.where(self.finished <= second, self.finished, np.inf)
        return np.concatenate([found, np.full(max(0, self._all - len(found)), np.inf)])

    @property
    def ends_at(self) -> datetime | None:
        """When the last door that anybody reaches is done; None when nobody reaches any."""
        reached = self.finished[np.isfinite(self.finished)]
        return self.begun_at + timedelta(seconds=float(reached.max())) if len(reached) else None

    def submit_until(self, at: datetime) -> int:
        """Send the visits due up to a moment (按时提交); how many were stored. Call it with moments that ascend."""
        seconds, stored = (at - self.begun_at).total_seconds(), 0
        while self._next < len(self._order):
            portion = self._order[self._next : self._next + walking.BATCH]
            due = portion[self.finished[portion] <= seconds]
            if not len(due):
                break
            with transaction.atomic():
                found = walking.Due(due, self.finished[due], self._workers[due])
                stored += self._walkers.send(found, self.clock.now())
            self._next += len(due)
        return stored
