"""Why a micro-grid is out of its band: proofs that nothing better was possible."""

from enum import IntEnum
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from shanzhi.core.planning.forest import adjacency


class Certificate(IntEnum):
    """Why a micro-grid lies outside [low, high] (越界说明)."""

    within = 0
    component_too_small = 1
    piece_too_large = 2
    sums_impossible = 3
    unproved = 4


LABELS = {
    Certificate.within: "",
    Certificate.component_too_small: "连通区域总户数不足下限",
    Certificate.piece_too_large: "含有不可再分且超过上限的单元",
    Certificate.sums_impossible: "户数组合无法落入区间",
    Certificate.unproved: "未能证明",
}


def sums_impossible(weights: NDArray[np.int64], low: int, high: int) -> bool:
    """Whether pieces of these weights (k,) cannot be shared out into parts of low to high, connected or not.

    By subset sums as bits of one number: some part must weigh s in [low, high] such that the rest can be k
    parts by its sum, low k <= rest <= high k. Sound for any adjacency, and complete up to two parts when
    everything touches everything.
    """
    total = int(weights.sum())
    reachable = 1
    for weight in weights.tolist():
        reachable |= reachable << weight
        reachable &= (1 << (high + 1)) - 1
    for first in range(low, min(high, total) + 1):
        if reachable >> first & 1:
            rest = total - first
            if -(-rest // high) * low <= rest:
                return False
    return True


@njit(cache=True)
def has_room(node: int, start: Any, neighbour: Any, weight: Any, low: int, high: int, limit: int) -> int:
    """Whether a node lies in any connected set of low to high, or in one with a node heavier than high.

    Looks at every connected set of at most `high` that holds the node: 1 found, 0 there is none, -1 not known
    after `limit` steps.
    """
    chosen, banned = [node], [node]
    total = np.int64(weight[node])
    if total >= low:
        return 1
    # Depth first: at each level a neighbour of the set is taken, or banned for the rest of the level.
    marks = [1]
    steps = 0
    while True:
        steps += 1
        if steps > limit:
            return -1
        found = -1
        for member in chosen:
            for position in range(start[member], start[member + 1]):
                other = neighbour[position]
                if other not in banned:
                    if weight[other] > high:
                        return 1
                    if total + weight[other] <= high:
                        found = other
                        break
            if found >= 0:
                break
        if found >= 0:
            chosen.append(found)
            banned.append(found)
            marks.append(len(banned))
            total += weight[found]
            if total >= low:
                return 1
            continue
        if len(chosen) == 1:
            return 0
        # Leave this level: its node stays banned for its siblings, what it banned is free again.
        dropped = chosen.pop()
        total -= weight[dropped]
        keep = marks.pop()
        while len(banned) > keep:
            banned.pop()


def certify(city: Any, label: Any, weights: NDArray[np.int64], rules: Any) -> NDArray[np.int8]:
    """The certificate of every part (k,)."""
    low, high = rules.low, rules.high
    result = np.zeros(len(weights), np.int8)
    outside = (weights < low) | (weights > high)
    if not outside.any():
        return result
    result[outside] = Certificate.unproved
    too_large = np.zeros(len(weights), np.bool_)
    too_large[label[city.households > high]] = True
    component, components = city.sets(np.arange(len(city.a)))
    totals = np.bincount(component, city.households, components)
    heavy = np.bincount(component, city.households > high, components) > 0
    home = np.zeros(len(weights), np.int64)
    home[label] = component
    open_ = outside & ~too_large & (totals[home] >= low)
    result[outside & (totals[home] < low)] = Certificate.component_too_small
    result[outside & too_large] = Certificate.piece_too_large
    if not open_.any():
        return result
    start, neighbour, _ = adjacency(city.count, city.a, city.b, np.arange(len(city.a)))
    members = np.argsort(component, kind="stable")
    bounds = np.r_[0, np.cumsum(np.bincount(component, minlength=components))]
    nodes = np.flatnonzero(open_[label])
    for node in nodes.tolist():
        if result[label[node]] == Certificate.unproved:
            if has_room(node, start, neighbour, city.households, low, high, 5000) == 0:
                result[label[node]] = Certificate.sums_impossible
    for part in np.flatnonzero(result == Certificate.unproved).tolist():
        c = int(home[part])
        if not heavy[c] and bounds[c + 1] - bounds[c] <= 5000:
            inside = city.households[members[bounds[c] : bounds[c + 1]]].astype(np.int64)
            if sums_impossible(inside, low, high):
                result[part] = Certificate.sums_impossible
    return result
