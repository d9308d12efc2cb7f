"""Cut a tree into parts of bounded weight at the least cost: an exact dynamic programme.

For every node the table holds, for every weight that the part around it may have so far, the least cost of
everything below it that is closed. A child is merged by cutting the edge or by adding up weights, so a tree
of n nodes takes at most O(n high²) steps, and far fewer as long as parts are small. The method is the
classical one for bounded-weight tree partition; costs are whole numbers, so ties fall the same way everywhere.
"""

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

Ints = NDArray[np.int32]

INFINITE = np.int32(1 << 29)
DOUBTFUL = np.int32(1 << 27)
# A part outside the band costs more than any number of crossings in its neighbourhood, a crossing more than
# any balance.
VIOLATION = 1 << 22
CROSSING = 1 << 18


def part_costs(low: int, high: int, target: int) -> Ints:
    """What a part of each weight costs (high + 1,): the squared distance to the target, in quarters.

    A part below `low` costs a violation and a little for every household that it lacks.
    """
    weights = np.arange(high + 1, dtype=np.int64)
    unit = max(1, (high - low) // 70) ** 2
    costs = 4 * (weights - target) ** 2 // unit
    costs[:low] = VIOLATION + 64 * (low - weights[:low])
    result: Ints = np.minimum(costs, VIOLATION * 2).astype(np.int32)
    return result


@njit(cache=True)
def cut_tree(
    count: int,
    parent: Any,
    weight: Any,
    cut_cost: Any,
    join_cost: Any,
    costs: Any,
    high: int,
    table: Any,
    before: Any,
    last: Any,
    last_before: Any,
    best: Any,
    head: Any,
    following: Any,
    part: Any,
) -> int:
    """Cut one tree; write the part of each node to `part` and return the number of parts.

    Node 0 is the root and `parent[i] < i`. `cut_cost[i]` is paid when i is cut from its parent,
    `join_cost[i]` when it is not. `table` and
    `before` (count or more, high + 2) and the vectors beside them are work space. Column high + 1 stands for a
    part that holds a node heavier than `high`: it is out of the band whatever one does, so it may take in
    what would otherwise be too small, at a price for every household.
    """
    over = high + 1
    any_over = False
    for i in range(count):
        head[i] = -1
        if weight[i] > high:
            any_over = True
            last[i] = 0
            table[i, over] = 0
        else:
            last[i] = weight[i]
            table[i, weight[i]] = 0
            table[i, over] = INFINITE
    for i in range(count - 1, -1, -1):
        # Close the part of i: what it costs at best, and relative to that the price of leaving it open.
        first, end = weight[i], last[i]
        closed, chosen = INFINITE, over
        if weight[i] <= high:
            for w in range(first, end + 1):
                here = table[i, w] + costs[w]
                if here < closed:
                    closed, chosen = here, w
        if table[i, over] < closed:
            closed, chosen = table[i, over], over
        best[i] = chosen
        if weight[i] <= high:
            for w in range(first, end + 1):
                here = table[i, w] - closed
                table[i, w] = here if here < DOUBTFUL else INFINITE
        here = table[i, over] - closed
        table[i, over] = here if here < DOUBTFUL else INFINITE
        if i == 0:
            break
        up = parent[i]
        following[i] = head[up]
        head[up] = i
        cost, join = cut_cost[i], join_cost[i]
        # Merge into the table of the parent; keep what it was, to find the way back.
        from_, to = weight[up], last[up]
        last_before[i] = to
        before[i, over] = table[up, over]
        if weight[up] <= high:
            wide = min(high, to + end) if weight[i] <= high else to
            for w in range(from_, to + 1):
                before[i, w] = table[up, w]
                table[up, w] = table[up, w] + cost
            for w in range(to + 1, wide + 1):
                table[up, w] = INFINITE
            if weight[i] <= high:
                # Sums stay in 32 bits: a quarter faster than in the 64 that numba would make of them.
                for v in range(from_, to + 1):
                    given = np.int32(before[i, v])
                    if given < DOUBTFUL:
                        given = np.int32(given + join)
                        for w in range(first, min(end, high - v) + 1):
                            here = np.int32(given + table[i, w])
                            if here < table[up, v + w]:
                                table[up, v + w] = here
            last[up] = wide
        if any_over:
            least = before[i, over] + cost
            if weight[i] <= high and before[i, over] < DOUBTFUL:
                for w in range(first, end + 1):
                    here = before[i, over] + table[i, w] + join + 64 * w
                    if here < least:
                        least = here
            if weight[up] <= high and table[i, over] < DOUBTFUL:
                for w in range(from_, to + 1):
                    here = before[i, w] + table[i, over] + join + 64 * w
                    if here < least:
                        least = here
            table[up, over] = least if least < DOUBTFUL else INFINITE
    # The way back, from the root down; `last` now holds the weight still to be explained at each node.
    parts = 1
    part[0] = 0
    last_open = best[0]
    for i in range(count):
        if i == 0:
            rest = last_open
        else:
            rest = last[i]
        child = head[i]
        while child >= 0:
            first = weight[child]
            # `last` of a child is still the end of its table: children come after their parent.
            end = last[child]
            least, taken = INFINITE, -1
            left = rest
            join = join_cost[child]
            if rest == over:
                least = before[child, over] + cut_cost[child]
                if first <= high and before[child, over] < DOUBTFUL:
                    for w in range(first, end + 1):
                        here = before[child, over] + table[child, w] + join + 64 * w
                        if here < least:
                            least, taken = here, w
                if weight[i] <= high and table[child, over] < DOUBTFUL:
                    for w in range(weight[i], last_before[child] + 1):
                        here = before[child, w] + table[child, over] + join + 64 * w
                        if here < least:
                            least, taken, left = here, over, w
            else:
                if rest <= last_before[child]:
                    least = before[child, rest] + cut_cost[child]
                if first <= high:
                    for w in range(max(first, rest - last_before[child]), min(end, rest - weight[i]) + 1):
                        here = before[child, rest - w] + table[child, w] + join
                        if here < least:
                            least, taken, left = here, w, rest - w
            rest = left
            if taken < 0:
                part[child] = parts
                parts += 1
                last[child] = best[child]
            else:
                part[child] = part[i]
                last[child] = taken
            child = following[child]
    return parts


@njit(cache=True)
def cut_forest(
    order: Any,
    parent: Any,
    edge: Any,
    begins: Any,
    weight: Any,
    kind: Any,
    light: Any,
    prices: Any,
    costs: Any,
    high: int,
    label: Any,
) -> int:
    """Cut every tree of a forest in breadth-first order; write `label`, return the number of parts.

    `prices` (4,) is what a cut edge of each kind costs, `light` which nodes belong to a small compound. A tree
    that one part suits no worse than two even halves stays whole.
    """
    big = 0
    for t in range(len(begins) - 1):
        big = max(big, begins[t + 1] - begins[t])
    table, before = np.empty((big, high + 2), np.int32), np.empty((big, high + 2), np.int32)
    work = np.empty((11, big), np.int32)
    up, heavy, cut, join, part = work[0], work[1], work[2], work[3], work[4]
    labels = 0
    for t in range(len(begins) - 1):
        begin = begins[t]
        size = begins[t + 1] - begin
        total = 0
        for i in range(size):
            node = order[begin + i]
            heavy[i] = weight[node]
            total += weight[node]
            up[i] = parent[begin + i] - begin
            cut[i] = join[i] = 0
            if i > 0:
                if kind[edge[begin + i]] == 3:
                    join[i] = CROSSING
                else:
                    cut[i] = CROSSING if light[node] else prices[kind[edge[begin + i]]]
        if total <= high and costs[total] <= costs[total // 2] + costs[total - total // 2]:
            for i in range(size):
                label[order[begin + i]] = labels
            labels += 1
            continue
        made = cut_tree(
            size,
            up,
            heavy,
            cut,
            join,
            costs,
            high,
            table,
            before,
            work[5],
            work[6],
            work[7],
            work[8],
            work[9],
            part,
        )
        for i in range(size):
            label[order[begin + i]] = labels + part[i]
        labels += made
    return labels
