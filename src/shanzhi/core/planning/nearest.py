"""A tree over places that answers who is cheapest to reach: walking cost plus a price that only each place has.

The places lie along a Morton curve; node i of the tree covers the halves 2i and 2i + 1, level by level, and keeps
a box, the least price and all skills below it. Everything is whole centimetres: the square root of a whole number
below 2^53 is rounded the same way on every machine.
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


def morton(x: NDArray[np.int64], y: NDArray[np.int64]) -> NDArray[np.int64]:
    """The order of places along a Morton curve; x, y (n,) from 0 to 2^26."""

    def spread(v: NDArray[np.int64]) -> NDArray[np.int64]:
        v = v.astype(np.int64)
        for shift, mask in (
            (16, 0x0000FFFF0000FFFF),
            (8, 0x00FF00FF00FF00FF),
            (4, 0x0F0F0F0F0F0F0F0F),
            (2, 0x3333333333333333),
            (1, 0x5555555555555555),
        ):
            v = (v | (v << shift)) & mask
        return v

    return np.argsort(spread(x) | (spread(y) << 1), kind="stable")


def plant(
    x: NDArray[np.int64], y: NDArray[np.int64], skills: NDArray[np.int64], price: NDArray[np.int64]
) -> Tree:
    """The tree over places that are already in Morton order (n,), n at least 1; `price` is copied."""
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
def set_price(tree: Any, place: int, price: int) -> None:
    """Change one price, and the least prices above it."""
    before = tree.price[place]
    tree.price[place] = price
    node = tree.leaf[place]
    if price > before and before > tree.least[node]:
        return
    leaves = len(tree.begins) - 1
    least = FAR
    for i in range(tree.begins[node - leaves], tree.begins[node - leaves + 1]):
        least = min(least, tree.price[i])
    while tree.least[node] != least:
        tree.least[node] = least
        node >>= 1
        if node == 0:
            return
        least = min(tree.least[2 * node], tree.least[2 * node + 1])


@njit(cache=True)
def way(east: int, north: int, far: int) -> int:
    """What walking costs: d + d * d / far in whole centimetres; far 0: d alone."""
    d = np.int64(np.sqrt(np.float64(east * east + north * north)))
    return d + d * d // far if far > 0 else d


@njit(cache=True)
def _bound(tree: Any, node: int, x: int, y: int, needed: int, far: int) -> int:
    if tree.least[node] >= FAR or tree.any_skills[node] & needed != needed:
        return FAR
    box = tree.box[node]
    east = max(box[0] - x, np.int64(0), x - box[1])
    north = max(box[2] - y, np.int64(0), y - box[3])
    return way(east, north, far) + tree.least[node]


@njit(cache=True)
def cheapest(
    tree: Any,
    x: int,
    y: int,
    needed: int,
    far: int,
    limit: int,
    places: Any,
    costs: Any,
    totals: Any,
    stack: Any,
) -> int:
    """The cheapest places with the needed skills whose way plus price is below `limit`.

    Fills `places`, `costs` (the way alone) and `totals` in the order of totals, as many as fit; returns how
    many. `stack` (2, 64) is room to work in.
    """
    most = len(places)
    leaves = len(tree.begins) - 1
    found = 0
    worst = limit
    stack[0, 0], stack[1, 0] = 1, _bound(tree, 1, x, y, needed, far)
    depth = 1
    while depth > 0:
        depth -= 1
        if stack[1, depth] >= worst:
            continue
        node = stack[0, depth]
        while node < leaves:
            one, two = 2 * node, 2 * node + 1
            first, second = _bound(tree, one, x, y, needed, far), _bound(tree, two, x, y, needed, far)
            if second < first:
                one, two, first, second = two, one, second, first
            if second < worst:
                stack[0, depth], stack[1, depth] = two, second
                depth += 1
            node = one
            if first >= worst:
                break
        if node < leaves:
            continue
        if _bound(tree, node, x, y, needed, far) >= worst:
            continue
        for i in range(tree.begins[node - leaves], tree.begins[node - leaves + 1]):
            if tree.price[i] >= worst or tree.skills[i] & needed != needed:
                continue
            cost = way(tree.x[i] - x, tree.y[i] - y, far)
            total = cost + tree.price[i]
            if total >= worst:
                continue
            if found < most:
                found += 1
            at = found - 1
            while at > 0 and totals[at - 1] > total:
                places[at], costs[at], totals[at] = places[at - 1], costs[at - 1], totals[at - 1]
                at -= 1
            places[at], costs[at], totals[at] = i, cost, total
            if found == most:
                worst = min(limit, totals[most - 1])
    return found
