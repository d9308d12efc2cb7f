"""Shortest augmenting paths from posts to people over all pairs, the arcs drawn from a tree as they are needed.

Prices of people only rise and a grid's level is the price of its dearest post, as in the Hungarian method. A grid
keeps a row of its cheapest people and a bound below which nobody else can be; only where a search comes to that
bound does the row reach farther. So the result is the optimum over all pairs, not over some neighbours.
"""

from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from shanzhi.core.planning.nearest import FAR, cheapest, set_price

ROW = 32
FIRST = 10


class Problem(NamedTuple):
    """Grids (k,) and people (n,), both in tree order, whole centimetres."""

    x: NDArray[np.int64]
    y: NDArray[np.int64]
    needed: NDArray[np.int64]
    posts: NDArray[np.int64]
    """Where the posts of each grid begin (k + 1,)."""
    seats: NDArray[np.int64]
    """Where the seats of each person begin (n + 1,)."""
    base: NDArray[np.int64]
    """What a person costs in any grid but the known ones (n,)."""
    known: NDArray[np.int64]
    """Where the known people of each grid begin (k + 1,)."""
    known_person: NDArray[np.int64]
    known_cost: NDArray[np.int64]
    """Of a known pair: its cost less the base of the person."""
    far: int
    load_price: int
    miss: int
    """What an empty post costs."""


class State(NamedTuple):
    """What is taken so far."""

    price: NDArray[np.int64]
    """Base and price of each person (n,)."""
    level: NDArray[np.int64]
    person: NDArray[np.int64]
    """Who is at each post, -1: nobody."""
    cost: NDArray[np.int64]
    """The cost of each seat less the base of its person."""
    grid: NDArray[np.int64]
    """The grid of each seat."""
    load: NDArray[np.int64]
    staff: NDArray[np.int64]


@njit(cache=True)
def push(keys: Any, items: Any, size: int, key: int, item: int) -> Any:
    """Add to a heap of `size`; returns its arrays, larger ones when they were full."""
    if size == len(keys):
        keys, items = np.append(keys, np.empty_like(keys)), np.append(items, np.empty_like(items))
    at = size
    while at > 0:
        above = (at - 1) >> 1
        if keys[above] <= key:
            break
        keys[at], items[at] = keys[above], items[above]
        at = above
    keys[at], items[at] = key, item
    return keys, items


@njit(cache=True)
def pop(keys: Any, items: Any, size: int) -> None:
    """Drop the first of a heap of `size`."""
    size -= 1
    key, item = keys[size], items[size]
    at = 0
    while True:
        below = 2 * at + 1
        if below >= size:
            break
        if below + 1 < size and keys[below + 1] < keys[below]:
            below += 1
        if keys[below] >= key:
            break
        keys[at], items[at] = keys[below], items[below]
        at = below
    keys[at], items[at] = key, item


@njit(cache=True)
def leave(problem: Any, state: Any, grid: int, person: int) -> None:
    """Take a person from a grid."""
    for post in range(problem.posts[grid], problem.posts[grid] + state.staff[grid]):
        if state.person[post] == person:
            state.staff[grid] -= 1
            state.person[post] = state.person[problem.posts[grid] + state.staff[grid]]
            break
    for seat in range(problem.seats[person], problem.seats[person] + state.load[person]):
        if state.grid[seat] == grid:
            state.load[person] -= 1
            last = problem.seats[person] + state.load[person]
            state.grid[seat], state.cost[seat] = state.grid[last], state.cost[last]
            break


@njit(cache=True)
def join(problem: Any, state: Any, grid: int, person: int, cost: int) -> None:
    """Bring a person to a grid."""
    state.person[problem.posts[grid] + state.staff[grid]] = person
    state.staff[grid] += 1
    seat = problem.seats[person] + state.load[person]
    state.grid[seat], state.cost[seat] = grid, cost
    state.load[person] += 1


@njit(cache=True)
def fill(problem: Any, state: Any, tree: Any, order: Any) -> Any:
    """Fill the posts of the grids in `order` one by one, each along a shortest path; returns work counts."""
    n, k = len(problem.base), len(problem.x)
    far, load_price, miss = problem.far, problem.load_price, problem.miss
    price, level = state.price, state.level
    row = np.empty((k, ROW), np.int32)
    row_cost = np.empty((k, ROW), np.int64)
    held = np.zeros(k, np.int64)
    bound = np.zeros(k, np.int64)
    more = np.empty(ROW, np.int32)
    more_cost = np.empty(ROW, np.int64)
    totals = np.empty(ROW, np.int64)
    stack = np.empty((2, 64), np.int64)
    # Of the search that came last to a person or grid: its number, and what it found.
    seen = np.full(n, -1, np.int64)
    distance = np.zeros(n, np.int64)
    settled = np.full(n, -1, np.int64)
    through = np.zeros(n, np.int64)
    through_cost = np.zeros(n, np.int64)
    reached = np.full(k, -1, np.int64)
    depth = np.zeros(k, np.int64)
    whom = np.zeros(k, np.int64)
    stage = np.zeros(k, np.int8)
    serves = np.full(n, -1, np.int64)
    done = np.full(k, -1, np.int64)
    people = np.empty(n, np.int64)
    grids = np.empty(k, np.int64)
    keys, items = np.empty(1024, np.int64), np.empty(1024, np.int64)
    work = np.zeros(6, np.int64)
    scan = np.int64(0)
    search = np.int64(-1)
    for position in range(len(order)):
        source = order[position]
        first_time = True
        for _ in range(problem.posts[source + 1] - problem.posts[source]):
            search += 1
            if first_time and held[source] == 0:
                found = cheapest(
                    tree, problem.x[source], problem.y[source], problem.needed[source], far, miss + 1,
                    row[source, :FIRST], row_cost[source, :FIRST], totals, stack,
                )  # fmt: skip
                held[source] = found
                bound[source] = totals[found - 1] if found == FIRST else miss + 1
            if first_time:
                least = miss
                for i in range(held[source]):
                    least = min(least, row_cost[source, i] + price[row[source, i]])
                least = min(least, bound[source])
                for i in range(problem.known[source], problem.known[source + 1]):
                    least = min(least, problem.known_cost[i] + price[problem.known_person[i]])
                level[source] = least
            first_time = False
            reached[source], depth[source], whom[source], stage[source] = search, 0, -1, 0
            grids[0], done[source] = source, search
            grid_count, people_count, size, hidden = 1, 0, 0, 0
            goal, end, end_is_grid = miss - level[source], source, True
            grid = source
            mode = 0
            while True:
                # mode 0: scan the row of `grid`; 1: draw its row anew and scan; 2: reach beyond it.
                if mode >= 0:
                    at = depth[grid] - level[grid]
                    scan += 1
                    for post in range(problem.posts[grid], problem.posts[grid] + state.staff[grid]):
                        serves[state.person[post]] = scan
                    limit = goal - at
                    temporary = 0
                    next_bound = bound[grid]
                    if mode == 1:
                        work[2] += 1
                        temporary = cheapest(
                            tree, problem.x[grid], problem.y[grid], problem.needed[grid], far, limit,
                            more, more_cost, totals, stack,
                        )  # fmt: skip
                        next_bound = totals[temporary - 1] if temporary == ROW else limit
                        for i in range(temporary):
                            row[grid, i], row_cost[grid, i] = more[i], more_cost[i]
                        held[grid], bound[grid] = temporary, next_bound
                        temporary = 0
                    elif mode == 2:
                        work[3] += 1
                        while hidden < people_count:
                            set_price(tree, people[hidden], FAR)
                            hidden += 1
                        temporary = cheapest(
                            tree, problem.x[grid], problem.y[grid], problem.needed[grid], far, limit,
                            more, more_cost, totals, stack,
                        )  # fmt: skip
                        next_bound = totals[temporary - 1] if temporary == ROW else FAR
                    begin, count = problem.known[grid], problem.known[grid + 1] - problem.known[grid]
                    if mode != 0:
                        count = 0
                    inner = 0 if mode == 2 else held[grid]
                    for i in range(count + inner + temporary):
                        if i < count:
                            person, cost = problem.known_person[begin + i], problem.known_cost[begin + i]
                        elif i < count + inner:
                            person, cost = np.int64(row[grid, i - count]), row_cost[grid, i - count]
                        else:
                            person, cost = np.int64(more[i - count - inner]), more_cost[i - count - inner]
                        new = at + cost + price[person]
                        if new >= goal or serves[person] == scan or settled[person] == search:
                            continue
                        if seen[person] == search and distance[person] <= new:
                            continue
                        seen[person], distance[person] = search, new
                        through[person], through_cost[person] = grid, cost
                        load = state.load[person]
                        if load < problem.seats[person + 1] - problem.seats[person]:
                            total = new + load * load_price + problem.base[person] - price[person]
                            if total < goal:
                                goal, end, end_is_grid = total, person, False
                        if load > 0:
                            keys, items = push(keys, items, size, new, person)
                            size += 1
                    if next_bound < FAR and at + next_bound < goal:
                        keys, items = push(keys, items, size, at + next_bound, n + grid)
                        size += 1
                    mode = -1
                if size == 0 or keys[0] >= goal:
                    break
                key, item = keys[0], items[0]
                pop(keys, items, size)
                size -= 1
                if item >= n + k:
                    grid = item - n - k
                    if done[grid] == search:
                        continue
                    done[grid] = search
                    grids[grid_count] = grid
                    grid_count += 1
                    if depth[grid] + miss - level[grid] < goal:
                        goal, end, end_is_grid = depth[grid] + miss - level[grid], grid, True
                    mode = 0
                    continue
                if item >= n:
                    grid = item - n
                    mode = 1 if stage[grid] == 0 and hidden == 0 else 2
                    stage[grid] = 1
                    continue
                if settled[item] == search:
                    continue
                settled[item] = search
                people[people_count] = item
                people_count += 1
                for seat in range(problem.seats[item], problem.seats[item] + state.load[item]):
                    other = state.grid[seat]
                    new = key + level[other] - state.cost[seat] - price[item]
                    if new < goal and (reached[other] != search or new < depth[other]):
                        reached[other], depth[other], whom[other], stage[other] = search, new, item, 0
                        keys, items = push(keys, items, size, new, n + k + other)
                        size += 1
            work[0] += 1
            work[1] += grid_count
            work[4] = max(work[4], grid_count)
            for i in range(people_count):
                person = people[i]
                price[person] += goal - distance[person]
                set_price(tree, person, price[person])
            for i in range(grid_count):
                level[grids[i]] += goal - depth[grids[i]]
            if end_is_grid:
                if end == source:
                    continue
                person = whom[end]
                leave(problem, state, end, person)
            else:
                person = end
            while True:
                grid, cost = through[person], through_cost[person]
                if grid == source:
                    join(problem, state, grid, person, cost)
                    break
                other = whom[grid]
                leave(problem, state, grid, other)
                join(problem, state, grid, person, cost)
                person = other
    return work
