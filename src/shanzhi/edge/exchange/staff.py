"""Simulated staff (模拟人员): their number, speed and errors as data, and chance that can be repeated."""

from __future__ import annotations

import hashlib
import heapq
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import NormalDist
from uuid import UUID

from shanzhi.base.access import Actor
from shanzhi.edge.exchange.feeds import FeedError, read_yaml

_NORMAL = NormalDist()
ROLES = ("acceptor", "shift_lead", "dispatcher", "grid_worker", "unit_handler", "unit_lead")


@dataclass(frozen=True)
class Staff:
    """What a file of staff states. `minutes` are means, `spread` the sigma of a lognormal distribution."""

    seed: int
    spread: float
    people: dict[str, int]
    minutes: dict[str, float]
    handling_median: float
    handling_spread: float
    shares: dict[str, float]
    suspension_days: float


def load_staff(path: Path) -> Staff:
    """Staff from a pack. Raises FeedError when the file is missing or wrong."""
    given = read_yaml(path)
    try:
        found = Staff(
            seed=int(given["seed"]),
            spread=float(given["spread"]),
            people={role: int(given["people"][role]) for role in ROLES},
            minutes={str(name): float(value) for name, value in given["minutes"].items()},
            handling_median=float(given["handling"]["median"]),
            handling_spread=float(given["handling"]["spread"]),
            shares={str(name): float(value) for name, value in given["shares"].items()},
            suspension_days=float(given["suspension_days"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise FeedError(f"{path.name} 有误：{error}", f"{path.name} is wrong: {error}") from None
    if wrong := [name for name, share in found.shares.items() if not 0 <= share <= 1]:
        listed = ", ".join(wrong)
        raise FeedError(
            f"{path.name}：{listed} 应在 0 与 1 之间。", f"{path.name}: {listed} must lie between 0 and 1."
        )
    return found


class Chance:
    """Draws that depend on nothing but the seed, the case and what is drawn: the same in every run."""

    def __init__(self, seed: int) -> None:
        self._key = seed.to_bytes(8, "big", signed=True)

    def draw(self, case: UUID, what: str, turn: int = 0) -> float:
        """A number from 0 to 1, neither included."""
        said = case.bytes + what.encode() + turn.to_bytes(4, "big")
        found = hashlib.blake2b(said, digest_size=7, key=self._key).digest()
        return (int.from_bytes(found, "big") + 0.5) / 2**56

    def lognormal(self, case: UUID, what: str, turn: int, mean: float, spread: float) -> float:
        """A lognormal number with this mean."""
        z = _NORMAL.inv_cdf(self.draw(case, what, turn))
        return mean * math.exp(spread * z - spread * spread / 2)


class Desk:
    """People in one role: each does one thing at a time, whoever is free first takes the next."""

    def __init__(self, people: Sequence[Actor]) -> None:
        self.people = people
        self._free = [(0.0, index) for index in range(len(people))]

    def anybody(self, draw: float) -> Actor:
        """One of them, by a draw from 0 to 1, for what takes no time at the desk."""
        return self.people[int(draw * len(self.people))]

    def serve(self, ready: float, seconds: float, *, but: UUID | None = None) -> tuple[float, Actor]:
        """When somebody (but not `but`) has done what takes so long, and who; `ready` in epoch seconds."""
        free, index = heapq.heappop(self._free)
        if but is not None and self.people[index].account_id == but and self._free:
            other = heapq.heappop(self._free)
            heapq.heappush(self._free, (free, index))
            free, index = other
        done = max(ready, free) + seconds
        heapq.heappush(self._free, (done, index))
        return done, self.people[index]
