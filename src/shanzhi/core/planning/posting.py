"""Shortest augmenting paths from posts to people over all pairs, the arcs drawn from a tree as they are needed.

Prices of people only rise, and a grid's level is the price of its dearest post, as in the Hungarian method. A grid
keeps a row of its cheapest people and a bound below which nobody else can be; only where a search comes to that
bound does the row reach farther. So the result is the optimum over all pairs, not over some neighbours.

People and grids are rows of two tables of whole numbers: a search that jumps about then touches one line of
memory for each, and numba counts no references to many arrays.
"""

from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from shanzhi.core.planning.nearest import cheapest, set_prices

# How many people a row holds, and how many at first.
ROW = 32
FIRST = 10

# A person: what they cost where they are not known (BASE), the same with what others would pay (PRICE), where
# their seats begin, how many these are and how many are taken; then what the last search left.
PRICE, BASE, SEAT, SEATS, LOAD, SERVES, SEEN, SETTLED, DISTANCE, THROUGH, COST, PERSON_COLUMNS = range(12)
# A grid: its place, skills and posts, how many are filled, where the pairs known to it begin and end, the level,
# who is in its row; then what the last search left.
X, Y, NEEDED, POST, POSTS, STAFF, KNOWN, KNOWN_END, LEVEL, HELD, BOUND = range(11)
REACHED, DONE, DEPTH, WHOM, STAGE, GRID_COLUMNS = range(11, 17)


class Board(NamedTuple):
    """People (n, PERSON_COLUMNS), grids (k, GRID_COLUMNS) and who is where; whole centimetres."""

    people: NDArray[np.int64]
    grids: NDArray[np.int64]
    post_person: NDArray[np.int64]
    seat_grid: NDArray[np.int64]
    seat_cost: NDArray[np.int64]
    """What the seat costs less the base of its person."""
    known_person: NDArray[np.int32]
    known_cost: NDArray[np.int64]
    """Of pairs that are cheaper than the way and the base: the cost less the base."""


# Inlined, or numba would count references to the arrays for each item.
@njit(cache=True, inline="always")
def push(keys: Any, heap: Any, place: Any, size: Any, item: Any, key: Any) -> Any:
    """Add an item to a heap of `size`, or lower its key; `place` (-1: not in it) says where each is.

    Of equal keys the smaller item comes first: people before the end of a row that holds them.
    """
    at = place[item]
    if at < 0:
        at = size
        size += 1
    while at > 0:
        above = heap[(at - 1) >> 1]
        if keys[above] < key or (keys[above] == key and above < item):
            break
        heap[at], place[above] = above, at
        at = (at - 1) >> 1
    keys[item], heap[at], place[item] = key, item, at
    return size


@njit(cache=True, inline="always")
def pop(keys: Any, heap: Any, place: Any, size: Any) -> Any:
    """Drop the first of a heap of `size`."""
    place[heap[0]] = -1
    size -= 1
    if size == 0:
        return size
    item = heap[size]
    key = keys[item]
    at = 0
    while 2 * at + 1 < size:
        below = 2 * at + 1
        under = heap[below]
        if below + 1 < size:
            other = heap[below + 1]
            if keys[other] < keys[under] or (keys[other] == keys[under] and other < under):
                below, under = below + 1, other
        if keys[under] > key or (keys[under] == key and under > item):
            break
        heap[at], place[under] = under, at
        at = below
    heap[at], place[item] = item, at
    return size


@njit(cache=True)
def _leave(
    people: Any, grids: Any, post_person: Any, seat_grid: Any, seat_cost: Any, grid: Any, person: Any
) -> None:
    """Take a person from a grid."""
    grids[grid, STAFF] -= 1
    last = grids[grid, POST] + grids[grid, STAFF]
    post = grids[grid, POST]
    while post_person[post] != person:
        post += 1
    post_person[post] = post_person[last]
    people[person, LOAD] -= 1
    last = people[person, SEAT] + people[person, LOAD]
    seat = people[person, SEAT]
    while seat_grid[seat] != grid:
        seat += 1
    seat_grid[seat], seat_cost[seat] = seat_grid[last], seat_cost[last]


@njit(cache=True)
def _join(
    people: Any,
    grids: Any,
    post_person: Any,
    seat_grid: Any,
    seat_cost: Any,
    grid: Any,
    person: Any,
    cost: Any,
) -> None:
    """Bring a person to a grid."""
    post_person[grids[grid, POST] + grids[grid, STAFF]] = person
    grids[grid, STAFF] += 1
    seat = people[person, SEAT] + people[person, LOAD]
    seat_grid[seat], seat_cost[seat] = grid, cost
    people[person, LOAD] += 1


@njit(cache=True)
def _augment(
    people: Any, grids: Any, post_person: Any, seat_grid: Any, seat_cost: Any, source: Any, end: Any
) -> None:
    """Move everybody along the path to its end: a person with room, or (-1 - grid) a post that falls empty."""
    person = end
    if end < 0:
        if -1 - end == source:
            return
        person = grids[-1 - end, WHOM]
        _leave(people, grids, post_person, seat_grid, seat_cost, -1 - end, person)
    while True:
        grid, cost = people[person, THROUGH], people[person, COST]
        if grid != source:
            other = grids[grid, WHOM]
            _leave(people, grids, post_person, seat_grid, seat_cost, grid, other)
        _join(people, grids, post_person, seat_grid, seat_cost, grid, person, cost)
        if grid == source:
            return
        person = other


@njit(cache=True)
def _relax(
    people: Any, keys: Any, heap: Any, place: Any, size: Any, search: Any, scan: Any, grid: Any, at: Any,
    persons: Any, costs: Any, begin: Any, finish: Any, load_price: Any, goal: Any, end: Any,
) -> Any:  # fmt: skip
    """Look at some people from a grid; returns the size of the heap, the goal and its end."""
    for i in range(begin, finish):
        person, cost = np.int64(persons[i]), costs[i]
        price = people[person, PRICE]
        new = at + cost + price
        if new >= goal or people[person, SERVES] == scan or people[person, SETTLED] == search:
            continue
        if people[person, SEEN] == search and people[person, DISTANCE] <= new:
            continue
        people[person, SEEN], people[person, DISTANCE] = search, new
        people[person, THROUGH], people[person, COST] = grid, cost
        load = people[person, LOAD]
        if load < people[person, SEATS]:
            total = new + load * load_price + people[person, BASE] - price
            if total < goal:
                goal, end = total, person
        if load > 0:
            size = push(keys, heap, place, size, person, new)
    return size, goal, end


@njit(cache=True)
def _settle(
    people: Any, grids: Any, seat_grid: Any, seat_cost: Any, keys: Any, heap: Any, place: Any, size: Any,
    search: Any, person: Any, key: Any, goal: Any, offset: Any,
) -> Any:  # fmt: skip
    """Through a person the search comes to the grids that they serve; returns the size of the heap."""
    people[person, SETTLED] = search
    begin = people[person, SEAT]
    for seat in range(begin, begin + people[person, LOAD]):
        grid = seat_grid[seat]
        new = key + grids[grid, LEVEL] - seat_cost[seat] - people[person, PRICE]
        if new < goal and (grids[grid, REACHED] != search or new < grids[grid, DEPTH]):
            grids[grid, REACHED], grids[grid, DEPTH] = search, new
            grids[grid, WHOM], grids[grid, STAGE] = person, 0
            size = push(keys, heap, place, size, offset + grid, new)
    return size


@njit(cache=True)
def fill(board: Any, tree: Any, order: Any, far: Any, load_price: Any, miss: Any) -> Any:
    """Fill the posts of the grids in `order`, each along a shortest path; an empty post costs `miss`.

    Returns the numbers of searches, of grids they came to, of rows drawn anew and of reaches beyond a row.
    """
    people, grids = board.people, board.grids
    post_person, seat_grid, seat_cost = board.post_person, board.seat_grid, board.seat_cost
    known_person, known_cost = board.known_person, board.known_cost
    n, k = len(people), len(grids)
    row, row_cost = np.empty((k, ROW), np.int32), np.empty((k, ROW), np.int64)
    more, more_cost, totals = np.empty(ROW, np.int32), np.empty(ROW, np.int64), np.empty(ROW, np.int64)
    stack = np.empty((2, 64), np.int64)
    # The heap holds people, grids whose row ends (n + grid), and grids that are reached (n + k + grid).
    keys, heap = np.empty(n + 2 * k, np.int64), np.empty(n + 2 * k, np.int32)
    place = np.full(n + 2 * k, -1, np.int32)
    settled, done = np.empty(n, np.int32), np.empty(k, np.int32)
    mine = np.empty(grids[:, POSTS].max(), np.int32)
    work = np.zeros(5, np.int64)
    none = scan = search = np.int64(0)
    for source in order:
        _open_row(tree, people, grids, known_person, known_cost, row[source], row_cost[source], totals, stack,
                  source, far, miss)  # fmt: skip
        for _ in range(grids[source, POSTS]):
            search += 1
            grids[source, REACHED], grids[source, DONE] = search, search
            grids[source, DEPTH], grids[source, WHOM], grids[source, STAGE] = 0, -1, 0
            done[0] = source
            done_count, settled_count, size, hidden = 1, 0, 0, 0
            goal, end = miss - grids[source, LEVEL], -1 - source
            grid, mode = source, 0
            while True:
                if mode >= 0:
                    # 0: look along the row; 1: draw the row anew; 2: reach for those not yet settled.
                    at = grids[grid, DEPTH] - grids[grid, LEVEL]
                    scan += 1
                    post = grids[grid, POST]
                    mine_count = 0
                    for i in range(post, post + grids[grid, STAFF]):
                        people[post_person[i], SERVES] = scan
                        if people[post_person[i], SETTLED] != search:
                            mine[mine_count] = post_person[i]
                            mine_count += 1
                    bound = grids[grid, BOUND]
                    if mode == 0:
                        size, goal, end = _relax(
                            people, keys, heap, place, size, search, scan, grid, at, known_person, known_cost,
                            grids[grid, KNOWN], grids[grid, KNOWN_END], load_price, goal, end,
                        )  # fmt: skip
                    else:
                        if mode == 2:
                            set_prices(tree, settled[hidden:settled_count], people[:, PRICE], True)
                            hidden = settled_count
                            # Nobody joins a grid twice: its own people would stand in the row for ever.
                            set_prices(tree, mine[:mine_count], people[:, PRICE], True)
                        limit = goal - at
                        count = cheapest(
                            tree, grids[grid, X], grids[grid, Y], grids[grid, NEEDED], far, limit,
                            more, more_cost, totals, stack,
                        )  # fmt: skip
                        bound = totals[0] if count == ROW else limit
                        if mode == 1:
                            row[grid, :count], row_cost[grid, :count] = more[:count], more_cost[:count]
                            grids[grid, HELD], grids[grid, BOUND] = count, bound
                        else:
                            set_prices(tree, mine[:mine_count], people[:, PRICE], False)
                            size, goal, end = _relax(
                                people, keys, heap, place, size, search, scan, grid, at, more, more_cost, none, count,
                                load_price, goal, end,
                            )  # fmt: skip
                        work[1 + mode] += 1
                    if mode < 2:
                        size, goal, end = _relax(
                            people, keys, heap, place, size, search, scan, grid, at, row[grid], row_cost[grid],
                            none, grids[grid, HELD], load_price, goal, end,
                        )  # fmt: skip
                    if at + bound < goal:
                        size = push(keys, heap, place, size, n + grid, at + bound)
                    mode = -1
                if size == 0 or keys[heap[0]] >= goal:
                    break
                item = np.int64(heap[0])
                key = keys[item]
                size = pop(keys, heap, place, size)
                if item < n:
                    settled[settled_count] = item
                    settled_count += 1
                    size = _settle(
                        people,
                        grids,
                        seat_grid,
                        seat_cost,
                        keys,
                        heap,
                        place,
                        size,
                        search,
                        item,
                        key,
                        goal,
                        n + k,
                    )
                elif item < n + k:
                    grid = item - n
                    mode = 1 if grids[grid, STAGE] == 0 and hidden == 0 else 2
                    grids[grid, STAGE] = 1
                else:
                    grid = item - n - k
                    grids[grid, DONE] = search
                    done[done_count] = grid
                    done_count += 1
                    if key + miss - grids[grid, LEVEL] < goal:
                        goal, end = key + miss - grids[grid, LEVEL], -1 - grid
                    mode = 0
            for i in range(size):
                place[heap[i]] = -1
            for i in range(settled_count):
                person = settled[i]
                people[person, PRICE] += goal - people[person, DISTANCE]
            set_prices(tree, settled[:settled_count], people[:, PRICE], False)
            for i in range(done_count):
                grids[done[i], LEVEL] += goal - grids[done[i], DEPTH]
            _augment(people, grids, post_person, seat_grid, seat_cost, source, end)
            work[0] += 1
            work[1] += done_count
            work[4] = max(work[4], done_count)
    return work


@njit(cache=True)
def _open_row(
    tree: Any, people: Any, grids: Any, known_person: Any, known_cost: Any, row: Any, row_cost: Any, totals: Any,
    stack: Any, grid: Any, far: Any, miss: Any,
) -> None:  # fmt: skip
    """Draw the first row of a grid and set its level to its cheapest person."""
    count = cheapest(
        tree, grids[grid, X], grids[grid, Y], grids[grid, NEEDED], far, miss + 1,
        row[:FIRST], row_cost[:FIRST], totals, stack,
    )  # fmt: skip
    grids[grid, HELD], grids[grid, BOUND] = count, totals[0] if count == FIRST else miss + 1
    level = miss
    for i in range(count):
        level = min(level, totals[i])
    for i in range(grids[grid, KNOWN], grids[grid, KNOWN_END]):
        level = min(level, known_cost[i] + people[known_person[i], PRICE])
    grids[grid, LEVEL] = level
