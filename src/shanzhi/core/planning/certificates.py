"""Why a micro-grid is out of its band: proofs that nothing better was possible."""

from collections.abc import Iterator
from enum import IntEnum
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from shanzhi.core.planning.forest import adjacency

SEARCH_STEPS = 400


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


class _Search:
    """Whether nodes can all lie in disjoint parts of the band: depth first, with a limit on steps.

    A node of low to high can always be a part by itself and a node heavier than high is out of the band anyway,
    so only nodes below `low` have to be covered. Joining a node above `high` counts as covered, as often as one
    likes: what is not possible even so is not possible at all.
    """

    def __init__(self, start: Any, neighbour: Any, weight: Any, low: int, high: int, limit: int) -> None:
        self.start, self.neighbour, self.weight = start, neighbour, weight
        self.low, self.high, self.left = low, high, limit

    def around(self, node: int) -> list[int]:
        found: list[int] = self.neighbour[self.start[node] : self.start[node + 1]].tolist()
        return found

    def parts(self, node: int, used: frozenset[int]) -> Iterator[frozenset[int]]:
        """Every connected set that covers a node and keeps clear of `used`."""
        yield from self._grow(frozenset([node]), used | {node}, int(self.weight[node]))

    def _grow(self, part: frozenset[int], banned: frozenset[int], total: int) -> Iterator[frozenset[int]]:
        self.left -= 1
        if self.left < 0:
            return
        edge = [other for node in sorted(part) for other in self.around(node) if other not in part]
        if total >= self.low or any(self.weight[other] > self.high for other in edge):
            yield part
        for other in dict.fromkeys(edge):
            heavier = total + int(self.weight[other])
            if other not in banned and heavier <= self.high:
                banned |= {other}
                yield from self._grow(part | {other}, banned, heavier)

    def possible(self, todo: tuple[int, ...], used: frozenset[int]) -> bool:
        """Whether all of `todo` can be covered, and whatever that leaves without room."""
        if not todo or self.left < 0:
            return True
        node, rest = todo[0], todo[1:]
        for part in self.parts(node, used):
            taken = used | part
            touched = [other for member in sorted(part) for other in self.around(member)]
            new = [
                other for other in (*rest, *touched) if other not in taken and self.weight[other] < self.low
            ]
            if self.possible(tuple(dict.fromkeys(new)), taken):
                return True
        return self.left < 0


def prove(
    city: Any, label: Any, broken: NDArray[np.bool_], low: int, high: int, hopeless: NDArray[np.bool_]
) -> None:
    """Mark as `hopeless` (n,) a node of every broken part below `low` that no partition could cover.

    "Could cover" as in `_Search`: the mark says that whatever one does, a part about here is out of the band.
    """
    nodes = np.flatnonzero(broken[label] & (city.households < low))
    start, neighbour, _ = adjacency(city.count, city.a, city.b, np.arange(len(city.a)))
    proved: set[int] = set()
    tried: set[int] = set()
    for node in nodes.tolist():
        part = int(label[node])
        if part not in proved and has_room(node, start, neighbour, city.households, low, high, 5000) == 0:
            hopeless[node] = True
            proved.add(part)
    for node in nodes.tolist():
        part = int(label[node])
        if part in proved or part in tried:
            continue
        tried.add(part)
        search = _Search(start, neighbour, city.households, low, high, SEARCH_STEPS)
        hopeless[node] = not search.possible((node,), frozenset())


def certify(
    city: Any, label: Any, weights: NDArray[np.int64], low: int, high: int, hopeless: NDArray[np.bool_]
) -> NDArray[np.int8]:
    """The certificate of every part (k,), given the nodes that no partition could cover (n,)."""
    result = np.zeros(len(weights), np.int8)
    outside = (weights < low) | (weights > high)
    if not outside.any():
        return result
    result[outside] = Certificate.unproved
    component, components = city.sets(np.arange(len(city.a)))
    totals = np.bincount(component, city.households, components)
    heavy = np.bincount(component, city.households > high, components) > 0
    home = np.zeros(len(weights), np.int64)
    home[label] = component
    result[label[hopeless & outside[label]]] = Certificate.sums_impossible
    for part in np.flatnonzero(result == Certificate.unproved).tolist():
        if totals[home[part]] >= low and not heavy[home[part]]:
            inside = city.households[component == home[part]].astype(np.int64)
            if len(inside) <= 5000 and sums_impossible(inside, low, high):
                result[part] = Certificate.sums_impossible
    result[label[city.households > high]] = Certificate.piece_too_large
    result[outside & (totals[home] < low)] = Certificate.component_too_small
    return result
