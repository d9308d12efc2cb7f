"""Who comes where and when (到点排时): micro-grids to points and time slots, nobody beyond what a slot can take.

Doors are whole numbers. A micro-grid goes to one point, its doors one after another into that point's slots; only
when it fits nowhere whole is it divided among points. The assignment is the cheapest flow (doors × metres) over the
nearest points, then rounded: at most as many micro-grids are divided by the flow as there are points.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from ortools.graph.python import min_cost_flow
from scipy.spatial import cKDTree

Array = np.ndarray[Any, Any]
_NEAREST = 8
_NOWHERE = 10_000_000  # metres: dearer than any way, so that nobody is left out who could be placed


@dataclass(frozen=True)
class PointPlan:
    """Pieces of the timetable, each `doors` doors of a micro-grid from its `first` on, at a point in a slot.

    `left_out` counts the doors of each micro-grid for which no slot had room; `door_metres` is the sum over the
    doors of their way.
    """

    microgrid: Array
    point: Array
    slot: Array
    first: Array
    doors: Array
    left_out: Array
    door_metres: float


@dataclass
class _Book:
    """The room left at each point, and who is there."""

    doors: Array
    at: Array
    sites: Array
    held: Array
    keep: float
    room: Array
    where: Array
    fixed: Array

    def cost(self, one: int, points: Array) -> Array:
        """Metres from a micro-grid to points; where it is held already counts as nearer."""
        way = np.hypot(*(self.sites[points] - self.at[one]).T)
        return np.where(points == self.held[one], way - self.keep, way)

    def put(self, one: int, point: int) -> None:
        self.where[one] = point
        self.room[point] -= self.doors[one]

    def take(self, one: int) -> None:
        self.room[self.where[one]] += self.doors[one]
        self.where[one] = -1


def plan_points(
    doors: Array,
    at: Array,
    sites: Array,
    room: Array,
    *,
    held: Array | None = None,
    pinned: Array | None = None,
    keep_metres: float = 0.0,
) -> PointPlan:
    """Assign micro-grids to points and slots.

    `at` (n × 2) and `sites` (p × 2) are metres on a plane, `room[p, s]` the doors that slot s of point p still takes.
    `held` is the point at which a micro-grid is now (-1: none): it stays unless another is nearer by more than
    `keep_metres`. Those `pinned` stay where they are held, whatever it costs. Micro-grids are laid into slots in the
    order given. Raises ValueError for shapes that do not fit.
    """
    weights = np.asarray(doors, dtype=np.int64)
    count, points = len(weights), len(room)
    places = np.asarray(at, dtype=float).reshape(count, 2)
    standing = np.asarray(sites, dtype=float).reshape(points, 2)
    free = np.asarray(room, dtype=np.int64)
    if (weights < 0).any() or (free < 0).any():
        raise ValueError("doors and room are not negative")
    now = np.full(count, -1, dtype=np.int64) if held is None else np.asarray(held, dtype=np.int64)
    fixed = np.zeros(count, dtype=bool) if pinned is None else np.asarray(pinned, dtype=bool) & (now >= 0)
    book = _Book(
        weights,
        places,
        standing,
        now,
        keep_metres,
        free.sum(axis=1),
        np.full(count, -1, dtype=np.int64),
        fixed,
    )
    for fast in np.flatnonzero(fixed & (weights > 0)).tolist():
        if book.room[now[fast]] >= weights[fast]:
            book.put(fast, int(now[fast]))
    loose = np.flatnonzero((weights > 0) & (book.where < 0) & ~fixed)
    divided: list[tuple[int, int, int]] = [
        (fast, int(now[fast]), int(min(weights[fast], book.room[now[fast]])))
        for fast in np.flatnonzero(fixed & (weights > 0) & (book.where < 0)).tolist()
    ]
    for _, point, part in divided:
        book.room[point] -= part
    if points and len(loose):
        for one in _flow(book, loose):
            if not (_whole(book, one) or _exchange(book, one)):
                divided += _divide(book, one)
    return _laid_out(book, divided, free)


def _flow(book: _Book, loose: Array) -> list[int]:
    """Put whom the cheapest flow sends to one point; those it divides, the largest first."""
    near = min(_NEAREST, len(book.sites))
    way, point = cKDTree(book.sites).query(book.at[loose], k=near)
    way, point = np.asarray(way).reshape(-1, near), np.asarray(point).reshape(-1, near)
    way = np.where(point == book.held[loose][:, None], np.maximum(way - book.keep, 0), way)
    count, points = len(loose), len(book.sites)
    sink, nowhere = count + points, count + points + 1
    wants = book.doors[loose]
    tails: list[Any] = [
        np.repeat(np.arange(count), near),
        np.arange(count),
        count + np.arange(points),
        [nowhere],
    ]
    heads: list[Any] = [count + point.ravel(), np.full(count, nowhere), np.full(points, sink), [sink]]
    rooms: list[Any] = [np.repeat(wants, near), wants, np.maximum(book.room, 0), [wants.sum()]]
    costs: list[Any] = [np.rint(way.ravel()), np.full(count, _NOWHERE), np.zeros(points), [0]]
    solver = min_cost_flow.SimpleMinCostFlow()
    arcs = solver.add_arcs_with_capacity_and_unit_cost(
        *(np.concatenate(column).astype(np.int64) for column in (tails, heads, rooms, costs))
    )
    supply = np.concatenate([wants, np.zeros(points, dtype=np.int64), [-wants.sum(), 0]])
    solver.set_nodes_supplies(np.arange(len(supply)), supply)
    if solver.solve() != solver.OPTIMAL:
        raise ArithmeticError("the flow has no solution")
    sent = solver.flows(arcs[: count * near]).reshape(count, near)
    best = sent.argmax(axis=1)
    whole = sent[np.arange(count), best] == wants
    for row in np.flatnonzero(whole).tolist():
        book.put(int(loose[row]), int(point[row, best[row]]))
    rest = loose[~whole]
    return rest[np.argsort(-book.doors[rest], kind="stable")].tolist()


def _whole(book: _Book, one: int) -> bool:
    """Put it at the nearest point that takes the whole of it, unless changing places with others is nearer."""
    fits = np.flatnonzero(book.room >= book.doors[one])
    if not len(fits):
        return False
    costs = book.cost(one, fits)
    best = int(costs.argmin())
    limit = float(costs[best] * book.doors[one])
    if _exchange(book, one, limit):
        return True
    book.put(one, int(fits[best]))
    return True


def _exchange(book: _Book, one: int, limit: float = np.inf) -> bool:
    """Put it at a near point from which another makes way, when that costs less door metres than `limit`."""
    points = np.arange(len(book.sites))
    costs = book.cost(one, points)
    best: tuple[float, int, int, int] | None = None
    for point in np.argsort(costs, kind="stable")[: 2 * _NEAREST].tolist():
        own = float(costs[point] * book.doors[one])
        if own >= limit or (best is not None and own >= best[0]):
            break
        lacking = book.doors[one] - book.room[point]
        there = np.flatnonzero((book.where == point) & (book.doors >= lacking) & ~book.fixed)
        for other in there.tolist():
            book_room = book.room.copy()
            book_room[point] = -1
            fits = np.flatnonzero(book_room >= book.doors[other])
            if not len(fits):
                continue
            away = book.cost(other, fits)
            to = int(away.argmin())
            was = float(book.cost(other, np.array([point]))[0])
            total = own + float((away[to] - was) * book.doors[other])
            if total < limit and (best is None or total < best[0]):
                best = total, other, point, int(fits[to])
    if best is None:
        return False
    _, moved, freed, goal = best
    book.take(moved)
    book.put(moved, goal)
    book.put(one, freed)
    return True


def _divide(book: _Book, one: int) -> list[tuple[int, int, int]]:
    """Its doors over the nearest points that have room."""
    left = int(book.doors[one])
    parts: list[tuple[int, int, int]] = []
    points = np.flatnonzero(book.room > 0)
    for point in points[np.argsort(book.cost(one, points), kind="stable")].tolist():
        part = min(left, int(book.room[point]))
        parts.append((one, point, part))
        book.room[point] -= part
        left -= part
        if not left:
            break
    return parts


def _laid_out(book: _Book, divided: list[tuple[int, int, int]], free: Array) -> PointPlan:
    """Doors one after another into the slots of their point: breakpoints of both, merged."""
    whole = np.flatnonzero(book.where >= 0)
    parts = np.array(divided, dtype=np.int64).reshape(-1, 3)
    who = np.concatenate([whole, parts[:, 0]])
    point = np.concatenate([book.where[whole], parts[:, 1]])
    size = np.concatenate([book.doors[whole], parts[:, 2]])
    first = np.zeros(len(who), dtype=np.int64)
    begun: dict[int, int] = {}
    for part in range(len(whole), len(who)):
        first[part] = begun.get(int(who[part]), 0)
        begun[int(who[part])] = int(first[part] + size[part])
    order = np.lexsort((first, who, point))
    who, point, size, first = who[order], point[order], size[order], first[order]
    base = np.concatenate([[0], np.cumsum(free.sum(axis=1))])
    starts = np.zeros(len(who), dtype=np.int64)
    if len(who):
        running = np.cumsum(size) - size
        opens = np.searchsorted(point, point, side="left")
        starts = base[point] + running - running[opens]
    edges = np.concatenate([[0], np.cumsum(free.ravel())])
    marks = np.union1d(np.concatenate([starts, starts + size]), edges)
    low, high = marks[:-1], marks[1:]
    row = np.searchsorted(starts, low, side="right") - 1
    inside = (row >= 0) & (high > low)
    inside[inside] &= low[inside] < (starts + size)[row[inside]]
    low, high, row = low[inside], high[inside], row[inside]
    cell = np.searchsorted(edges, low, side="right") - 1
    slots = free.shape[1]
    left = book.doors.copy()
    np.subtract.at(left, who[row], high - low)
    way = np.hypot(*(book.at[who[row]] - book.sites[point[row]]).T) if len(row) else np.zeros(0)
    return PointPlan(
        who[row], point[row], cell % max(slots, 1), first[row] + low - starts[row], high - low, left,
        float((way * (high - low)).sum()),
    )  # fmt: skip
