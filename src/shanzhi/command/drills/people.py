"""Simulated people (模拟人员): what each does is drawn from a seed and their own number, whenever it is asked.

So nothing has to be kept: whoever goes on after a break draws the same. Method: SplitMix64 of the number, the seed
and the kind of draw (Steele, Lea and Flood, OOPSLA 2014); normal deviates by the inverse of the normal distribution.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from shanzhi.command.drills.packs import DoorsGiven, People

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_ONE, _TWO = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_AWAKE, _LATENCY, _APP, _LATER, _DEPUTY, _WILLING, _ABLE, _TRAVEL = range(1, 9)


def _mixed(x: NDArray[np.uint64]) -> NDArray[np.uint64]:
    x = (x ^ (x >> np.uint64(30))) * _ONE
    x = (x ^ (x >> np.uint64(27))) * _TWO
    return x ^ (x >> np.uint64(31))


class Chance:
    """Draws of some people (n,), by their ids."""

    def __init__(self, ids: Sequence[UUID], seed: int) -> None:
        raw = np.frombuffer(b"".join(one.bytes for one in ids), ">u8").reshape(-1, 2).astype(np.uint64)
        with np.errstate(over="ignore"):
            self._state = _mixed(_mixed(raw[:, 0]) + raw[:, 1] + np.uint64(seed) * _GOLDEN)

    def uniform(self, kind: int) -> Floats:
        """Numbers in (0, 1)."""
        with np.errstate(over="ignore"):
            found = _mixed(self._state + np.uint64(kind) * _GOLDEN)
        return ((found >> np.uint64(11)).astype(np.float64) + 0.5) / 2.0**53

    def lognormal(self, kind: int, median: float, sigma: float) -> Floats:
        """Seconds."""
        return median * np.exp(sigma * ndtri(self.uniform(kind)))


@dataclass(frozen=True)
class Manners:
    """What some people (n,) will do with an order. Seconds.

    Who is `awake` has it `latency` after it was sent in the app, and answers `app` later; a message is answered
    `later` after it came. `willing`: answers at all; `able`: does not say that it cannot be done.
    """

    awake: Bools
    latency: Floats
    app: Floats
    later: Floats
    willing: Bools
    able: Bools


def manners(given: People, seed: int, accounts: Sequence[UUID], own: Sequence[bool]) -> Manners:
    """Draw them. `own`: the order is to themselves; else they are asked for somebody silent, and are awake."""
    chance, mine = Chance(accounts, seed), np.array(own, np.bool_)
    app = chance.lognormal(_APP, given.app.answer_median, given.app.answer_sigma)
    deputy = chance.lognormal(_DEPUTY, given.deputy.answer_median, given.deputy.answer_sigma)
    return Manners(
        awake=(chance.uniform(_AWAKE) >= given.asleep_share) | ~mine,
        latency=chance.lognormal(_LATENCY, given.app.latency_median, given.app.latency_sigma),
        app=np.where(mine, app, deputy),
        later=chance.lognormal(_LATER, given.message.answer_median, given.message.answer_sigma),
        willing=chance.uniform(_WILLING) < np.where(mine, given.answers, given.deputy.answers),
        able=chance.uniform(_ABLE) >= given.cannot,
    )


def travel(given: DoorsGiven, seed: int, accounts: Sequence[UUID]) -> Floats:
    """How long each of these takes to their first door, seconds."""
    return Chance(accounts, seed).lognormal(_TRAVEL, given.travel_median, given.travel_sigma)
