"""A drill (演练): a real order with a watermark, and simulated people who answer it through the real doors.

The order, its audience, the ladder, the messages (to the sink), receipts, folding and roll-ups are those of an
emergency, on a clock that is set forward. Only the people are drawn: who has the app open, how long each takes, who
cannot. Their doors are computed by `core.planning.simulate_visits` from the second at which each acknowledged.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import numpy as np
from django.db import connection, transaction
from numpy.typing import NDArray

from shanzhi.base.messaging import queries as messages
from shanzhi.base.messaging.channels import SINK, registered
from shanzhi.base.messaging.sender import Desk
from shanzhi.command.drills import answering
from shanzhi.command.drills.packs import Behaviour, People
from shanzhi.command.drills.people import manners
from shanzhi.command.drills.scoring import Outcome, score
from shanzhi.core.kit.clock import FixedClock
from shanzhi.core.planning import Crew, DoorKinds, Doors, simulate_visits
from shanzhi.work.orders import calls, folding, ladder, receipts, rollup
from shanzhi.work.orders.models import Order

Floats = NDArray[np.float64]
BATCH = 2000
FOLD_SECONDS = 5
_AUDIENCE = """
SELECT area, id, account_id, place_id, coalesce(instead_of_id, id), standing FROM orders_recipient
WHERE order_id = %s AND sent_at > %s AND sent_at <= %s ORDER BY id
"""
_DELIVERED = """
SELECT subject_id, delivered_at FROM messaging_message
WHERE topic = %s AND delivered_at > %s AND delivered_at <= %s ORDER BY id
"""


class _Crowd:
    """The simulated people of one order: what each will do is drawn once, by the number of the person."""

    def __init__(self, given: People, seed: int) -> None:
        self.given, self.seed = given, seed
        self.waiting: list[tuple[float, int, str]] = []  # second, index, answer
        self.rows: list[tuple[str, UUID, UUID]] = []
        self.index: dict[UUID, int] = {}
        self.delay: list[float] = []
        self.willing: list[bool] = []
        self.able: list[bool] = []
        self.answered: set[int] = set()

    def join(self, rows: Sequence[tuple[Any, ...]], second: float) -> None:
        """Take in recipients who were sent the order in the app at that second."""
        begin = len(self.rows)
        drawn = manners(self.given, self.seed, [row[2] for row in rows], [row[5] == "own" for row in rows])
        self.delay += drawn.later.tolist()
        self.willing += drawn.willing.tolist()
        self.able += drawn.able.tolist()
        got = (second + drawn.latency).tolist()
        answered = (second + drawn.latency + drawn.app).tolist()
        for n_th, (area, row_id, account_id, *_) in enumerate(rows):
            self.rows.append((area, row_id, account_id))
            self.index[row_id] = begin + n_th
            if drawn.awake[n_th]:
                heapq.heappush(self.waiting, (got[n_th], begin + n_th, "delivered"))
                self._answers(begin + n_th, answered[n_th])

    def wake(self, row_id: UUID, second: float) -> None:
        """A message reached somebody outside the app: whoever is willing answers after their own delay."""
        index = self.index[row_id]
        self._answers(index, second + self.delay[index])

    def _answers(self, index: int, second: float) -> None:
        if self.willing[index]:
            heapq.heappush(self.waiting, (second, index, "acknowledged" if self.able[index] else "cannot"))

    def until(self, second: float) -> list[tuple[float, int, str]]:
        """What they do up to a second, in its order; nobody answers twice."""
        found = []
        while self.waiting and self.waiting[0][0] <= second:
            one = heapq.heappop(self.waiting)
            if one[2] != "delivered":
                if one[1] in self.answered:
                    continue
                self.answered.add(one[1])
            found.append(one)
        return found


class World:
    """What the worker process does meanwhile, for every order at once: rungs, messages into the sink, folding."""

    def __init__(self, clock: FixedClock) -> None:
        self.clock = clock
        self.asked = True  # somebody was sent an order this second
        self.sent = True  # messages went out this second, or in the one before: their receipts may still come

    def begin(self, now: datetime) -> None:
        """A second begins."""
        if (pause := now - self.clock.now()) > timedelta():
            self.clock.advance(pause)
        self.asked = ladder.take_due(now) > 0
        sink, sent = registered().get(SINK), 0
        if sink is not None and (self.sent or messages.is_due(SINK, now)):
            desk = Desk(sink, self.clock)
            while taken := desk.step():
                sent += taken
        self.sent = sent > 0

    def end(self, now: datetime, second: int) -> None:
        """Every few seconds what was answered is folded."""
        if second % FOLD_SECONDS == 0:
            folding.fold(now)
            ladder.tidy(now)


class Drill:
    """One drill order on a clock of its own."""

    def __init__(
        self, order: Order, given: Behaviour, clock: FixedClock, *, seed: int, world: World | None = None
    ) -> None:
        assert order.is_drill and order.issued_at is not None
        self.world = world or World(clock)
        self.order, self.given, self.clock, self.seed = order, given, clock, seed
        self.begun = order.issued_at
        self.crowd = _Crowd(given.people, seed)
        self._seen = self.begun - timedelta(microseconds=1)
        self._told = self._seen
        self._heard = False

    def run(self, seconds: int, tell: Callable[[int], None]) -> Outcome:
        """Let `seconds` pass, one after another (演练推进), then compute the doors and the score."""
        for second in range(seconds + 1):
            self.world.begin(self._at(second))
            self.step(second)
            self.world.end(self._at(second), second)
            tell(second)
        folding.fold(self.clock.now())
        rollup.roll_up(self.clock.now())
        return self._outcome()

    def _at(self, second: float) -> datetime:
        return self.begun + timedelta(seconds=second)

    def step(self, second: int) -> None:
        """What its people do in one second, counted from the order's issue."""
        self._listen(self._at(second), second)
        self._answer(second)

    def _listen(self, now: datetime, second: int) -> None:
        """Who was sent the order, and whose message arrived, since it was last looked at."""
        with connection.cursor() as cursor:
            if self.world.asked or not self._heard:
                cursor.execute(_AUDIENCE, [self.order.id, self._seen, now])
                if rows := cursor.fetchall():
                    self.crowd.join(rows, second)
                self._seen, self._heard = now, True
            if self.world.sent:
                cursor.execute(_DELIVERED, [calls.topic_of(self.order.id), self._told, now])
                for row_id, at in cursor.fetchall():
                    self.crowd.wake(row_id, (at - self.begun).total_seconds())
                self._told = now

    def _answer(self, second: int) -> None:
        done = self.crowd.until(second)
        for start in range(0, len(done), BATCH):
            submissions = [self._submission(*one) for one in done[start : start + BATCH]]
            with transaction.atomic():
                answering.send(submissions, self.clock.now())

    def _submission(self, at: float, index: int, answer: str) -> receipts.Submission:
        area, row_id, account_id = self.crowd.rows[index]
        reason = answering.CANNOT if answer == "cannot" else ""
        return receipts.submission(
            account_id,
            receipts.GivenReceipt(
                id=answering.answer_id(row_id, answer == "delivered"), area=area, recipient=row_id,
                answer=answer, happened_at=self._at(at), reason=reason,  # type: ignore[arg-type]
            ),
        )  # fmt: skip

    def _outcome(self) -> Outcome:
        found, places, cannot = self._people()
        found.doors = self._visit(places, np.where(cannot, np.inf, found.acknowledged))
        found.results = [score(one, found) for one in self.given.targets]
        return found

    def reached(self) -> Outcome:
        """How far the order got; doors and score are computed by whoever knows who visits them."""
        return self._people()[0]

    def _people(self) -> tuple[Outcome, list[UUID], NDArray[np.bool_]]:
        """How far the order got, where each of its people is, and who cannot."""
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT extract(epoch FROM delivered_at - %s), extract(epoch FROM acknowledged_at - %s), place_id, "
                "state = 'cannot' FROM orders_recipient WHERE order_id = %s AND standing = 'own' ORDER BY id",
                [self.begun, self.begun, self.order.id],
            )
            rows = cursor.fetchall()
            cursor.execute(
                "SELECT channel, count(*) FROM messaging_message WHERE topic = %s GROUP BY channel",
                [calls.topic_of(self.order.id)],
            )
            sent = dict(cursor.fetchall())

        def seconds(column: int) -> Floats:
            return np.array([np.inf if row[column] is None else float(row[column]) for row in rows])

        found = Outcome(len(rows), seconds(0), seconds(1), np.zeros(0), sent)
        return found, [row[2] for row in rows], np.array([bool(row[3]) for row in rows], np.bool_)

    def _visit(self, places: Sequence[UUID], starts: Floats) -> Floats:
        """The second at which each door was done: those of a place are shared by its workers."""
        counts = doors_at(places, self.begun)
        crew: dict[UUID, list[int]] = {}
        for worker, place in enumerate(places):
            crew.setdefault(place, []).append(worker)
        mine = np.zeros(len(places), np.int64)
        for place, workers in crew.items():
            # Whoever has not acknowledged leaves the doors to those who have, where there are such.
            there = [one for one in workers if np.isfinite(starts[one])] or workers
            for nth, worker in enumerate(there):
                mine[worker] = counts.get(place, 0) // len(there) + (nth < counts.get(place, 0) % len(there))
        given, chance = self.given.doors, np.random.default_rng([self.seed, 7])
        travel = given.travel_median * np.exp(given.travel_sigma * chance.standard_normal(len(places)))
        visits = simulate_visits(
            Doors(np.concatenate([[0], np.cumsum(mine)]), walk=given.walk_seconds),
            DoorKinds(
                median=given.door_median, sigma=given.door_sigma, away=given.away, refuses=given.refuses,
                helps=given.helps, help_median=given.help_median,
            ),
            Crew(starts + travel), seed=self.seed, revisits=given.revisits, revisit_seconds=given.revisit_seconds,
        )  # fmt: skip
        return np.asarray(visits.finished, np.float64)


def doors_at(places: Sequence[UUID], at: datetime) -> dict[UUID, int]:
    """How many homes belong to each of these micro-grids on the day."""
    from django.utils.timezone import localdate

    on = localdate(at)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT m.place_id, sum(f.homes) FROM compounds_membership m "
            "JOIN compounds_floor f ON f.area = m.area AND f.id = m.floor_id "
            "WHERE m.place_id = ANY(%s) AND m.from_on <= %s AND (m.to_on IS NULL OR m.to_on > %s) "
            "GROUP BY m.place_id",
            [list(set(places)), on, on],
        )
        return {place: int(homes) for place, homes in cursor.fetchall()}
