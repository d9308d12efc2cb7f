"""Divide a community into micro-grids (微网格划分): connected, in a band of households, along natural lines.

Method. A spanning forest in the order floor, stairwell, building, then length; the most groups of compounds
too small to stand alone (`grouping`); the rest of these joined to neighbours; every tree cut at the least
cost (`trees`). The mode "best" draws trees anew around the parts found (`improve`). Parts out of the band are
mended in growing neighbourhoods, and what stays out gets a certificate. All arithmetic is in whole numbers
and the generator of random trees is our own: same input, same labels, everywhere.
"""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from shanzhi.core.planning import evening, keeping
from shanzhi.core.planning.certificates import certify
from shanzhi.core.planning.city import City, Ints, read_city
from shanzhi.core.planning.counting import count_pieces
from shanzhi.core.planning.forest import adjacency, breadth_first, lengths, number_sets, span
from shanzhi.core.planning.grouping import group_small, join_rest
from shanzhi.core.planning.mending import Rules, mend, mend_broken, share_small
from shanzhi.core.planning.trees import cut_forest, part_costs

Mode = Literal["fast", "best"]
# How often the best mode deals the small compounds out and draws all trees anew.
TURNS = 4


@dataclass(frozen=True)
class Counts:
    """What a partition is judged by."""

    parts: int
    below: int
    above: int
    disconnected: int
    crossings: int
    """Compounds in a part beyond the first, over all parts."""
    needless: int
    """Parts that mix compounds although none of these is too small to stand alone."""
    building_splits: int
    stairwell_splits: int
    variation: float
    """Standard deviation of households per part over their mean."""
    moved: int
    """Households whose part is another than before; 0 without a previous partition."""


@dataclass(frozen=True)
class Partition:
    """A partition: `label` per node (n,); per label in use, ascending, the rest (k,)."""

    label: NDArray[np.int64]
    numbers: NDArray[np.int64]
    """The labels in use: 0 … k-1, or after a previous partition its numbers and new ones above them."""
    households: NDArray[np.int64]
    certificate: NDArray[np.int8]
    """A `Certificate` for each label: `within`, or why it is outside the band."""
    counts: Counts


def partition(
    households: ArrayLike,
    edges: ArrayLike,
    kind: ArrayLike,
    xy: ArrayLike,
    *,
    compound: ArrayLike,
    building: ArrayLike,
    stairwell: ArrayLike,
    low: int = 30,
    high: int = 100,
    target: int = 63,
    previous: ArrayLike | None = None,
    stability: float = 1.0,
    seed: int = 0,
    mode: Mode = "fast",
) -> Partition:
    """Partition nodes that may not be cut into micro-grids (微网格) of `low` to `high` households.

    `households` (n,) whole numbers; `edges` (m, 2) node indices; `kind` (m,) 0 same stairwell, 1 same
    building, 2 same compound, 3 crosses a compound; `xy` (n, 2) metres; `compound`, `building`, `stairwell`
    (n,) whole numbers, unique in the whole input. Parts never reach beyond a connected component: give one
    community, or many that no edge joins. `mode` "best" takes some thirty times as long as "fast" and gives
    more even parts, fewer crossings and fewer cut buildings.

    With `previous` (n,), the labels in force (-1: a new node), what is still good stays; broken parts and
    their neighbours are cut anew, where one moved household weighs `stability`. `stability` 0 plans anew and
    only keeps the numbers.

    Raises ValueError that names the argument for wrong shapes, negative households, edges out of range, kinds
    that do not fit, or a band without low <= target <= high. Source: bounded-weight tree partition
    by dynamic programming, with re-drawn trees as in recombination methods for districts; see
    docs/adr/0013-partition.md.
    """
    city = read_city(households, edges, kind, xy, compound, building, stairwell)
    rules = _rules(low, high, target, mode, seed)
    if not np.isfinite(stability) or stability < 0:
        raise ValueError("stability must be at least 0")
    before = None if previous is None else keeping.read_previous(previous, city.count)
    if city.count == 0:
        empty = np.zeros(0, np.int64)
        return Partition(empty, empty, empty, empty.astype(np.int8), Counts(0, 0, 0, 0, 0, 0, 0, 0, 0.0, 0))
    if before is not None and stability > 0 and (before >= 0).any():
        label, count, hopeless = keeping.keep(city, before, rules, stability)
    else:
        label, count = _draw(city, rules, best=mode == "best")
        label, count, hopeless = mend_broken(city, label, count, rules)
        if keeping.needless(city, label, count, rules).any():
            label, count, hopeless = keeping.keep(city, label.astype(np.int64), rules, 1.0)
    return _result(city, label, count, rules, before, hopeless)


def _rules(low: int, high: int, target: int, mode: str, seed: int) -> Rules:
    for name, given in (("low", low), ("high", high), ("target", target), ("seed", seed)):
        if not isinstance(given, int | np.integer) or isinstance(given, bool):
            raise ValueError(f"{name} must be a whole number")
    if not 1 <= low <= high <= 10_000:
        raise ValueError("low must be at least 1 and at most high, and high at most 10,000")
    if not low <= target <= high:
        raise ValueError("target must lie between low and high")
    if mode not in ("fast", "best"):
        raise ValueError("mode must be 'fast' or 'best'")
    # Unavoidable small parts pull the mean down; aiming a little below the target makes the others match.
    aim = max(low, round(target * 0.95)) if mode == "best" else target
    costs = part_costs(low, high, aim)
    span_ = int(costs[low]) if low < aim else 4
    building = max(1, round(span_ * (0.4225 if mode == "best" else 0.16)))
    prices = np.array([building + building // (50 if mode == "best" else 20), building, 0, 0], np.int64)
    return Rules(int(low), int(high), int(target), costs, prices, int(seed) % (1 << 31))


def _draw(city: City, rules: Rules, best: bool) -> tuple[Ints, int]:
    """The first partition from one tree per cluster, and in the best mode what many trees make of it."""
    low, high = rules.low, rules.high
    length = lengths(city.a, city.b, city.kind, city.x, city.y)
    outer = np.flatnonzero(city.kind == 2)
    inner = [np.flatnonzero(city.kind == 0), np.flatnonzero(city.kind == 1)]
    order = np.concatenate([*inner, outer[np.argsort(length[outer], kind="stable")]])
    leader = np.arange(city.count, dtype=np.int32)
    chosen = np.zeros(len(city.a), np.bool_)
    span(city.a, city.b, order, leader, chosen)
    piece, pieces = number_sets(leader)
    sizes = np.bincount(piece, city.households, pieces).astype(np.int32)
    light = sizes < low
    cross = np.flatnonzero(city.kind == 3)
    cross = cross[light[piece[city.a[cross]]] | light[piece[city.b[cross]]]]
    cross = cross[np.argsort(length[cross], kind="stable")]
    a, b = piece[city.a[cross]], piece[city.b[cross]]
    start, neighbour, via = adjacency(pieces, a, b, np.arange(len(cross)))
    group = group_small(start, neighbour, sizes, low, 300 if best else 8, rules.seed)[0]
    pieces_leader = np.arange(pieces, dtype=np.int32)
    linked = np.zeros(len(cross), np.bool_)
    span(a, b, np.flatnonzero((group[a] >= 0) & (group[a] == group[b])), pieces_leader, linked)
    together, clusters = number_sets(pieces_leader)
    sums = np.bincount(together, sizes, clusters)[together].astype(np.int64)
    link = np.full(pieces, -1, np.int32)
    join_rest(start, neighbour, via, sizes, low, _worth(rules), pieces_leader, sums, link)
    linked[link[link >= 0]] = True
    chosen[cross[linked]] = True
    start, neighbour, via = adjacency(city.count, city.a, city.b, np.flatnonzero(chosen))
    walk, parent, edge, begins = breadth_first(start, neighbour, via)
    label = np.empty(city.count, np.int32)
    small = light[piece]
    count = cut_forest(
        walk, parent, edge, begins, city.households, city.kind, small, rules.prices, rules.costs, high, label
    )
    if not best:
        return label, count
    cluster = np.empty(city.count, np.int32)
    cluster[walk] = np.repeat(np.arange(len(begins) - 1, dtype=np.int32), np.diff(begins))
    label, count = mend(city, label, count, cluster, rules, rounds=12, light=small)
    everything = np.arange(len(city.a))
    component, _ = city.sets(everything)
    both = cross[light[piece[city.a[cross]]] & light[piece[city.b[cross]]]]
    trade = evening.begin(rules, sizes, light, piece[city.a[both]], piece[city.b[both]])
    for turn in range(TURNS):
        trade.reckon(city, label, count, piece)
        now, crossing = trade.rules, trade.crossing
        label, count = share_small(city, label, count, piece, small, now, 60, turn, crossing)
        label, count = mend(
            city,
            label,
            count,
            component,
            now,
            rounds=22,
            light=small,
            seed=turn + 1,
            patience=10,
            crossing=crossing,
        )
    return label, count


def _worth(rules: Rules) -> NDArray[np.float64]:
    """What a cluster of each number of households costs when it is cut evenly."""
    weights = np.arange(20 * rules.high + 1, dtype=np.float64)
    worth = 1e7 + weights
    for parts in range(1, 20 * rules.high // max(rules.low, 1) + 2):
        even = 4 * parts * (weights / parts - rules.target) ** 2
        fits = (weights >= parts * rules.low * (1.2 if parts > 1 else 1)) & (weights <= parts * rules.high)
        worth = np.where(fits, np.minimum(worth, even), worth)
    return worth


def _result(
    city: City,
    label: Ints,
    count: int,
    rules: Rules,
    before: NDArray[np.int64] | None,
    hopeless: NDArray[np.bool_],
) -> Partition:
    weights = np.bincount(label, city.households, count).astype(np.int64)
    certificate = certify(city, label, weights, rules.low, rules.high, hopeless)
    same = np.flatnonzero(label[city.a] == label[city.b])
    _, sets = city.sets(same)
    whole = np.bincount(city.ids[2], city.households)
    touched, needless = count_pieces(label, count, city.ids, (whole < rules.low)[city.ids[2]])
    used = [int(np.count_nonzero(np.bincount(row))) for row in city.ids]
    mean = float(weights.mean())
    moved = 0
    numbers: NDArray[Any] = np.arange(count, dtype=np.int64)
    if before is not None:
        numbers, moved = keeping.numbers_kept(city, label, count, before)
    counts = Counts(
        parts=count,
        below=int((weights < rules.low).sum()),
        above=int((weights > rules.high).sum()),
        disconnected=sets - count,
        crossings=int(touched[2]) - count,
        needless=int(needless),
        building_splits=int(touched[0]) - used[0],
        stairwell_splits=int(touched[1]) - used[1],
        variation=float(weights.std()) / mean if mean else 0.0,
        moved=moved,
    )
    order = np.argsort(numbers, kind="stable")
    return Partition(numbers[label], numbers[order], weights[order], certificate[order], counts)
