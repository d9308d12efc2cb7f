"""A tree over places that answers who is cheapest to reach: walking cost plus a price that only each place has.

The places are halved along the longer side, again and again; node i of the tree has the halves 2i and 2i + 1 and
keeps a box, the least price and all skills below it. Everything is whole centimetres: the square root of a whole
number below 2^53 is rounded the same way on every machine.
"""

from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

LEAF = 8
FAR = np.int64(1) << 62
# 500 km in centimetres: squares stay below 2^53.
WIDEST = 50_000_000


class Tree(NamedTuple):
    """Places in the order of the tree (n,), and for its nodes (2 leaves,) what lies below."""

    x: NDArray[np.int64]
    y: NDArray[np.int64]
    skills: NDArray[np.int64]
    price: NDArray[np.int64]
    """What each place costs apart from the way; FAR hides it."""
    begins: NDArray[np.int64]
    leaf: NDArray[np.int64]
    box: NDArray[np.int64]
    """East from, to, north from, to (2 leaves, 4)."""
    least: NDArray[np.int64]
    any_skills: NDArray[np.int64]


@njit(cache=True)
def arrange(x: Any, y: Any) -> Any:
    """The order of the tree: places (n,) halved along the longer side, again and again, down to the leaves."""
    count = len(x)
    order = np.arange(count)
    parts = 1
    while parts * LEAF < count:
        for part in range(parts):
            begin, end = part * count // parts, (part + 1) * count // parts
            middle = (2 * part + 1) * count // (2 * parts)
            some = order[begin:end]
            wide, high = x[some], y[some]
            along = x if wide.max() - wide.min() >= high.max() - high.min() else y
            _select(order, along, begin, end - 1, middle)
        parts *= 2
    return order


@njit(cache=True)
def _select(order: Any, along: Any, low: Any, high: Any, middle: Any) -> None:
    """Move what belongs before `middle` before it (Hoare's selection); equal places by their number."""
    while low < high:
        pivot = order[(low + high) >> 1]
        value = along[pivot]
        i, j = low, high
        while i <= j:
            while along[order[i]] < value or (along[order[i]] == value and order[i] < pivot):
                i += 1
            while along[order[j]] > value or (along[order[j]] == value and order[j] > pivot):
                j -= 1
            if i <= j:
                order[i], order[j] = order[j], order[i]
                i += 1
                j -= 1
        if middle <= j:
            high = j
        elif middle >= i:
            low = i
        else:
            return


def plant(
    x: NDArray[np.int64], y: NDArray[np.int64], skills: NDArray[np.int64], price: NDArray[np.int64]
) -> Tree:
    """The tree over places that are already arranged (n,), n at least 1; `price` is copied."""
    count = len(x)
    leaves = 1
    while leaves * LEAF < count:
        leaves *= 2
    begins = np.arange(leaves + 1, dtype=np.int64) * count // leaves
    tree = Tree(
        x, y, skills, price.copy(), begins,
        np.repeat(np.arange(leaves, 2 * leaves), np.diff(begins)),
        np.empty((2 * leaves, 4), np.int64), np.full(2 * leaves, FAR), np.zeros(2 * leaves, np.int64),
    )  # fmt: skip
    _gather(tree)
    return tree


@njit(cache=True)
def _gather(tree: Any) -> None:
    leaves = len(tree.begins) - 1
    for node in range(2 * leaves - 1, 0, -1):
        box = tree.box[node]
        if node >= leaves:
            box[0], box[1], box[2], box[3] = FAR, -FAR, FAR, -FAR
            for i in range(tree.begins[node - leaves], tree.begins[node - leaves + 1]):
                box[0], box[1] = min(box[0], tree.x[i]), max(box[1], tree.x[i])
                box[2], box[3] = min(box[2], tree.y[i]), max(box[3], tree.y[i])
                tree.least[node] = min(tree.least[node], tree.price[i])
                tree.any_skills[node] |= tree.skills[i]
        else:
            one, two = tree.box[2 * node], tree.box[2 * node + 1]
            box[0], box[1] = min(one[0], two[0]), max(one[1], two[1])
            box[2], box[3] = min(one[2], two[2]), max(one[3], two[3])
            tree.least[node] = min(tree.least[2 * node], tree.least[2 * node + 1])
            tree.any_skills[node] = tree.any_skills[2 * node] | tree.any_skills[2 * node + 1]


@njit(cache=True)
def set_prices(tree: Any, places: Any, prices: Any, hide: bool) -> None:
    """Give some places their price out of `prices` (n,), or hide them, and the nodes above their least."""
    price, begins, least, leaf = tree.price, tree.begins, tree.least, tree.leaf
    leaves = len(begins) - 1
    for place in places:
        before, value = price[place], FAR if hide else prices[place]
        price[place] = value
        node = leaf[place]
        if value > before and before > least[node]:
            continue
        new = FAR
        for i in range(begins[node - leaves], begins[node - leaves + 1]):
            new = min(new, price[i])
        while node > 0 and least[node] != new:
            least[node] = new
            node >>= 1
            new = min(least[2 * node], least[2 * node + 1])


@njit(cache=True, inline="always")
def way(east: Any, north: Any, far: Any) -> Any:
    """What walking costs: d + d * d / far in whole centimetres; far 0: d alone."""
    d = np.floor(np.sqrt(np.float64(east * east + north * north)))
    return np.int64(d + np.floor(d * d / far)) if far > 0 else np.int64(d)


@njit(cache=True)
def cheapest(
    tree: Any,
    x: Any,
    y: Any,
    needed: Any,
    far: Any,
    limit: Any,
    places: Any,
    costs: Any,
    totals: Any,
    stack: Any,
) -> Any:
    """The cheapest places with the needed skills whose way plus price is below `limit`.

    Fills `places`, `costs` (the way alone) and `totals`, as many as fit, the dearest first; returns how many.
    `stack` (2, 64) is room to work in.
    """
    # Taken apart once: numba counts every use of an array out of a tuple.
    box, least, any_skills, begins = tree.box, tree.least, tree.any_skills, tree.begins
    xs, ys, skills, prices = tree.x, tree.y, tree.skills, tree.price
    most = len(places)
    leaves = len(begins) - 1
    found = 0
    worst = limit
    stack[0, 0], stack[1, 0] = 1, least[1]
    depth = 1
    while depth > 0:
        depth -= 1
        node, bound = stack[0, depth], stack[1, depth]
        while bound < worst and node < leaves:
            bound = FAR
            first = 2 * node
            # Not a function of its own: numba would count references to three arrays for each node.
            for below in range(first, first + 2):
                other = FAR
                if least[below] < worst and any_skills[below] & needed == needed:
                    east = max(box[below, 0] - x, np.int64(0), x - box[below, 1])
                    north = max(box[below, 2] - y, np.int64(0), y - box[below, 3])
                    other = way(east, north, far) + least[below]
                if below == first:
                    node, bound = below, other
                    continue
                farther = below
                if other < bound:
                    node, farther, bound, other = below, node, other, bound
                if other < worst:
                    stack[0, depth], stack[1, depth] = farther, other
                    depth += 1
        if bound >= worst:
            continue
        for i in range(begins[node - leaves], begins[node - leaves + 1]):
            price = prices[i]
            if price >= worst or skills[i] & needed != needed:
                continue
            total = way(xs[i] - x, ys[i] - y, far) + price
            if total >= worst:
                continue
            # A heap with the dearest on top.
            if found < most:
                at = found
                found += 1
                while at > 0 and totals[(at - 1) >> 1] < total:
                    places[at], totals[at] = places[(at - 1) >> 1], totals[(at - 1) >> 1]
                    at = (at - 1) >> 1
            else:
                at = 0
                while 2 * at + 1 < most:
                    below = 2 * at + 1
                    if below + 1 < most and totals[below + 1] > totals[below]:
                        below += 1
                    if totals[below] <= total:
                        break
                    places[at], totals[at] = places[below], totals[below]
                    at = below
            places[at], totals[at] = i, total
            if found == most:
                worst = totals[0]
    for at in range(found):
        costs[at] = totals[at] - prices[places[at]]
    return found
