"""Small compounds: which of them form a micro-grid together, and which join a neighbour.

A compound with fewer than `low` households must share its micro-grid. One that joins others costs one
crossing, and every micro-grid made of small compounds alone saves one: so the fewest crossings are the most
disjoint connected groups of small compounds that reach `low`. On a tree a greedy walk from the leaves finds
the most; walks over many random trees, each of which keeps the groups found so far whole, approach the most
on the graph and never lose one. What is left over joins whatever neighbour makes the sizes most even.
"""

from typing import Any

import numpy as np
from numba import njit

from shanzhi.core.planning.forest import find


@njit(cache=True)
def next_random(state: Any) -> Any:
    """The next state of a xorshift generator, the same on every platform."""
    state ^= (state << np.uint64(13)) & np.uint64(0xFFFFFFFFFFFFFFFF)
    state ^= state >> np.uint64(7)
    state ^= (state << np.uint64(17)) & np.uint64(0xFFFFFFFFFFFFFFFF)
    return state


@njit(cache=True)
def group_small(start: Any, neighbour: Any, weight: Any, low: int, rounds: int, seed: int) -> Any:
    """Groups of small pieces: the group of each piece, or -1 (p,), and the number of groups.

    `start`, `neighbour` is the graph of pieces; only pieces lighter than `low` are looked at.
    """
    count = len(weight)
    group = np.full(count, -1, np.int32)
    member = np.empty(count, np.int32)
    seen = np.zeros(count, np.int32)
    place = np.empty(count, np.int32)
    order = np.empty(count, np.int32)
    parent = np.empty(count, np.int32)
    sum_ = np.empty(count, np.int32)
    joined = np.empty(count, np.bool_)
    trial = np.empty(count, np.int32)
    stack = np.empty((2, len(neighbour) + 1, 2), np.int32)
    groups = 0
    stamp = 0
    for first in range(count):
        if seen[first] != 0 or weight[first] >= low or start[first] == start[first + 1]:
            continue
        # The connected component of small pieces.
        size, total = 1, 0
        member[0] = first
        seen[first] = -1
        k = 0
        while k < size:
            piece = member[k]
            total += weight[piece]
            for position in range(start[piece], start[piece + 1]):
                other = neighbour[position]
                if weight[other] < low and seen[other] == 0:
                    seen[other] = -1
                    member[size] = other
                    size += 1
            k += 1
        most = min(total // low, size // 2)
        if most == 0:
            continue
        found = 0
        state: Any = np.uint64(seed * 2654435761 + first * 40503 + 88172645463325252)
        for round_ in range(rounds):
            if found == most:
                break
            stamp += 1
            state = next_random(state)
            # A random tree that takes edges inside a group first.
            placed = 0
            tops = np.zeros(2, np.int32)
            stack[1, 0, 0] = member[state % np.uint64(size)]
            stack[1, 0, 1] = -1
            tops[1] = 1
            while tops[0] + tops[1] > 0:
                which = 0 if tops[0] > 0 else 1
                state = next_random(state)
                picked = np.int64(state % np.uint64(tops[which])) if round_ > 0 else tops[which] - 1
                piece, up = stack[which, picked, 0], stack[which, picked, 1]
                tops[which] -= 1
                stack[which, picked, 0] = stack[which, tops[which], 0]
                stack[which, picked, 1] = stack[which, tops[which], 1]
                if seen[piece] == stamp:
                    continue
                seen[piece] = stamp
                place[piece] = placed
                order[placed] = piece
                parent[placed] = up
                for position in range(start[piece], start[piece + 1]):
                    other = neighbour[position]
                    if weight[other] < low and seen[other] != stamp:
                        which = 0 if group[other] >= 0 and group[other] == group[piece] else 1
                        stack[which, tops[which], 0] = other
                        stack[which, tops[which], 1] = placed
                        tops[which] += 1
                placed += 1
            # Close a group as soon as it is heavy enough; what comes after stays free.
            made = 0
            for i in range(size):
                sum_[i] = weight[order[i]]
                joined[i] = False
            for i in range(size - 1, 0, -1):
                if sum_[i] < low and sum_[parent[i]] < low:
                    sum_[parent[i]] += sum_[i]
                    joined[i] = True
            for i in range(size):
                if i > 0 and joined[i]:
                    trial[i] = trial[parent[i]]
                elif sum_[i] >= low:
                    trial[i] = made
                    made += 1
                else:
                    trial[i] = -1
            if made >= found:
                found = made
                for i in range(size):
                    group[order[i]] = groups + trial[i] if trial[i] >= 0 else -1
        groups += found
    return group, groups


@njit(cache=True)
def join_rest(
    start: Any, neighbour: Any, via: Any, weight: Any, low: int, value: Any, leader: Any, sums: Any, link: Any
) -> int:
    """Let every small piece that is in no group join the neighbour that this suits best.

    `leader` is a union-find over pieces in which the groups are already one; `sums` the weight of each leader.
    `value[w]` is what a cluster of w households costs. Writes the edge taken to `link`; returns how many small
    pieces are still alone.
    """
    count = len(weight)
    while True:
        joined = left = 0
        for piece in range(count):
            if weight[piece] >= low or find(leader, piece) != piece or sums[piece] >= low:
                continue
            best, best_gain = -1, 0.0
            mine = sums[piece]
            for position in range(start[piece], start[piece + 1]):
                other = find(leader, neighbour[position])
                if other == piece or sums[other] < low:
                    continue
                now = min(sums[other], len(value) - 1)
                then = min(sums[other] + mine, len(value) - 1)
                gain = value[then] - value[now]
                if best < 0 or gain < best_gain:
                    best, best_gain = position, gain
            if best < 0:
                left += 1
                continue
            other = find(leader, neighbour[best])
            leader[piece] = other
            sums[other] += mine
            link[piece] = via[best]
            joined += 1
        if joined == 0:
            return left
