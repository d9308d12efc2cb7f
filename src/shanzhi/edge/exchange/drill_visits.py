"""Simulated visitors of a drill (演练走访): they walk a sweep's own lists and send by the phones' door.

What happens at a door is drawn by `core.planning.visits`: who is home, who refuses, who needs help, how long it
takes, who is visited again. The visits due up to a moment go through the same `take` as those of real phones, so
coverage, follow-ups and roll-ups of a drill are those of the real thing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

import msgspec
import numpy as np
from django.db import connection, transaction
from numpy.typing import NDArray

from shanzhi.core.kit.clock import Clock
from shanzhi.core.kit.outcomes import STORED
from shanzhi.core.planning.visits import Crew, DoorKinds, Doors, Outcome, simulate_visits
from shanzhi.work.forms import queries as forms
from shanzhi.work.forms.packs import Form
from shanzhi.work.sweeps import visits
from shanzhi.work.sweeps.flow import ISSUED
from shanzhi.work.sweeps.models import Share, Sweep, Turn

BATCH = 2000
Floats = NDArray[np.float64]
_RESULTS = {
    Outcome.visited: "visited",
    Outcome.helped: "help",
    Outcome.refused: "refused",
    Outcome.away: "absent",
}


@dataclass(frozen=True)
class VisitBehaviour:
    """How people of a drill visit and are met; seconds, lognormal by median and sigma (see `packs/drills`)."""

    travel_median: float = 240.0
    travel_sigma: float = 0.5
    walk_seconds: float = 8.0
    door_median: float = 35.0
    door_sigma: float = 0.6
    away: float = 0.25
    refuses: float = 0.01
    helps: float = 0.02
    help_median: float = 300.0
    revisits: int = 1
    revisit_seconds: float = 1800.0


@dataclass
class DrillVisits:
    """The visitors of one turn of a drill sweep.

    `starts` says at which second after `begun_at` each account begins (acknowledged); who is not named begins at 0,
    infinity never does. Same seed, same drill: the ids of visits follow from it, so a drill sent twice counts once.
    """

    sweep: Sweep
    behaviour: VisitBehaviour
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
        self.turn = found.number
        self.begun_at: datetime = max(found.opens_at, self.sweep.issued_at or found.opens_at)
        self._form = forms.form(self.sweep.form, self.sweep.form_version)
        self._next = 0
        self._simulate()

    def _simulate(self) -> None:
        shares = Share.objects.filter(sweep_id=self.sweep.id, turn=self.turn).order_by(
            "account_id", "position"
        )
        self._doors: list[tuple[UUID, str, UUID, int]] = []
        counts: dict[UUID, int] = {}
        for share in shares.iterator(chunk_size=5000):
            counts[share.account_id] = counts.get(share.account_id, 0) + len(share.doors)
            self._doors += [(share.account_id, share.area, share.piece_id, door) for door in share.doors]
        given, chance = self.behaviour, np.random.default_rng([self.seed, 12])
        travel = given.travel_median * np.exp(given.travel_sigma * chance.standard_normal(len(counts)))
        starts = np.array([self.starts.get(account, 0.0) for account in counts]) + travel
        found = simulate_visits(
            Doors(np.concatenate([[0], np.cumsum(list(counts.values()))]).astype(np.int64), walk=given.walk_seconds),
            DoorKinds(
                median=given.door_median, sigma=given.door_sigma, away=given.away, refuses=given.refuses,
                helps=given.helps, help_median=given.help_median,
            ),
            Crew(starts), seed=self.seed, revisits=given.revisits, revisit_seconds=given.revisit_seconds,
        )  # fmt: skip
        self.finished: Floats = np.asarray(found.finished, np.float64)
        self._outcomes = found.outcome
        self._order = np.argsort(self.finished, kind="stable")

    @property
    def doors(self) -> int:
        """How many doors are on lists."""
        return len(self._doors)

    @property
    def ends_at(self) -> datetime | None:
        """When the last door that anybody reaches is done; None when nobody reaches any."""
        reached = self.finished[np.isfinite(self.finished)]
        return self.begun_at + timedelta(seconds=float(reached.max())) if len(reached) else None

    def submit_until(self, at: datetime) -> int:
        """Send the visits due up to a moment (按时提交); how many were stored. Call it with moments that ascend."""
        seconds, stored = (at - self.begun_at).total_seconds(), 0
        while self._next < len(self._order):
            portion = self._order[self._next : self._next + BATCH]
            due = portion[self.finished[portion] <= seconds]
            if not len(due):
                break
            stored += self._send(due.tolist())
            self._next += len(due)
        return stored

    def _send(self, numbers: Sequence[int]) -> int:
        submissions = [
            visits.submission(self._doors[n][0], visits.read(msgspec.json.encode(self._item(n))))
            for n in numbers
        ]
        with transaction.atomic(), connection.cursor() as cursor:
            outcomes = visits.take(cursor, submissions, self.clock.now())
        return sum(one.status == STORED for one in outcomes)

    def _item(self, number: int) -> dict[str, Any]:
        _, area, piece, door = self._doors[number]
        result = _RESULTS[Outcome(int(self._outcomes[number]))]
        happened = self.begun_at + timedelta(seconds=round(float(self.finished[number]), 3))
        found: dict[str, Any] = {
            "id": uuid5(piece, f"drill {self.seed} {self.turn} {door}"), "area": area, "piece": piece, "door": door,
            "turn": self.turn, "result": result, "happened_at": happened,
        }  # fmt: skip
        if result == "visited":
            found["answers"] = invented_answers(self._form, number)
        elif result == "help":
            found["note"] = "演练：需要协助"
        return found


def invented_answers(form: Form, number: int) -> dict[str, Any]:
    """Answers to what a form requires, invented and unremarkable."""
    found: dict[str, Any] = {}
    for section in form.sections:
        for one in section.questions:
            if not one.required:
                continue
            if one.kind == "choice":
                found[one.code] = one.choices[number % len(one.choices)].code
            elif one.kind == "yes_no":
                found[one.code] = number % 7 != 0
            elif one.kind == "date":
                found[one.code] = "2026-01-01"
            elif one.kind == "text":
                found[one.code] = "演练"
            else:
                low = 36.2 if one.kind == "temperature" else one.least or 0.0
                most = one.most if one.most is not None else low + 3
                found[one.code] = min(low + (number % 4 if one.kind == "number" else number % 9 / 10), most)
    return found
