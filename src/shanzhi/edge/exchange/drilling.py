"""A drill (演练): a real order with a watermark, and simulated people who answer it through the real doors.

The order, its audience, the ladder, the messages (to the sink), receipts, folding and roll-ups are those of an
emergency, on a clock that is set forward. Only the people are drawn: who has the app open, how long each takes, who
cannot. Their doors are computed by `core.planning.simulate_visits` from the second at which each acknowledged.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

import msgspec
import numpy as np
from django.conf import settings
from django.db import connection, transaction
from numpy.typing import NDArray

from shanzhi.base.messaging.channels import SINK, registered
from shanzhi.base.messaging.sender import Desk
from shanzhi.core.kit.clock import FixedClock
from shanzhi.core.kit.errors import InvalidInput
from shanzhi.core.kit.yaml_files import read_yaml
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


class Way(msgspec.Struct, frozen=True):
    """How people answer by one way."""

    answer_median: float
    answer_sigma: float
    latency_median: float = 0.0
    latency_sigma: float = 0.0
    answers: float = 1.0


class People(msgspec.Struct, frozen=True):
    """How people behave."""

    asleep_share: float
    answers: float
    cannot: float
    app: Way
    message: Way
    deputy: Way


class DoorsGiven(msgspec.Struct, frozen=True):
    """How doors go."""

    travel_median: float
    travel_sigma: float
    walk_seconds: float
    door_median: float
    door_sigma: float
    away: float
    refuses: float
    helps: float
    help_median: float
    revisits: int
    revisit_seconds: float


class Target(msgspec.Struct, frozen=True):
    """What a drill is held against."""

    code: str
    zh: str
    en: str
    measure: str
    share: float
    seconds: float
    weight: float


class Measure(msgspec.Struct, frozen=True):
    """How a target that a plan names by its code is measured, and which share of them counts as reached."""

    measure: str
    share: float


class Behaviour(msgspec.Struct, frozen=True):
    """A pack of a drill."""

    zh: str
    en: str
    people: People
    doors: DoorsGiven
    targets: list[Target]
    measures: dict[str, Measure] = {}


def behaviour(name: str = "usual") -> Behaviour:
    """The behaviour of a pack. Raises InvalidInput for a name that no pack has."""
    path = settings.PACKS / "drills" / f"{name}.yaml"
    if not name.isidentifier() or not path.is_file():
        raise InvalidInput(
            field="name", reason_zh=f"没有演练设定“{name}”。", reason_en=f"No drill pack {name}."
        )
    return msgspec.convert(read_yaml(path)[name], Behaviour)


@dataclass(frozen=True)
class Result:
    """A target, the second at which its share was there (None: never within the drill), and its points."""

    target: Target
    reached: float | None
    share_in_time: float
    points: float


@dataclass
class Outcome:
    """What a drill showed. Seconds since issue; inf for never."""

    people: int
    delivered: Floats
    acknowledged: Floats
    doors: Floats
    sent_messages: dict[str, int] = field(default_factory=dict)
    results: list[Result] = field(default_factory=list)

    @property
    def score(self) -> float:
        """Points out of the sum of the weights."""
        return sum(one.points for one in self.results)


def _lognormal(chance: np.random.Generator, median: float, sigma: float, size: int) -> Floats:
    return median * np.exp(sigma * chance.standard_normal(size)) if median else np.zeros(size)


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
        people, begin = self.given, len(self.rows)
        chance = np.random.default_rng([self.seed, begin])
        n = len(rows)
        awake = chance.random(n) >= people.asleep_share
        latency = _lognormal(chance, people.app.latency_median, people.app.latency_sigma, n)
        app = _lognormal(chance, people.app.answer_median, people.app.answer_sigma, n)
        later = _lognormal(chance, people.message.answer_median, people.message.answer_sigma, n)
        deputy = _lognormal(chance, people.deputy.answer_median, people.deputy.answer_sigma, n)
        drawn, able = chance.random(n), chance.random(n) >= people.cannot
        for n_th, (area, row_id, account_id, _, _, standing) in enumerate(rows):
            index, own = begin + n_th, standing == "own"
            self.rows.append((area, row_id, account_id))
            self.index[row_id] = index
            self.delay.append(float(later[n_th]))
            self.willing.append(bool(drawn[n_th] < (people.answers if own else people.deputy.answers)))
            self.able.append(bool(able[n_th]))
            if awake[n_th] or not own:
                got = second + float(latency[n_th])
                heapq.heappush(self.waiting, (got, index, "delivered"))
                self._answers(index, got + float(app[n_th] if own else deputy[n_th]))

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


class Drill:
    """One drill order on a clock of its own."""

    def __init__(self, order: Order, given: Behaviour, clock: FixedClock, *, seed: int) -> None:
        assert order.is_drill and order.issued_at is not None
        self.order, self.given, self.clock, self.seed = order, given, clock, seed
        self.begun = order.issued_at
        self.crowd = _Crowd(given.people, seed)
        self._seen = self.begun - timedelta(microseconds=1)
        self._told = self._seen

    def run(self, seconds: int, tell: Callable[[int], None]) -> Outcome:
        """Let `seconds` pass, one after another (演练推进), then compute the doors and the score."""
        for second in range(seconds + 1):
            self.step(second)
            tell(second)
        folding.fold(self.clock.now())
        rollup.roll_up(self.clock.now())
        return self._outcome()

    def _at(self, second: float) -> datetime:
        return self.begun + timedelta(seconds=second)

    def step(self, second: int) -> None:
        """One second of the drill, counted from the order's issue."""
        now = self._at(second)
        if (pause := now - self.clock.now()) > timedelta():
            self.clock.advance(pause)
        ladder.take_due(now)
        sink = registered().get(SINK)
        if sink is not None:
            desk = Desk(sink, self.clock)
            while desk.step():
                pass
        self._listen(now, second)
        self._answer(second)
        if second % FOLD_SECONDS == 0:
            folding.fold(now)
            ladder.tidy(now)

    def _listen(self, now: datetime, second: int) -> None:
        """Who was sent the order, and whose message arrived, since the last second."""
        with connection.cursor() as cursor:
            cursor.execute(_AUDIENCE, [self.order.id, self._seen, now])
            if rows := cursor.fetchall():
                self.crowd.join(rows, second)
            cursor.execute(_DELIVERED, [calls.topic_of(self.order.id), self._told, now])
            for row_id, at in cursor.fetchall():
                self.crowd.wake(row_id, (at - self.begun).total_seconds())
        self._seen = self._told = now

    def _answer(self, second: int) -> None:
        done = self.crowd.until(second)
        for start in range(0, len(done), BATCH):
            submissions = [self._submission(*one) for one in done[start : start + BATCH]]
            with transaction.atomic(), connection.cursor() as cursor:
                receipts.take(cursor, submissions, self.clock.now())

    def _submission(self, at: float, index: int, answer: str) -> receipts.Submission:
        area, row_id, account_id = self.crowd.rows[index]
        reason = "演练：人不在岗" if answer == "cannot" else ""
        return receipts.submission(
            account_id,
            receipts.GivenReceipt(
                id=uuid5(row_id, f"{self.seed} {answer}"), area=area, recipient=row_id,
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
        travel = _lognormal(chance, given.travel_median, given.travel_sigma, len(places))
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


def score(target: Target, found: Outcome) -> Result:
    """Full weight when the share is there in time, else in proportion to how much of it was."""
    values = np.sort(getattr(found, target.measure))
    if not len(values):
        return Result(target, None, 0.0, 0.0)
    needed = int(np.ceil(target.share * len(values))) - 1
    reached = float(values[max(needed, 0)])
    in_time = float(np.searchsorted(values, target.seconds, side="right") / len(values))
    points = target.weight * min(1.0, in_time / target.share)
    return Result(target, reached if np.isfinite(reached) else None, in_time, points)
