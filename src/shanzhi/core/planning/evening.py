"""How the best mode trades: even parts against crossings and cut buildings, until the parts are even enough.

Few crossings, few cut buildings and even parts pay for each other. So the best mode asks for evenness (`EVEN`) and
pays for it where it is cheapest: with crossings that even out much, up to a share above what no partition can go
below, and for the rest with cut buildings. Both prices are set anew before each turn, from what the turns before
attained. All in whole millionths, so that no rounding of a platform changes a label.
"""

from dataclasses import dataclass, replace
from math import isqrt

import numpy as np
from numpy.typing import NDArray

from shanzhi.core.planning.city import City, Ints
from shanzhi.core.planning.forest import number_sets, span
from shanzhi.core.planning.mending import Rules
from shanzhi.core.planning.trees import CROSSING

ONE = 1_000_000
# Standard deviation of households per part over their mean.
EVEN = 164_900
# Crossings, over those that even a perfect packing of small compounds needs.
CROSSINGS = 1_071_000
# The price of a crossing at first, in costs of the smallest part allowed, and its bounds.
FIRST, LEAST, MOST = 2_160_000, 1_900_000, 6_000_000
# How much evener what is still to come makes it by itself: before each turn.
TO_COME = (7_000, 1_000, 500, 100)
# What is missing in variation, times this, is taken off the price of a cut building; and how far that may go.
SHARE, CHEAPEST, DEAREST = 55, 750_000, 1_100_000
# What there is of crossings above their share, times this, is put on the price of a crossing.
DEARER = 10


def variation(weights: NDArray[np.int64]) -> int:
    """Standard deviation over mean, in millionths."""
    total = int(weights.sum())
    if not total:
        return 0
    squares = int((weights * weights).sum())
    return isqrt((len(weights) * squares - total * total) * ONE * ONE // (total * total))


@dataclass
class Trade:
    """The prices of the next turn: `rules` with the price of cut buildings, `crossing` that of a crossing."""

    start: Rules
    rules: Rules
    bound: int
    crossing: int
    turn: int = 0
    factor: int = ONE
    worth: int = FIRST

    def reckon(self, city: City, label: Ints, count: int, piece: Ints) -> None:
        """Set the prices for the next turn by what there is."""
        weights = np.bincount(label, city.households, count).astype(np.int64)
        missing = variation(weights) - TO_COME[min(self.turn, len(TO_COME) - 1)] - EVEN
        factor = self.factor * (ONE - SHARE * missing) // ONE
        self.factor = min(DEAREST, max(CHEAPEST, factor))
        if self.turn and self.bound:
            there = len(np.unique(piece.astype(np.int64) * count + label)) - count
            worth = self.worth + DEARER * (there * ONE // self.bound - CROSSINGS)
            self.worth = min(MOST, max(LEAST, worth))
        prices = (self.start.prices * self.factor + ONE // 2) // ONE
        self.rules = replace(self.start, prices=prices)
        smallest = int(self.start.costs[self.start.low])
        # Where the smallest part allowed costs nothing, or a violation, there is nothing to trade.
        free = self.start.low < self.start.target and 0 < smallest < CROSSING // 8
        self.crossing = self.worth * smallest // ONE if free else CROSSING
        self.turn += 1


def begin(rules: Rules, sizes: Ints, light: NDArray[np.bool_], a: Ints, b: Ints) -> Trade:
    """The trade before the first turn: `sizes` of the pieces, which are `light`, and links between light ones."""
    leader = np.arange(len(sizes), dtype=np.int32)
    span(a, b, np.arange(len(a)), leader, np.zeros(len(a), np.bool_))
    group, groups = number_sets(leader)
    members = np.bincount(group[light], minlength=groups)
    sums = np.bincount(group[light], sizes[light], groups).astype(np.int64)
    # At best two or more neighbours make a part that reaches `low`; every other small piece costs a crossing.
    bound = int((members - np.minimum(sums // rules.low, members // 2)).sum())
    return Trade(rules, rules, bound, CROSSING)
