"""What a promise of reach needs (触达承诺): which first rung, which rates, and whether the channels can do it at all.

The expected course of `reach.simulate_reach`, without chance. People stand in the queues in slices of the crowd; a
slice takes as many turns of a rung as it has people who are expected to be silent. A person is silent at t unless
one of the tries made before t was delivered and answered; the tries are independent, and a try that the answer to
another would save could not have changed anything, so the probability is the product over all turns that have come:

    silent(t) = (1 - asleep) Π (1 - (1 - failure) answers F(t - turn)) + asleep Π … without the app

with F the distribution of latency and delay together. The same product without answers, with the distribution of the
latency alone, is the share that has nothing delivered at the promised second. What is approximated: turns are those
of the expected queue (the true ones differ by the square root of the people sent to), and whether a slice is
silent is asked once for all of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr, ndtri

from shanzhi.core.planning.columns import numbers
from shanzhi.core.planning.reach import Channel, Rung, checked_ladder

Floats = NDArray[np.float64]
_SLICES = 2000
_PARTS = 2  # of a slice, where turns are compared with the promised second
_STEP = 0.25  # seconds of the tables of distributions
_QUANTILES = 40
_LEAST_GAIN = 1.001  # a rate is found to one in a thousand


@dataclass(frozen=True)
class Crowd:
    """Whom a promise is for: `people` alike, the share `asleep` of them (0 to 1), and per rung as in `Audience`.

    `answers`, `latency_median` (seconds) and `latency_sigma` are (r,) or one number.
    """

    people: int
    asleep: float
    answers: ArrayLike = 0.9
    latency_median: ArrayLike = 1.0
    latency_sigma: ArrayLike = 0.0


@dataclass(frozen=True)
class Promise:
    """What the channels can do. Numbers of people are expectations.

    `kept` whether everyone has it delivered by the promised second; `first_seconds` the latest beginning of the first
    rung that does it (the later, the more have answered and need no message), or the one that leaves the fewest.
    `remaining` who has nothing by then; `lost` those of them whom no try would reach at any rate; `late` the others.
    `needed_rate` the least rate of the first rung, the others as they are, with which nobody is late at the best
    beginning up to the latest allowed; inf if its rate alone cannot. `needed_factor` the least factor on the rates of
    all rungs with which nobody is late, inf if none does. `tries` and `emptied` (r,) are those of each rung at
    `first_seconds`: tries sent by the promised second, and the second at which the queue runs empty, inf if later.
    """

    kept: bool
    first_seconds: int
    remaining: float
    late: float
    lost: float
    needed_rate: float
    needed_factor: float
    tries: Floats
    emptied: Floats


def first_rung(
    crowd: Crowd,
    ladder: Sequence[Rung],
    *,
    promise_seconds: int = 300,
    latest_seconds: int = 60,
    tolerated: float = 0.5,
) -> Promise:
    """Which first rung after the app still delivers to everyone in time, and which rate it needs (首级时间测算).

    `ladder` is the app, then SMS, voice …; its second rung is the one whose beginning is sought, in whole seconds
    from 0 to `latest_seconds` (no later than the rung after it). Rungs to deputies and upper grids are not looked at:
    what they are told is not delivered to the person. Everyone means all but `tolerated` expected people; those lost
    count as remaining, for a promise to them is not kept. Raises ValueError naming the argument.
    """
    own = [rung for rung in ladder if rung.channel < Channel.deputy]
    checked_ladder(ladder)
    if len(own) < 2 or own[0].channel != Channel.in_app or ladder[1] is not own[1]:
        raise ValueError("ladder must begin with the app and another channel to the person")
    if not 0 < promise_seconds <= 86_400:
        raise ValueError("promise_seconds must be between 1 and 86,400")
    if not 0 <= latest_seconds < promise_seconds:
        raise ValueError("latest_seconds must be before promise_seconds")
    if not tolerated > 0:
        raise ValueError("tolerated must be positive")
    if not 1 <= crowd.people <= 10**9:
        raise ValueError("people must be between 1 and 1,000,000,000")
    if not 0 <= crowd.asleep <= 1:
        raise ValueError("asleep must be between 0 and 1")
    course = _Course(crowd, ladder, own, promise_seconds)
    latest = int(min(latest_seconds, own[2].after_seconds if len(own) > 2 else latest_seconds))
    seconds = range(latest + 1)
    rates = np.array([rung.rate for rung in own], np.float64)
    most = 10.0 * crowd.people  # tries a second, as good as no limit

    def late(changed: Floats) -> Floats:
        return np.array([course.run(first, changed)[0] for first in seconds]) - course.lost

    def least(alone: bool) -> float:
        """The least factor on the first rung or on all with which nobody is late."""

        def enough(factor: float) -> bool:
            changed = rates * factor
            if alone:
                changed = rates.copy()
                changed[1] = base * factor
            return bool(late(changed).min() <= tolerated)

        base = min(rates[1], most) if alone else rates[np.isfinite(rates)].min(initial=np.inf)
        if np.isinf(base):
            return 1.0 if enough(1.0) else np.inf
        low, high = 1e-3 / base, most / base
        if not enough(high):
            return np.inf
        while high / low > _LEAST_GAIN:
            middle = float(np.sqrt(low * high))
            low, high = (low, middle) if enough(middle) else (middle, high)
        return high

    now = late(rates)
    kept = np.flatnonzero(now + course.lost <= tolerated)
    in_time = np.flatnonzero(now <= tolerated)
    best = in_time[-1] if len(in_time) else len(now) - 1 - int(np.argmin(now[::-1]))
    remaining, tries, emptied = course.run(int(best), rates)
    return Promise(
        kept=bool(len(kept)), first_seconds=int(best), remaining=remaining, late=max(remaining - course.lost, 0.0),
        lost=course.lost, needed_rate=float(min(rates[1], most) * least(alone=True)),
        needed_factor=least(alone=False), tries=tries, emptied=emptied,
    )  # fmt: skip


def expected_reach(crowd: Crowd, ladder: Sequence[Rung], seconds: Sequence[float]) -> Floats:
    """How many people are expected to have it delivered by each of these seconds (m,), the ladder as it stands.

    Raises ValueError naming the argument.
    """
    own = [rung for rung in ladder if rung.channel < Channel.deputy]
    checked_ladder(ladder)
    if not 1 <= crowd.people <= 10**9:
        raise ValueError("people must be between 1 and 1,000,000,000")
    if not 0 <= crowd.asleep <= 1:
        raise ValueError("asleep must be between 0 and 1")
    if len(seconds) == 0 or not 0 <= min(seconds) <= max(seconds) <= 86_400:
        raise ValueError("seconds must be between 0 and 86,400")
    course = _Course(crowd, ladder, own, int(max(seconds)) + 1)
    rates = np.array([rung.rate for rung in own], np.float64)
    return np.array([crowd.people - course.left(rates, float(at)) for at in seconds])


class _Course:
    """The expected course of one crowd, for any beginning of the first rung and any rates."""

    def __init__(self, crowd: Crowd, ladder: Sequence[Rung], own: list[Rung], promise: int) -> None:
        shape = (len(ladder),)
        here = [at for at, rung in enumerate(ladder) if rung.channel < Channel.deputy]
        answers = numbers("answers", crowd.answers, shape, 0, 1)[here]
        median = numbers("latency_median", crowd.latency_median, shape, 0, 1e9)[here]
        sigma = numbers("latency_sigma", crowd.latency_sigma, shape, 0, 10)[here]
        self.people, self.asleep, self.promise = crowd.people, crowd.asleep, float(promise)
        self.after = np.array([rung.after_seconds for rung in own], np.float64)
        heard = 1 - np.array([rung.failure for rung in own])
        app = np.array([rung.channel == Channel.in_app for rung in own])
        # (2, r): awake, asleep.
        self.heard = np.stack([heard, np.where(app, 0.0, heard)])
        self.answers = answers
        times = np.arange(0, promise + 2 * _STEP, _STEP)
        self.told = np.stack([_below(times, m, s) for m, s in zip(median, sigma, strict=True)])
        middle = ndtri((np.arange(_QUANTILES) + 0.5) / _QUANTILES)
        self.answered = np.stack(
            [
                np.mean([_below(times - m * np.exp(s * z), g.answer_median, g.answer_sigma) for z in middle], axis=0)
                for g, m, s in zip(own, median, sigma, strict=True)
            ]
        )  # fmt: skip
        shares = np.array([1 - self.asleep, self.asleep])
        self.shares = shares
        self.lost = float(self.people * (shares * np.prod(1 - self.heard, axis=1)).sum())

    def run(self, first: int, rates: Floats) -> tuple[float, Floats, Floats]:
        """Who has nothing at the promised second, tries (r,), and when each queue runs empty (r,)."""
        after = self.after.copy()
        after[1] = first
        return _expected(
            float(self.people), self.shares, after, 1 / rates, self.heard, self.answers, self.told, self.answered,
            self.promise,
        )  # fmt: skip

    def left(self, rates: Floats, at: float) -> float:
        """Who has nothing at a second, every rung beginning when it says."""
        found: tuple[float, Floats, Floats] = _expected(
            float(self.people), self.shares, self.after, 1 / rates, self.heard, self.answers, self.told,
            self.answered, at,
        )  # fmt: skip
        return found[0]


def _below(times: Floats, median: float, sigma: float) -> Floats:
    """The distribution function of a lognormal time."""
    if sigma == 0 or median == 0:
        return (times >= median).astype(np.float64)
    with np.errstate(divide="ignore"):
        return np.where(times > 0, ndtr(np.log(np.maximum(times, 0) / median) / sigma), 0.0)


@njit(cache=True)
def _at(table: Any, seconds: float) -> float:
    place = seconds / _STEP
    whole = int(place)
    if whole + 1 >= len(table):
        return table[-1]
    return table[whole] + (place - whole) * (table[whole + 1] - table[whole])


@njit(cache=True)
def _expected(
    people: float, shares: Any, after: Any, gap: Any, heard: Any, answers: Any, told: Any, answered: Any,
    promise: float,
) -> Any:  # fmt: skip
    r = len(after)
    size = people / _SLICES
    # When a slice has its middle turn, and how long its turns take.
    turn, width = np.full((_SLICES, r), np.inf), np.zeros((_SLICES, r))
    clock, place = after.copy(), np.zeros(r, np.int64)
    tries, emptied = np.zeros(r), np.full(r, np.inf)
    while True:
        g = -1
        for other in range(r):
            if place[other] < _SLICES and clock[other] <= promise and (g < 0 or clock[other] < clock[g]):
                g = other
        if g < 0:
            break
        j, now = place[g], clock[g]
        silent = 0.0
        for asleep in range(2):
            still = shares[asleep]
            for q in range(r):
                if turn[j, q] <= now:
                    still *= 1 - heard[asleep, q] * answers[q] * _at(answered[q], now - turn[j, q])
            silent += still
        width[j, g] = size * silent * gap[g]
        turn[j, g] = now + width[j, g] / 2
        clock[g] = now + width[j, g]
        tries[g] += size * silent
        place[g] += 1
        if place[g] == _SLICES:
            emptied[g] = clock[g]
    remaining = 0.0
    for j in range(_SLICES):
        for part in range(_PARTS):
            for asleep in range(2):
                nothing = shares[asleep]
                for q in range(r):
                    left = promise - turn[j, q] - ((part + 0.5) / _PARTS - 0.5) * width[j, q]
                    if left >= 0:
                        nothing *= 1 - heard[asleep, q] * _at(told[q], left)
                remaining += size / _PARTS * nothing
    return remaining, tries, emptied


def with_first(ladder: Sequence[Rung], seconds: float, rate: float | None = None) -> list[Rung]:
    """The ladder with its second rung beginning at `seconds` and, if given, sending at `rate`."""
    changed = replace(ladder[1], after_seconds=seconds, rate=ladder[1].rate if rate is None else rate)
    return [ladder[0], changed, *ladder[2:]]
