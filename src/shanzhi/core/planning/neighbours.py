"""Which floors lie beside which (相邻关系): the edges that a partition may follow.

Floors of a stairwell stand on each other; stairwells of a building stand side by side; buildings are neighbours
where their points are in the Delaunay triangulation of the community and near enough. What this leaves apart
is joined along the shortest links, within a compound first: a community is always one piece.
"""

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray
from scipy.spatial import Delaunay, QhullError

from shanzhi.core.planning.forest import number_sets, span

# Metres up to which buildings of one compound, and of two, are neighbours without being the nearest way.
NEAR_WITHIN, NEAR_ACROSS = 160.0, 130.0
_SPREAD = 3.0  # metres between buildings that are said to stand on one point

Ints = NDArray[np.int64]


def neighbours(
    xy: ArrayLike,
    *,
    community: ArrayLike,
    compound: ArrayLike,
    building: ArrayLike,
    stairwell: ArrayLike,
    floor: ArrayLike,
) -> tuple[Ints, NDArray[np.int8]]:
    """Edges (m, 2) between nodes, and the kind of each (m,), as `partition` takes them.

    `xy` (n, 2) metres of each floor's stairwell, or of its building; the rest (n,) whole numbers, unique in the
    whole input but for `floor`. No edge joins two communities. Source: Delaunay neighbours, as usual in
    districting; the shortest links by Kruskal's method.
    """
    points = np.asarray(xy, np.float64).reshape(-1, 2)
    columns = [np.asarray(given, np.int64) for given in (community, compound, building, stairwell, floor)]
    order = np.lexsort((columns[4], columns[3], columns[2], columns[1], columns[0]))
    place, group, house, stair = (column[order] for column in columns[:4])
    count = len(order)
    if count < 2:
        return np.zeros((0, 2), np.int64), np.zeros(0, np.int8)
    points = points[order]

    begins = np.flatnonzero(np.r_[True, stair[1:] != stair[:-1]])
    sizes = np.diff(np.r_[begins, count])
    upward = np.flatnonzero(stair[1:] == stair[:-1])
    found = [np.c_[upward, upward + 1]]
    # The same storey of the next stairwell, as far up as both reach.
    rank = np.arange(count) - np.repeat(begins, sizes)
    beside = np.repeat(np.r_[begins[1:], count], sizes) + rank
    reach = np.repeat(np.r_[sizes[1:], 0], sizes)
    steps = np.flatnonzero(rank < reach)
    steps = steps[house[steps] == house[beside[steps]]]
    found.append(np.c_[steps, beside[steps]])

    houses = np.flatnonzero(np.r_[True, house[1:] != house[:-1]])
    stairs_of = np.r_[np.searchsorted(begins, houses), len(begins)]
    spots = np.add.reduceat(points, houses, axis=0) / np.diff(np.r_[houses, count])[:, None]
    pairs = _beside(_apart(spots), place[houses], group[houses])
    doors = points[begins]
    if len(pairs):
        ends = _nearest_stairs(pairs, stairs_of, doors, spots)
        found.append(begins[ends])
    edges = np.concatenate(found)
    kind = np.full(len(edges), 3, np.int8)
    kind[group[edges[:, 0]] == group[edges[:, 1]]] = 2
    kind[house[edges[:, 0]] == house[edges[:, 1]]] = 1
    kind[stair[edges[:, 0]] == stair[edges[:, 1]]] = 0
    return order[edges], kind


def _apart(spots: NDArray[np.float64]) -> NDArray[np.float64]:
    """Buildings on one point are set beside each other, in their order."""
    _, which = np.unique(np.round(spots, 2), axis=0, return_inverse=True)
    which = which.reshape(len(spots))
    order = np.argsort(which, kind="stable")
    first = np.r_[True, which[order][1:] != which[order][:-1]]
    turn = np.arange(len(spots)) - np.maximum.accumulate(np.where(first, np.arange(len(spots)), 0))
    apart = spots.copy()
    # A sunflower: no three of them on a line.
    angle, far = turn * 2.399963229728653, _SPREAD * np.sqrt(turn)
    apart[order] += np.c_[far * np.cos(angle), far * np.sin(angle)]
    return apart


def _triangulated(spots: NDArray[np.float64]) -> Ints:
    if len(spots) < 4:
        first, second = np.triu_indices(len(spots), 1)
        return np.c_[first, second].astype(np.int64)
    try:
        corners = Delaunay(spots - spots.mean(axis=0), qhull_options="QJ").simplices
    except QhullError:  # all on one line
        along = np.lexsort((spots[:, 1], spots[:, 0]))
        return np.c_[along[:-1], along[1:]].astype(np.int64)
    sides = np.concatenate([corners[:, [0, 1]], corners[:, [1, 2]], corners[:, [0, 2]]]).astype(np.int64)
    sides.sort(axis=1)
    return sides


def _each_once(pairs: Ints, count: int) -> Ints:
    """Pairs of numbers below `count` (m, 2) in their order, each once; as one number each they sort faster."""
    whole = np.unique(pairs[:, 0] * count + pairs[:, 1])
    return np.stack([whole // count, whole % count], axis=1)


def _beside(spots: NDArray[np.float64], place: Ints, group: Ints) -> Ints:
    """Pairs of neighbouring buildings; `place` and `group` ascend together."""
    starts = np.flatnonzero(np.r_[True, place[1:] != place[:-1]]).tolist()
    pairs = np.concatenate(
        [
            _triangulated(spots[begin:end]) + begin
            for begin, end in zip(starts, [*starts[1:], len(spots)], strict=True)
        ]
    )
    pairs = _each_once(pairs, len(spots))
    # A compound whose buildings others stand between is still one: its own links come beside.
    pairs = _each_once(np.concatenate([pairs, _own_links(spots, group, pairs)]), len(spots))
    if not len(pairs):
        return pairs
    far = np.hypot(*(spots[pairs[:, 0]] - spots[pairs[:, 1]]).T)
    same = group[pairs[:, 0]] == group[pairs[:, 1]]
    order = np.lexsort((far, ~same))
    needed = np.zeros(len(pairs), np.bool_)
    leader = np.arange(len(spots), dtype=np.int32)
    span(pairs[:, 0].astype(np.int32), pairs[:, 1].astype(np.int32), order, leader, needed)
    kept: Ints = pairs[needed | (far < np.where(same, NEAR_WITHIN, NEAR_ACROSS))]
    return kept


def _own_links(spots: NDArray[np.float64], group: Ints, pairs: Ints) -> Ints:
    """Links that make whole the compounds which the triangulation leaves in pieces."""
    inner = pairs[group[pairs[:, 0]] == group[pairs[:, 1]]]
    leader = np.arange(len(spots), dtype=np.int32)
    span(
        inner[:, 0].astype(np.int32), inner[:, 1].astype(np.int32), np.arange(len(inner)), leader,
        np.zeros(len(inner), np.bool_),
    )  # fmt: skip
    piece, _ = number_sets(leader)
    begins = np.flatnonzero(np.r_[True, group[1:] != group[:-1]])
    links: list[tuple[int, int]] = []
    ends = np.r_[begins[1:], len(group)]
    broken = np.minimum.reduceat(piece, begins) != np.maximum.reduceat(piece, begins)
    for begin, end in zip(begins[broken].tolist(), ends[broken].tolist(), strict=True):
        apart = np.unique(piece[begin:end])
        joined = np.flatnonzero(piece[begin:end] == apart[0]) + begin
        for other in apart[1:].tolist():
            there = np.flatnonzero(piece[begin:end] == other) + begin
            far = np.hypot(*(spots[joined][:, None] - spots[there][None]).transpose(2, 0, 1))
            one, two = np.unravel_index(int(far.argmin()), far.shape)
            links.append((min(joined[one], there[two]), max(joined[one], there[two])))
            joined = np.concatenate([joined, there])
    return np.array(links, np.int64).reshape(-1, 2)


@njit(cache=True)
def _nearest_stairs(pairs: Any, stairs_of: Any, doors: Any, spots: Any) -> Any:
    """For each pair of buildings the stairwell of either that is nearest to the other."""
    ends = np.empty((len(pairs), 2), np.int64)
    for row in range(len(pairs)):
        for side in range(2):
            here, there = pairs[row, side], pairs[row, 1 - side]
            best, least = stairs_of[here], np.inf
            for stair in range(stairs_of[here], stairs_of[here + 1]):
                far = (doors[stair, 0] - spots[there, 0]) ** 2 + (doors[stair, 1] - spots[there, 1]) ** 2
                if far < least:
                    best, least = stair, far
            ends[row, side] = best
    return ends
