"""Who works where (人员分派): workers to micro-grids by the way they walk, with skills, capacity and fairness.

The least total cost over all pairs, not over some neighbours, by shortest augmenting paths (Hungarian method; Jonker
and Volgenant 1987) whose arcs are drawn from a tree over the workers' places as they are needed (`posting`,
`nearest`). In whole centimetres throughout: same input, same answer, everywhere.
"""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray

from shanzhi.core.planning import posting
from shanzhi.core.planning.nearest import WIDEST, arrange, plant
from shanzhi.core.planning.posting import Board, fill
from shanzhi.core.planning.shortage import shortage

Ints = NDArray[np.int64]
_MOVE_METRES = 100_000
_MISS = 10**15  # dearer than any way: a post stays empty only when nobody is left for it


class Empty(IntEnum):
    """Why a post is empty (空缺原因)."""

    nobody_skilled = 1
    too_few = 2


REASONS = {
    Empty.nobody_skilled: ("没有具备所需技能的人", "nobody has the skills"),
    Empty.too_few: ("具备条件的人不够", "not enough people who qualify"),
}


@dataclass(frozen=True)
class Staffing:
    """An assignment: `worker` and `grid` (a,) side by side, one line for each filled post, by grid.

    `metres` (a,) is the straight way of each; `empty` (e, 2) are grids with posts left empty and how many, `reason`
    (e,) an `Empty` for each; `moved` how many had a post and have none of those they had; `objective` in metres.
    """

    worker: Ints
    grid: Ints
    metres: NDArray[np.float64]
    empty: Ints
    reason: Ints
    moved: int
    objective: float


def assign(
    workers: ArrayLike,
    grids: ArrayLike,
    *,
    need: ArrayLike | None = None,
    capacity: ArrayLike | None = None,
    worker_skills: ArrayLike | None = None,
    grid_skills: ArrayLike | None = None,
    previous: ArrayLike | None = None,
    move_metres: float = _MOVE_METRES,
    far_metres: float = 1000.0,
    load_metres: float = 0.0,
) -> Staffing:
    """Assign workers to grids at the least cost (人员分派).

    `workers` (n, 2) and `grids` (k, 2) in metres; `need` (k,) posts of a grid (1 each), `capacity` (n,) grids that
    one may serve (1 each); skills are bit masks, a grid asks for all of its bits. Nobody serves a grid twice. Every
    post is filled that can be. The cost of a pair is d + d²/`far_metres` metres for a way d, so that none walks far
    while one is near (0: d alone); each grid after the first costs a worker `load_metres` more: loads are even.
    `previous` (n,) is the grid each had, or -1: whoever leaves it costs `move_metres`, which at its size moves the
    fewest people. Raises ValueError naming the argument.
    """
    places, spots = _places("workers", workers), _places("grids", grids)
    n, k = len(places), len(spots)
    posts = _whole("need", need, k, 1, 0)
    seats = _whole("capacity", capacity, n, 1, 0)
    skills = _whole("worker_skills", worker_skills, n, 0, 0)
    needed = _whole("grid_skills", grid_skills, k, 0, 0)
    before = _whole("previous", previous, n, -1, -1)
    if n and before.max(initial=-1) >= k:
        raise ValueError("previous must name grids that are there, or be -1")
    for name, value in (
        ("move_metres", move_metres),
        ("far_metres", far_metres),
        ("load_metres", load_metres),
    ):
        if not np.isfinite(value) or not 0 <= value <= 1e6:
            raise ValueError(f"{name} must be between 0 and 1,000,000")
    if not n or not k:
        empty = np.flatnonzero(posts)
        nothing = np.zeros(0, np.int64)
        reason = np.full(len(empty), int(Empty.nobody_skilled if not n else Empty.too_few))
        return Staffing(nothing, nothing, np.zeros(0), np.c_[empty, posts[empty]], reason, 0, 0.0)
    base = np.zeros(n, np.int64)
    base[before >= 0] = round(move_metres * 100)
    pairs = _solve(places, spots, posts, seats, skills, needed, before, base, far_metres, load_metres)
    return _result(places, spots, posts, skills, needed, before, pairs, base, far_metres, load_metres)


def reassign(
    workers: ArrayLike,
    grids: ArrayLike,
    previous: ArrayLike,
    *,
    need: ArrayLike | None = None,
    capacity: ArrayLike | None = None,
    worker_skills: ArrayLike | None = None,
    grid_skills: ArrayLike | None = None,
    far_metres: float = 1000.0,
) -> Staffing:
    """Staff again with the fewest moves (重新分派): who has a post and may keep it does, the rest is assigned anew.

    As `assign`, where everybody has at most one post. A grid that needs fewer than it has keeps the nearest. Only
    where posts stay empty although people are free, for want of skills, everybody is looked at again, a move at
    100 km.
    Raises ValueError naming the argument.
    """
    places, spots = _places("workers", workers), _places("grids", grids)
    n, k = len(places), len(spots)
    posts = _whole("need", need, k, 1, 0)
    seats = _whole("capacity", capacity, n, 1, 0)
    if n and seats.max() > 1:
        raise ValueError("capacity must be at most 1")
    skills = _whole("worker_skills", worker_skills, n, 0, 0)
    needed = _whole("grid_skills", grid_skills, k, 0, 0)
    before = _whole("previous", previous, n, -1, -1)
    if n and before.max() >= k:
        raise ValueError("previous must name grids that are there, or be -1")
    held = np.flatnonzero((before >= 0) & (seats > 0))
    held = held[(skills[held] & needed[before[held]]) == needed[before[held]]]
    order = held[np.lexsort((held, np.hypot(*(places[held] - spots[before[held]]).T), before[held]))]
    first = np.searchsorted(before[order], before[order])
    stays = order[np.arange(len(order)) - first < posts[before[order]]]
    left = posts - np.bincount(before[stays], minlength=k)
    free = seats.copy()
    free[stays] = 0
    free_people, open_grids = np.flatnonzero(free), np.flatnonzero(left)
    evicted = before[free_people] >= 0
    worker, grid = free_people[:0], open_grids[:0]
    if len(free_people) and len(open_grids):
        worker, grid = _solve(
            places[free_people], spots[open_grids], left[open_grids], np.ones(len(free_people), np.int64),
            skills[free_people], needed[open_grids], np.full(len(free_people), -1),
            np.where(evicted, _MOVE_METRES * 100, 0), far_metres, 0.0,
        )  # fmt: skip
    if len(worker) < min(int(left.sum()), len(free_people)):
        return assign(
            places, spots, need=posts, capacity=seats, worker_skills=skills, grid_skills=needed, previous=before,
            move_metres=_MOVE_METRES, far_metres=far_metres,
        )  # fmt: skip
    worker = np.concatenate([stays, free_people[worker]])
    grid = np.concatenate([before[stays], open_grids[grid]])
    order = np.lexsort((worker, grid))
    pairs = worker[order].astype(np.int64), grid[order].astype(np.int64)
    base = np.zeros(n, np.int64)
    return _result(places, spots, posts, skills, needed, before, pairs, base, far_metres, 0.0)


def _places(name: str, given: ArrayLike) -> NDArray[np.float64]:
    values = np.asarray(given, np.float64)
    if values.size == 0:
        return np.zeros((0, 2))
    if values.ndim != 2 or values.shape[1] != 2 or not np.isfinite(values).all():
        raise ValueError(f"{name} must be pairs of finite metres")
    return values


def _whole(name: str, given: ArrayLike | None, count: int, usual: int, least: int) -> Ints:
    if given is None:
        return np.full(count, usual, np.int64)
    values = np.asarray(given)
    if values.shape != (count,) or (count and values.dtype.kind not in "iu"):
        raise ValueError(f"{name} must be {count} whole numbers")
    if count and values.min() < least:
        raise ValueError(f"{name} must be at least {least}")
    return values.astype(np.int64)


def _centimetres(places: NDArray[np.float64], spots: NDArray[np.float64]) -> tuple[Ints, Ints]:
    corner = np.minimum(places.min(axis=0), spots.min(axis=0))
    a, b = np.rint((places - corner) * 100), np.rint((spots - corner) * 100)
    if max(a.max(), b.max()) > WIDEST:
        raise ValueError("workers and grids must lie within 500 km")
    return a.astype(np.int64), b.astype(np.int64)


def _solve(
    places: NDArray[np.float64],
    spots: NDArray[np.float64],
    posts: Ints,
    seats: Ints,
    skills: Ints,
    needed: Ints,
    before: Ints,
    base: Ints,
    far_metres: float,
    load_metres: float,
) -> tuple[Ints, Ints]:
    """Worker and grid of every filled post.

    Where posts outnumber seats, that part is solved alone and from the other side, the people choosing: searches
    for what cannot be had would cross the whole of it.
    """
    w, g = _centimetres(places, spots)
    short, scarce = np.zeros(len(w), np.bool_), np.zeros(len(g), np.bool_)
    # One person fills one post of a grid: skills alone tell what is short only where one of the two is always 1.
    if (posts <= 1).all() or (seats <= 1).all():
        short, scarce = shortage(skills, seats, needed, posts)
    at = np.flatnonzero(before >= 0)
    at = at[(skills[at] & needed[before[at]]) == needed[before[at]]]
    saved = _way(w[at], g[before[at]], far_metres) - base[at]
    far, load = round(far_metres * 100), round(load_metres * 100)
    workers, chosen = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    for who, where, people_choose in ((~short, ~scarce, False), (short, scarce, True)):
        a, b = np.flatnonzero(who), np.flatnonzero(where)
        if not len(a) or not len(b):
            continue
        inside = who[at] & where[before[at]]
        worker, grid = np.searchsorted(a, at[inside]), np.searchsorted(b, before[at[inside]])
        if people_choose:
            # Every seat is taken in the end: what a person costs anywhere, and loads, are the same in all answers.
            grid, worker = _fill(
                (g[b], posts[b], ~needed[b], np.zeros(len(b), np.int64)), (w[a], seats[a], ~skills[a]),
                (grid, worker, saved[inside]), far, 0,
            )  # fmt: skip
        else:
            worker, grid = _fill(
                (w[a], seats[a], skills[a], base[a]), (g[b], posts[b], needed[b]),
                (worker, grid, saved[inside]), far, load,
            )  # fmt: skip
        workers.append(a[worker])
        chosen.append(b[grid])
    worker, grid = np.concatenate(workers), np.concatenate(chosen)
    order = np.lexsort((worker, grid))
    return worker[order], grid[order]


def _fill(
    offers: tuple[Ints, Ints, Ints, Ints],
    seekers: tuple[Ints, Ints, Ints],
    known: tuple[Ints, Ints, Ints],
    far: int,
    load: int,
) -> tuple[Ints, Ints]:
    """Pairs of an offer (place, seats, skills, base) and a seeker (place, posts, skills needed).

    `known` pairs, an offer, a seeker and the cost less the base of the offer, are cheaper than others.
    """
    spot, seats, skills, base = offers
    place, posts, needed = seekers
    offer, seeker = (
        arrange(spot[:, 0].copy(), spot[:, 1].copy()),
        arrange(place[:, 0].copy(), place[:, 1].copy()),
    )
    n, k = len(offer), len(seeker)
    tree = plant(spot[offer, 0], spot[offer, 1], skills[offer], base[offer])
    people = np.zeros((n, posting.PERSON_COLUMNS), np.int64)
    people[:, posting.PRICE] = people[:, posting.BASE] = base[offer]
    people[:, posting.SEATS] = seats[offer]
    people[:, posting.SEAT] = np.cumsum(seats[offer]) - seats[offer]
    table = np.zeros((k, posting.GRID_COLUMNS), np.int64)
    table[:, [posting.X, posting.Y]] = place[seeker]
    table[:, posting.NEEDED], table[:, posting.POSTS] = needed[seeker], posts[seeker]
    table[:, posting.POST] = np.cumsum(posts[seeker]) - posts[seeker]
    offer_at, seeker_at = np.argsort(offer), np.argsort(seeker)
    by = np.argsort(seeker_at[known[1]], kind="stable")
    held = np.bincount(seeker_at[known[1]], minlength=k)
    table[:, posting.KNOWN_END] = np.cumsum(held)
    table[:, posting.KNOWN] = table[:, posting.KNOWN_END] - held
    board = Board(
        people, table, np.zeros(int(posts.sum()), np.int64), np.zeros(int(seats.sum()), np.int64),
        np.zeros(int(seats.sum()), np.int64), offer_at[known[0][by]].astype(np.int32), known[2][by],
    )  # fmt: skip
    # Seekers in no order of place: paths stay short while the city fills evenly.
    fill(board, tree, np.random.default_rng(0).permutation(k), far, load, _MISS)
    post = np.arange(int(posts.sum())) - np.repeat(table[:, posting.POST], posts[seeker])
    filled = post < np.repeat(table[:, posting.STAFF], posts[seeker])
    return offer[board.post_person[filled]], np.repeat(seeker, posts[seeker])[filled]


def _way(a: Ints, b: Ints, far_metres: float) -> Ints:
    d = np.sqrt(((a - b) ** 2).sum(axis=1).astype(np.float64)).astype(np.int64)
    far = round(far_metres * 100)
    return d + d * d // far if far else d


def _result(
    places: NDArray[np.float64],
    spots: NDArray[np.float64],
    posts: Ints,
    skills: Ints,
    needed: Ints,
    before: Ints,
    pairs: tuple[Ints, Ints],
    base: Ints,
    far_metres: float,
    load_metres: float,
) -> Staffing:
    worker, grid = pairs
    w, g = _centimetres(places, spots)
    cost = _way(w[worker], g[grid], far_metres)
    stays = before[worker] == grid
    kept = np.zeros(len(places), np.bool_)
    kept[worker[stays]] = True
    loads = np.bincount(worker, minlength=len(places))
    extra = (loads * np.maximum(loads - 1, 0) // 2).sum() * load_metres
    left = posts - np.bincount(grid, minlength=len(spots))
    empty = np.flatnonzero(left > 0)
    masks = np.unique(skills)
    can = np.array([bool(((masks & needed[at]) == needed[at]).any()) for at in empty.tolist()], np.bool_)
    reason = np.where(can, int(Empty.too_few), int(Empty.nobody_skilled)).astype(np.int64)
    return Staffing(
        worker=worker,
        grid=grid,
        metres=np.hypot(*(places[worker] - spots[grid]).T) if len(worker) else np.zeros(0),
        empty=np.c_[empty, left[empty]],
        reason=reason,
        moved=int(((before >= 0) & ~kept).sum()),
        objective=float((cost.sum() + base[worker[~stays]].sum()) / 100 + extra),
    )
