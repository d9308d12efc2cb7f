"""Where points stand (布点): equal shares of the doors, each served from the spot nearest to its middle."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.spatial import cKDTree

Array = np.ndarray[Any, Any]
_TRIED = 16  # of the spots nearest to a middle, for one that is free


@dataclass(frozen=True)
class Sites:
    """`spot` is the index of the candidate at which each point stands; `share` the point of each micro-grid."""

    spot: Array
    share: Array


def choose_sites(doors: Array, at: Array, candidates: Array, count: int) -> Sites:
    """Cut the micro-grids into `count` compact shares of about equal doors; a point in the middle of each.

    `at` and `candidates` are metres on a plane, n × 2. Shares come from cutting the longer side at the weighted
    quantile, again and again: no share is left without a door, and none is larger than its neighbours by more than
    the micro-grids at its edge. Two points stand at the same candidate only when there are fewer candidates.
    """
    weights = np.asarray(doors, dtype=np.int64)
    places = np.asarray(at, dtype=float).reshape(-1, 2)
    count = max(1, min(count, int(np.count_nonzero(weights)))) if len(weights) else 0
    share = np.zeros(len(weights), dtype=np.int64)
    if count == 0:
        return Sites(np.zeros(0, dtype=np.int64), share)
    middles = np.zeros((count, 2))
    waiting = [(np.arange(len(weights)), 0, count)]
    while waiting:
        members, first, wanted = waiting.pop()
        if wanted == 1:
            share[members] = first
            middles[first] = np.average(places[members], axis=0, weights=np.maximum(weights[members], 1e-9))
            continue
        left = wanted // 2
        here, there = _cut(members, weights, places, left, wanted)
        waiting.append((here, first, left))
        waiting.append((there, first + left, wanted - left))
    return Sites(_nearest_free(middles, np.asarray(candidates, dtype=float).reshape(-1, 2)), share)


def _cut(members: Array, weights: Array, places: Array, left: int, wanted: int) -> tuple[Array, Array]:
    """Two parts that can hold `left` and `wanted - left` points: each has at least so many micro-grids with doors."""
    spread = np.ptp(places[members], axis=0)
    axis = int(spread[1] > spread[0])
    ordered = members[np.lexsort((members, places[members, 1 - axis], places[members, axis]))]
    own = weights[ordered]
    running = np.cumsum(own)
    filled = np.cumsum(own > 0)
    goal = running[-1] * left / wanted
    cut = int(np.searchsorted(running, goal)) + 1
    if cut > 1 and running[cut - 1] - goal > goal - running[cut - 2]:
        cut -= 1
    # Neither side may hold fewer micro-grids with doors than points.
    least = int(np.searchsorted(filled, left)) + 1
    most = int(np.searchsorted(filled, filled[-1] - (wanted - left), side="right"))
    cut = min(max(cut, least), max(most, least))
    return ordered[:cut], ordered[cut:]


def _nearest_free(middles: Array, candidates: Array) -> Array:
    tree = cKDTree(candidates)
    _, found = tree.query(middles, k=min(_TRIED, len(candidates)))
    found = np.asarray(found).reshape(len(middles), -1)
    taken: set[int] = set()
    chosen = np.zeros(len(middles), dtype=np.int64)
    for number, line in enumerate(found.tolist()):
        spot = next((one for one in line if one not in taken), line[0])
        taken.add(spot)
        chosen[number] = spot
    return chosen
