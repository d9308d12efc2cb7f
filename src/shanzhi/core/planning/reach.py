"""Reach of an emergency order (指令触达): a ladder of channels, each with a queue, until somebody acknowledges.

Every rung of the ladder begins at its second since issue. Who is silent then (has not acknowledged) joins its queue,
in the order of the people; the queue sends at most `rate` tries a second. At their turn people are looked at again:
who acknowledged meanwhile is dropped and costs no turn. A try fails or is delivered after the channel's latency, and
what is delivered is answered with some probability after a delay. Deputies and upper grids answer in somebody's
stead (叫应). Rungs run side by side and are simulated in the order of time, so a later rung saves tries of an earlier
one whose queue is still long. Seconds count from the issue of the order; the simulation has no clock.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from shanzhi.core.planning.columns import checked_seed, counted, numbers, whole
from shanzhi.core.planning.draws import lognormal, stream_key, uniform

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
FAILURE, LATENCY, ANSWER, DELAY = 1, 2, 3, 4  # streams of draws, each counted by person and rung


class Channel(IntEnum):
    """By which way a rung goes (渠道). The last two go to somebody else, who answers in the person's stead."""

    in_app = 1
    sms = 2
    voice = 3
    deputy = 4
    upper_grid = 5


class End(IntEnum):
    """How it stands with a person at the end (触达结果); each is in exactly one of these."""

    acknowledged = 1
    stood_in = 2
    silent = 3
    undelivered = 4
    untried = 5


@dataclass(frozen=True)
class Rung:
    """A rung of the ladder (一级): begins `after_seconds` since issue, sends at most `rate` tries a second.

    `failure` is the probability that a try is not delivered; `answer_median` (seconds) and `answer_sigma` are the
    lognormal delay from delivery to acknowledgement.
    """

    channel: Channel
    after_seconds: float
    rate: float = np.inf
    failure: float = 0.0
    answer_median: float = 30.0
    answer_sigma: float = 1.0


@dataclass(frozen=True)
class Audience:
    """Whom the order is for (送达对象): n people, r rungs. Numbers for (n, r) may be given as (r,) or as one.

    `awake` (n,) whether the app is open: in the app nothing is delivered to who sleeps. `answers` (n, r) the
    probability to acknowledge what was delivered; `latency_median` (seconds) and `latency_sigma` (n, r) the lognormal
    time from sending to delivery. `deputy` and `upper_grid` (n,) are the people who stand in, or -1; a try sent to
    one is delivered and answered as that one's row says.
    """

    awake: ArrayLike
    answers: ArrayLike = 1.0
    latency_median: ArrayLike = 1.0
    latency_sigma: ArrayLike = 0.0
    deputy: ArrayLike = -1
    upper_grid: ArrayLike = -1


@dataclass(frozen=True)
class ReachCurve:
    """Counts at `seconds` (m,), all (m,): tries `sent` = `delivered` + `failed` + `pending`, and people.

    `people_delivered` and `people_acknowledged` count each person once, whoever stood in for some.
    """

    seconds: Floats
    sent: Ints
    delivered: Ints
    failed: Ints
    pending: Ints
    people_delivered: Ints
    people_acknowledged: Ints


@dataclass(frozen=True)
class Reach:
    """What became of an order. Seconds since issue, inf for never; rungs by their place, -1 for none.

    Per person (n,): `delivered`, the first delivery of a try made for the person, and `delivered_by`;
    `acknowledged` and `acknowledged_by`; `end`, an `End`. Per try (n, r): `sent`, `told` (when it was delivered or
    known to have failed; inf while pending, for who sleeps for ever) and `failed`. Per rung (r,): `tries`,
    `deliveries`, `failures`, `saved` (dropped at their turn, having acknowledged), `emptied` (the last turn; the
    beginning of the rung if nobody was silent).
    """

    delivered: Floats
    delivered_by: NDArray[np.int8]
    acknowledged: Floats
    acknowledged_by: NDArray[np.int8]
    end: NDArray[np.int8]
    sent: Floats
    told: Floats
    failed: Flags
    tries: Ints
    deliveries: Ints
    failures: Ints
    saved: Ints
    emptied: Floats

    def curve(self, until: float, step: float = 1.0) -> ReachCurve:
        """The reach curve (触达曲线) at 0, `step` … `until` seconds. Raises ValueError naming the argument."""
        if not 0 < step < np.inf:
            raise ValueError("step must be positive seconds")
        if not 0 <= until < np.inf:
            raise ValueError("until must be seconds, not negative")
        points = int(until / step + 1e-9) + 1
        sent = counted(self.sent.ravel(), step, points)
        delivered = counted(self.told[~self.failed], step, points)
        failed = counted(self.told[self.failed], step, points)
        return ReachCurve(
            np.arange(points, dtype=np.float64) * step, sent, delivered, failed, sent - delivered - failed,
            counted(self.delivered, step, points), counted(self.acknowledged, step, points),
        )  # fmt: skip

    def delivered_second(self, share: float = 1.0) -> float:
        """The second by which `share` of the people (0 to 1) had it delivered; inf if that never comes."""
        if not 0 <= share <= 1:
            raise ValueError("share must be between 0 and 1")
        needed = int(np.ceil(share * len(self.delivered) - 1e-9))
        return float(np.partition(self.delivered, needed - 1)[needed - 1]) if needed else 0.0


def simulate_reach(audience: Audience, ladder: Sequence[Rung], *, seed: int) -> Reach:
    """Let an order climb the ladder (模拟触达). Same seed, same answer. Raises ValueError naming the argument.

    The rungs must begin in ascending order. Equal seconds go by rung, then by person.
    """
    checked_ladder(ladder)
    key = checked_seed(seed)
    awake = np.asarray(audience.awake)
    if awake.ndim != 1 or (awake.size and awake.dtype != np.bool_):
        raise ValueError("awake must be true or false for each person")
    n, r = len(awake), len(ladder)
    answers = numbers("answers", audience.answers, (n, r), 0, 1)
    median = numbers("latency_median", audience.latency_median, (n, r), 0, 1e9)
    sigma = numbers("latency_sigma", audience.latency_sigma, (n, r), 0, 10)
    stands = {
        Channel.deputy: whole("deputy", audience.deputy, (n,), -1, n - 1),
        Channel.upper_grid: whole("upper_grid", audience.upper_grid, (n,), -1, n - 1),
    }
    self_ = np.arange(n, dtype=np.int32)
    target = np.empty((n, r), np.int32)
    for at, rung in enumerate(ladder):
        target[:, at] = stands.get(rung.channel, self_)
    table = np.array(
        [
            (g.after_seconds, 1 / g.rate, g.failure, g.answer_median, g.answer_sigma, g.channel == Channel.in_app)
            for g in ladder
        ],
        np.float64,
    ).reshape(r, 6)  # fmt: skip
    sent, told = np.full((n, r), np.inf), np.full((n, r), np.inf)
    failed = np.zeros((n, r), np.bool_)
    delivered, acknowledged = np.full(n, np.inf), np.full(n, np.inf)
    delivered_by, acknowledged_by = np.full(n, -1, np.int8), np.full(n, -1, np.int8)
    saved, emptied = np.zeros(r, np.int64), table[:, 0].copy()
    _climb(
        table, target, np.array(awake, np.bool_), answers, median, sigma, key, sent, told, failed,
        delivered, delivered_by, acknowledged, acknowledged_by, saved, emptied,
    )  # fmt: skip
    tried = np.isfinite(sent)
    in_stead = np.array([rung.channel >= Channel.deputy for rung in ladder] + [False])
    end = np.select(
        [acknowledged_by >= 0, np.isfinite(delivered), tried.any(axis=1)],
        [np.where(in_stead[acknowledged_by], int(End.stood_in), int(End.acknowledged)), End.silent, End.undelivered],
        int(End.untried),
    )  # fmt: skip
    return Reach(
        delivered, delivered_by, acknowledged, acknowledged_by, end.astype(np.int8), sent, told, failed,
        tried.sum(axis=0), (np.isfinite(told) & ~failed).sum(axis=0), failed.sum(axis=0), saved, emptied,
    )  # fmt: skip


def checked_ladder(ladder: Sequence[Rung]) -> None:
    """Raise ValueError naming the first thing wrong with a ladder."""
    if not 1 <= len(ladder) <= 100:
        raise ValueError("ladder must have 1 to 100 rungs")
    for rung in ladder:
        for name, low, high in (
            ("after_seconds", 0, 1e9), ("failure", 0, 1), ("answer_median", 0, 1e9), ("answer_sigma", 0, 10)
        ):  # fmt: skip
            if not low <= getattr(rung, name) <= high:
                raise ValueError(f"{name} of a rung must be between {low} and {high:g}")
        if not rung.rate > 0:
            raise ValueError("rate of a rung must be positive tries a second")
    if any(a.after_seconds > b.after_seconds for a, b in zip(ladder[:-1], ladder[1:], strict=True)):
        raise ValueError("ladder must have its rungs in the order of after_seconds")


@njit(cache=True)
def _climb(
    table: Any, target: Any, awake: Any, answers: Any, median: Any, sigma: Any, seed: int, sent: Any, told: Any,
    failed: Any, delivered: Any, delivered_by: Any, acknowledged: Any, acknowledged_by: Any, saved: Any,
    emptied: Any,
) -> None:  # fmt: skip
    """Take the turns of all queues in the order of time."""
    n, r = target.shape
    failure_key, latency_key = stream_key(seed, FAILURE), stream_key(seed, LATENCY)
    answer_key, delay_key = stream_key(seed, ANSWER), stream_key(seed, DELAY)
    turn, place = table[:, 0].copy(), np.zeros(r, np.int64)
    while True:
        g = -1
        for other in range(r):
            if place[other] < n and (g < 0 or turn[other] < turn[g]):
                g = other
        if g < 0:
            return
        p, now = place[g], turn[g]
        place[g] += 1
        to = target[p, g]
        if to < 0 or acknowledged[p] <= table[g, 0]:
            continue
        emptied[g] = now
        if acknowledged[p] <= now:
            saved[g] += 1
            continue
        sent[p, g] = now
        turn[g] = now + table[g, 1]
        if table[g, 5] != 0 and not awake[to]:
            continue
        at = now + lognormal(median[to, g], sigma[to, g], uniform(latency_key, p, g))
        told[p, g] = at
        if uniform(failure_key, p, g) < table[g, 2]:
            failed[p, g] = True
            continue
        if at < delivered[p]:
            delivered[p], delivered_by[p] = at, g
        if uniform(answer_key, p, g) < answers[to, g]:
            at += lognormal(table[g, 3], table[g, 4], uniform(delay_key, p, g))
            if at < acknowledged[p]:
                acknowledged[p], acknowledged_by[p] = at, g
