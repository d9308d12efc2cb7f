"""Better parts by drawing the tree anew: random trees on which the parts found so far can still be had.

A tree that spans every part before it joins them contains the present parts among its cuts, so cutting it at
the least cost never loses, and mends a whole cluster at once. Edges inside a building come first within each
class: then every cut edge inside a building is one piece more, and the tree prices splits rightly; what a
partition costs is counted from the pieces all the same before it is taken.
"""

from typing import Any

import numpy as np
from numba import njit

from shanzhi.core.planning.grouping import next_random
from shanzhi.core.planning.trees import CROSSING, VIOLATION, cut_tree


@njit(cache=True)
def random_tree(
    size: int,
    begin: int,
    start: Any,
    neighbour: Any,
    kind: Any,
    part: Any,
    state: Any,
    order: Any,
    parent: Any,
    via: Any,
    stack: Any,
    tops: Any,
    place: Any,
) -> Any:
    """Prim's tree by five classes of edges, random within a class; returns the state of the generator."""
    for i in range(size):
        place[i] = -1
    tops[:] = 0
    state = next_random(state)
    stack[4, 0, 0] = np.int64(state % np.uint64(size))
    stack[4, 0, 1] = stack[4, 0, 2] = -1
    tops[4] = 1
    placed = 0
    while placed < size:
        which = 0
        while tops[which] == 0:
            which += 1
        state = next_random(state)
        picked = np.int64((state >> np.uint64(20)) % np.uint64(tops[which]))
        node = stack[which, picked, 0]
        up, edge = stack[which, picked, 1], stack[which, picked, 2]
        tops[which] -= 1
        top = tops[which]
        stack[which, picked, 0] = stack[which, top, 0]
        stack[which, picked, 1] = stack[which, top, 1]
        stack[which, picked, 2] = stack[which, top, 2]
        if place[node] >= 0:
            continue
        place[node] = placed
        order[placed] = node
        parent[placed] = up
        via[placed] = edge
        for position in range(start[begin + node], start[begin + node + 1]):
            other = neighbour[position] - begin
            if place[other] < 0:
                inner = kind[position] < 2
                if part[other] == part[node]:
                    which = 0 if inner else 1
                else:
                    which = 2 if inner else (4 if kind[position] == 3 else 3)
                top = tops[which]
                stack[which, top, 0] = other
                stack[which, top, 1] = placed
                stack[which, top, 2] = kind[position]
                tops[which] = top + 1
        placed += 1
    return state


@njit(cache=True)
def price(
    size: int,
    begin: int,
    part: Any,
    parts: int,
    weight: Any,
    ids: Any,
    once: Any,
    costs: Any,
    high: int,
    crossing: int,
    home: Any,
    move_price: int,
    sums: Any,
    heads: Any,
    chain: Any,
    seen: Any,
    held: Any,
    stamp: int,
) -> Any:
    """What a partition of one cluster really costs.

    `ids` (3, n) building, stairwell and compound of each node and `once` (3,) what one more piece of each
    costs; `home` the previous part of each node (-1: none) and `move_price` the cost of a moved household.
    """
    for p in range(parts):
        sums[p] = 0
        heads[p] = -1
    for i in range(size):
        p = part[i]
        sums[p] += weight[begin + i]
        chain[i] = heads[p]
        heads[p] = i
    total = np.int64(0)
    for p in range(parts):
        total += costs[sums[p]] if sums[p] <= high else VIOLATION + 64 * (sums[p] - high)
        total -= crossing
        i = heads[p]
        while i >= 0:
            node = begin + i
            for which in range(3):
                if seen[which, ids[which, node]] != stamp + p:
                    seen[which, ids[which, node]] = stamp + p
                    total += once[which]
            i = chain[i]
    if move_price > 0:
        # A part keeps the previous part that most of it comes from; a previous part survives once.
        for i in range(size):
            if home[begin + i] >= 0:
                held[1, home[begin + i]] = 0
        for p in range(parts):
            i = heads[p]
            while i >= 0:
                if home[begin + i] >= 0:
                    held[0, home[begin + i]] = 0
                i = chain[i]
            i, most, owner = heads[p], 0, -1
            while i >= 0:
                if home[begin + i] >= 0:
                    total += move_price * weight[begin + i]
                    held[0, home[begin + i]] += weight[begin + i]
                    if held[0, home[begin + i]] > most:
                        most, owner = held[0, home[begin + i]], home[begin + i]
                i = chain[i]
            if most > 0 and most > held[1, owner]:
                total -= move_price * (most - held[1, owner])
                held[1, owner] = most
    return total


@njit(cache=True)
def improve(
    begins: Any,
    start: Any,
    neighbour: Any,
    kind: Any,
    weight: Any,
    ids: Any,
    light: Any,
    part: Any,
    parts: Any,
    home: Any,
    move_price: int,
    costs: Any,
    high: int,
    prices: Any,
    crossing: int,
    rounds: int,
    patience: int,
    seed: int,
    only_broken: bool,
) -> None:
    """Mend each cluster of `begins` in place, `rounds` trees each, fewer after `patience` without a gain.

    Nodes are numbered cluster by cluster. `part` is the part of each node within its cluster, `parts` the
    number of parts of each cluster; `light` tells nodes of compounds that should not be cut. With
    `only_broken` a cluster is left alone as soon as nothing in it is out of the band.
    """
    big = widest = 0
    for t in range(len(begins) - 1):
        big = max(big, begins[t + 1] - begins[t])
        widest = max(widest, start[begins[t + 1]] - start[begins[t]])
    table, before = np.empty((big, high + 2), np.int32), np.empty((big, high + 2), np.int32)
    work = np.empty((16, big), np.int32)
    order, parent, via, place, heads, chain = work[0], work[1], work[2], work[3], work[4], work[5]
    heavy, cut, join, trial, found = work[6], work[7], work[8], work[9], work[10]
    sums = np.empty(big, np.int64)
    blank = np.zeros(big, np.int32)
    stack, tops = np.empty((5, widest + 1, 3), np.int32), np.zeros(5, np.int64)
    seen = np.zeros((3, ids.max() + 1), np.int32)
    held = np.zeros((2, home.max() + 2), np.int64)
    once = np.array([prices[1], prices[0] - prices[1], crossing])
    stamp = 1
    for t in range(len(begins) - 1):
        begin = begins[t]
        size = begins[t + 1] - begin
        total = 0
        for i in range(size):
            total += weight[begin + i]
        if parts[t] == 1 and total <= high and costs[total] <= costs[total // 2] + costs[total - total // 2]:
            continue
        state: Any = np.uint64(seed * 2654435761 + t * 40503 + 88172645463325252)
        now = price(
            size,
            begin,
            part[begin : begin + size],
            parts[t],
            weight,
            ids,
            once,
            costs,
            high,
            crossing,
            home,
            move_price,
            sums,
            heads,
            chain,
            seen,
            held,
            stamp,
        )
        stamp += parts[t]
        # What no cut can mend: every node heavier than `high`.
        spoilt = np.int64(0)
        for i in range(size):
            if weight[begin + i] > high:
                spoilt += VIOLATION + 64 * (weight[begin + i] - high)
        idle = 0
        for round_ in range(rounds):
            if only_broken and now < spoilt + VIOLATION // 2:
                break
            # A broken part may need another neighbourhood: every second tree forgets the parts.
            base = blank[:size] if only_broken and round_ % 2 else part[begin : begin + size]
            state = random_tree(
                size, begin, start, neighbour, kind, base, state, order, parent, via, stack, tops, place
            )  # fmt: skip
            for i in range(size):
                node = begin + order[i]
                heavy[i] = weight[node]
                k = via[i]
                join[i] = crossing if k == 3 else 0
                cut[i] = 0
                if k < 3:
                    cut[i] = CROSSING if light[node] else prices[k]
                if move_price > 0 and i > 0:
                    if home[node] == home[begin + order[parent[i]]]:
                        cut[i] += 16 * move_price
                    elif home[node] >= 0 and home[begin + order[parent[i]]] >= 0:
                        join[i] += 16 * move_price
            made = cut_tree(
                size,
                parent,
                heavy,
                cut,
                join,
                costs,
                high,
                table,
                before,
                work[11],
                work[12],
                work[13],
                work[14],
                work[15],
                found,
            )
            for i in range(size):
                trial[order[i]] = found[i]
            then = price(
                size,
                begin,
                trial,
                made,
                weight,
                ids,
                once,
                costs,
                high,
                crossing,
                home,
                move_price,
                sums,
                heads,
                chain,
                seen,
                held,
                stamp,
            )
            stamp += made
            idle = 0 if then < now else idle + 1
            if then <= now:
                for i in range(size):
                    part[begin + i] = trial[i]
                parts[t] = made
                now = then
            if idle >= patience:
                break
