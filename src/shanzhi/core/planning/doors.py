"""The order of doors (走访次序): stairwell by stairwell along a short walk, in each from the top floor down.

One goes up a stairwell once and comes down door by door, so only the walk between stairwells is open to choice: a
shortest path over their entrances. Up to eight entrances it is found exactly (Held and Karp's dynamic programme);
above that a path grown from the nearest neighbour is improved by 2-opt and Or-opt moves, and kicked by double bridges
as long as that pays (iterated local search; Martin, Otto and Felten 1991). A node of no cost to anywhere closes the
path to a tour, so that its ends are free. All randomness is our own: same input, same order, everywhere.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from shanzhi.core.planning.grouping import next_random

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
EXACT = 8
_KICKS = 60
_LEAST = 1e-9
_FORCED = -1e7


@dataclass(frozen=True)
class Pace:
    """How fast it goes. `door_minutes` includes waiting, talking and writing."""

    door_minutes: float = 2.0
    walk_metres_a_minute: float = 70.0
    climb_metres_a_minute: float = 12.0
    metres_a_floor: float = 3.0


@dataclass(frozen=True)
class Rounds:
    """The rounds of all groups. `order` (n,) are the nodes, group by group ascending, in the order of visiting.

    Per group (g,): `groups` its label, `begins` (g + 1,) where it lies in `order`, `walk` the metres between
    entrances, `climb` the metres up, `doors` their number, `minutes` what the round is expected to take.
    """

    order: Ints
    groups: Ints
    begins: Ints
    walk: Floats
    climb: Floats
    doors: Ints
    minutes: Floats


def order_doors(
    stairwell: ArrayLike,
    floor: ArrayLike,
    xy: ArrayLike,
    doors: ArrayLike,
    *,
    group: ArrayLike,
    start: ArrayLike | None = None,
    closed: bool = False,
    pace: Pace = Pace(),  # noqa: B008
    kicks: int = _KICKS,
) -> Rounds:
    """Order the doors of one micro-grid or of a whole city (安排走访次序).

    Nodes are floors (n,): `stairwell` and `group` whole numbers, `floor` the storey, `xy` (n, 2) metres of the
    entrance, `doors` how many. A stairwell that several groups share is visited by each for its own floors. Without
    `start` a round begins and ends anywhere; with it (2,), or one for each group in ascending order (g, 2), it begins
    there. `closed` rounds come back to where they began. Raises ValueError naming the argument.
    """
    places = np.asarray(xy, np.float64)
    count = len(places)
    if places.shape != (count, 2) or not np.isfinite(places).all():
        raise ValueError("xy must be pairs of finite metres")
    columns = []
    for name, given in (("stairwell", stairwell), ("floor", floor), ("doors", doors), ("group", group)):
        values = np.asarray(given)
        if values.shape != (count,) or (count and values.dtype.kind not in "iu"):
            raise ValueError(f"{name} must be {count} whole numbers")
        columns.append(values.astype(np.int64))
    stairs, storey, many, parts = columns
    if count and many.min() < 0:
        raise ValueError("doors must not be negative")
    if kicks < 0:
        raise ValueError("kicks must not be negative")
    down = np.lexsort((-storey, stairs, parts))
    labels, first = np.unique(parts[down], return_index=True)
    begins = np.r_[first, count].astype(np.int64)
    if not count:
        empty = np.zeros(0)
        return Rounds(down, labels, np.zeros(1, np.int64), empty, empty, labels, empty)
    fresh = np.r_[True, (stairs[down][1:] != stairs[down][:-1]) | (parts[down][1:] != parts[down][:-1])]
    stop = np.cumsum(fresh) - 1
    stops = int(stop[-1]) + 1
    size = np.bincount(stop)
    spot = np.stack([np.bincount(stop, places[down, axis]) / size for axis in (0, 1)], axis=1)
    stop_begins = np.r_[stop[first], stops].astype(np.int64)
    starts = _starts(start, len(labels))
    position, walk = _walk(spot, stop_begins, starts, start is not None, closed, kicks)
    nodes = down[
        np.lexsort((np.arange(count), position[stop], np.repeat(np.arange(len(labels)), np.diff(begins))))
    ]
    top = np.maximum.reduceat(storey[down], np.flatnonzero(fresh))
    climb = np.add.reduceat(np.maximum(top - 1, 0), stop_begins[:-1]) * pace.metres_a_floor
    visited = np.add.reduceat(many[down], first)
    minutes = (
        visited * pace.door_minutes
        + walk / pace.walk_metres_a_minute
        + 2 * climb / pace.climb_metres_a_minute
    )
    return Rounds(nodes, labels, begins, walk, climb, visited, minutes)


def each_door(rounds: Rounds, doors: ArrayLike) -> tuple[Ints, Ints]:
    """Every door in the order of visiting: its node (d,) and its number on that floor, from 0 (d,)."""
    many = np.asarray(doors, np.int64)[rounds.order]
    node = np.repeat(rounds.order, many)
    ends = np.cumsum(many)
    return node, np.arange(len(node)) - np.repeat(ends - many, many)


def _starts(start: ArrayLike | None, groups: int) -> Floats:
    if start is None:
        return np.zeros((groups, 2))
    given = np.asarray(start, np.float64)
    if given.shape == (2,):
        given = np.broadcast_to(given, (groups, 2))
    if given.shape != (groups, 2) or not np.isfinite(given).all():
        raise ValueError(f"start must be one point, or {groups} points in metres")
    return np.ascontiguousarray(given)


@njit(cache=True)
def _walk(spot: Any, begins: Any, starts: Any, has_start: bool, closed: bool, kicks: int) -> Any:
    """The position of each stop on its group's walk (s,), and the metres of each walk (g,)."""
    position = np.empty(len(spot), np.int64)
    metres = np.zeros(len(begins) - 1)
    most = 0
    for g in range(len(begins) - 1):
        most = max(most, begins[g + 1] - begins[g])
    for g in range(len(begins) - 1):
        first, count = begins[g], begins[g + 1] - begins[g]
        # Nodes: the stops; then the start, if there is one; then, for an open walk, the free end.
        begin = count if has_start else -1
        size = count + (1 if has_start else 0) + (0 if closed else 1)
        far = np.zeros((size, size))
        for i in range(count):
            for j in range(i):
                far[i, j] = np.sqrt(
                    (spot[first + i, 0] - spot[first + j, 0]) ** 2
                    + (spot[first + i, 1] - spot[first + j, 1]) ** 2
                )
                far[j, i] = far[i, j]
            if has_start:
                far[i, begin] = np.sqrt(
                    (spot[first + i, 0] - starts[g, 0]) ** 2 + (spot[first + i, 1] - starts[g, 1]) ** 2
                )
                far[begin, i] = far[i, begin]
        if has_start and not closed:
            far[begin, size - 1] = _FORCED
            far[size - 1, begin] = _FORCED
        tour = _exact(far) if size <= EXACT + 1 else _searched(far, kicks)
        length = 0.0
        for at in range(size):
            step = far[tour[at], tour[(at + 1) % size]]
            if step > _FORCED / 2:
                length += step
        metres[g] = length
        _number(tour, size, count, begin, closed, position, first)
    return position, metres


@njit(cache=True)
def _number(tour: Any, size: int, count: int, begin: int, closed: bool, position: Any, first: int) -> None:
    """Write down the order of the stops, from the start or from the free end."""
    anchor = begin if begin >= 0 else (size - 1 if not closed else 0)
    at = 0
    while tour[at] != anchor:
        at += 1
    forward = True
    if begin >= 0 and not closed:
        forward = tour[(at + 1) % size] != size - 1
    place = 0
    for step in range(size):
        node = tour[(at + step) % size] if forward else tour[(at - step) % size]
        if node < count:
            position[first + node] = place
            place += 1


@njit(cache=True)
def _exact(far: Any) -> Any:
    """The shortest tour over a few nodes. Source: Held and Karp 1962."""
    size = len(far)
    tour = np.arange(size)
    if size <= 3:
        return tour
    rest = size - 1
    best = np.full((1 << rest, rest), np.inf)
    came = np.zeros((1 << rest, rest), np.int64)
    for last in range(rest):
        best[1 << last, last] = far[rest, last]
    for done in range(1, 1 << rest):
        for last in range(rest):
            if best[done, last] == np.inf:
                continue
            for new in range(rest):
                if done >> new & 1:
                    continue
                cost = best[done, last] + far[last, new]
                if cost < best[done | 1 << new, new] - _LEAST:
                    best[done | 1 << new, new] = cost
                    came[done | 1 << new, new] = last
    done = (1 << rest) - 1
    last, least = 0, np.inf
    for end in range(rest):
        if best[done, end] + far[end, rest] < least - _LEAST:
            last, least = end, best[done, end] + far[end, rest]
    tour[0] = rest
    for at in range(rest, 0, -1):
        tour[at] = last
        done, last = done & ~(1 << last), came[done, last]
    return tour


@njit(cache=True)
def _searched(far: Any, kicks: int) -> Any:
    """A short tour over many nodes: local search, kicked, the best kept."""
    size = len(far)
    tour = _nearest(far)
    _improve(far, tour)
    state = np.uint64(size * 2654435761 + 1)
    trial = tour.copy()
    failures = 0
    while failures < kicks + size:
        cut = np.empty(3, np.int64)
        for c in range(3):
            state = next_random(state)
            cut[c] = 1 + np.int64((state >> np.uint64(20)) % np.uint64(size - 1))
        cut.sort()
        a, b, c = cut[0], cut[1], cut[2]
        if a == b or b == c:
            failures += 1
            continue
        # The double bridge: the two middle pieces change places.
        trial[:a] = tour[:a]
        trial[a : a + c - b] = tour[b:c]
        trial[a + c - b : c] = tour[a:b]
        trial[c:] = tour[c:]
        _improve(far, trial)
        if _length(far, trial) < _length(far, tour) - _LEAST:
            tour[:] = trial
            failures = 0
        else:
            failures += 1
    return tour


@njit(cache=True)
def _length(far: Any, tour: Any) -> float:
    total = far[tour[-1], tour[0]]
    for at in range(len(tour) - 1):
        total += far[tour[at], tour[at + 1]]
    return total


@njit(cache=True)
def _nearest(far: Any) -> Any:
    size = len(far)
    tour = np.empty(size, np.int64)
    used = np.zeros(size, np.bool_)
    tour[0], used[0] = 0, True
    for at in range(1, size):
        here, best = tour[at - 1], -1
        for other in range(size):
            if not used[other] and (best < 0 or far[here, other] < far[here, best] - _LEAST):
                best = other
        tour[at], used[best] = best, True
    return tour


@njit(cache=True)
def _improve(far: Any, tour: Any) -> None:
    """2-opt and Or-opt (pieces of up to three, either way round) until neither helps."""
    better = True
    while better:
        better = _two_opt(far, tour) or _or_opt(far, tour)


@njit(cache=True)
def _two_opt(far: Any, tour: Any) -> bool:
    size, helped = len(tour), False
    for i in range(size - 1):
        for j in range(i + 2, size if i else size - 1):
            a, b, c, d = tour[i], tour[i + 1], tour[j], tour[(j + 1) % size]
            if far[a, c] + far[b, d] < far[a, b] + far[c, d] - _LEAST:
                low, high = i + 1, j
                while low < high:
                    tour[low], tour[high] = tour[high], tour[low]
                    low += 1
                    high -= 1
                helped = True
    return helped


@njit(cache=True)
def _or_opt(far: Any, tour: Any) -> bool:
    size = len(tour)
    for length in range(1, min(4, size - 2)):
        for i in range(size):
            before, last = tour[(i - 1) % size], tour[(i + length - 1) % size]
            first, after = tour[i], tour[(i + length) % size]
            gain = far[before, first] + far[last, after] - far[before, after]
            if gain <= _LEAST:
                continue
            for step in range(length, size - 1):
                c, d = tour[(i + step) % size], tour[(i + step + 1) % size]
                straight = far[c, first] + far[last, d] - far[c, d]
                turned = far[c, last] + far[first, d] - far[c, d]
                if min(straight, turned) < gain - _LEAST:
                    _carry(tour, i, length, step, turned < straight)
                    return True
    return False


@njit(cache=True)
def _carry(tour: Any, i: int, length: int, step: int, turned: bool) -> None:
    """Put the piece of `length` at `i` behind the place `step` further on."""
    size = len(tour)
    piece = np.empty(length, np.int64)
    for k in range(length):
        piece[k] = tour[(i + k) % size]
    for k in range(step - length + 1):
        tour[(i + k) % size] = tour[(i + length + k) % size]
    for k in range(length):
        tour[(i + step - length + 1 + k) % size] = piece[length - 1 - k] if turned else piece[k]
