"""Move whole small compounds between neighbouring micro-grids where that makes sizes more even."""

from typing import Any

import numpy as np
from numba import njit


@njit(cache=True)
def move_small(
    start: Any,
    neighbour: Any,
    weight: Any,
    piece: Any,
    light: Any,
    label: Any,
    sums: Any,
    costs: Any,
    low: int,
    high: int,
    sweeps: int,
) -> int:
    """Sweep over the small pieces; returns how many moves were made. `label` and `sums` change in place.

    Nodes of a piece need not be numbered together.
    """
    count = len(weight)
    pieces = len(light)
    first = np.full(pieces, -1, np.int32)
    following = np.full(count, -1, np.int32)
    whole = np.ones(pieces, np.bool_)
    total = np.zeros(pieces, np.int64)
    for node in range(count - 1, -1, -1):
        p = piece[node]
        if light[p]:
            if first[p] >= 0 and label[first[p]] != label[node]:
                whole[p] = False
            following[node] = first[p]
            first[p] = node
            total[p] += weight[node]
    seen = np.full(count, -1, np.int64)
    queue = np.empty(count, np.int32)
    moves = 0
    stamp = 0
    for _ in range(sweeps):
        before = moves
        for p in range(pieces):
            if not light[p] or not whole[p]:
                continue
            home = label[first[p]]
            rest = sums[home] - total[p]
            if rest < low:
                continue
            best, best_gain = -1, 0
            freed = costs[rest] - (costs[sums[home]] if sums[home] <= high else costs[0])
            node = first[p]
            while node >= 0:
                for position in range(start[node], start[node + 1]):
                    other = label[neighbour[position]]
                    if other == home or sums[other] + total[p] > high:
                        continue
                    gain = freed + costs[sums[other] + total[p]] - costs[sums[other]]
                    if gain < best_gain:
                        best, best_gain = other, gain
                node = following[node]
            if best < 0:
                continue
            # Does the rest of the part hold together?
            stamp += 1
            begin = -1
            node = first[p]
            while node >= 0:
                seen[node] = stamp
                for position in range(start[node], start[node + 1]):
                    other = neighbour[position]
                    if label[other] == home and piece[other] != p:
                        begin = other
                node = following[node]
            placed, reached = 1, np.int64(weight[begin])
            queue[0] = begin
            seen[begin] = stamp
            k = 0
            while k < placed:
                node = queue[k]
                for position in range(start[node], start[node + 1]):
                    other = neighbour[position]
                    if label[other] == home and seen[other] != stamp:
                        seen[other] = stamp
                        queue[placed] = other
                        placed += 1
                        reached += weight[other]
                k += 1
            if reached != rest:
                continue
            node = first[p]
            while node >= 0:
                label[node] = best
                node = following[node]
            sums[home] = rest
            sums[best] += total[p]
            moves += 1
        if moves == before:
            break
    return moves
