"""Staffing: the optimum on small cases against flow and assignment solvers, and what always holds."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ortools.graph.python import min_cost_flow

from shanzhi.core.planning import Empty, Staffing, assign, reassign

FAR = 100_000  # far_metres of the default in centimetres


def cost(workers: np.ndarray, grids: np.ndarray) -> np.ndarray:
    """What each pair costs in centimetres (k, n)."""
    corner = np.minimum(workers.min(axis=0), grids.min(axis=0))
    w, g = (np.rint((places - corner) * 100) for places in (workers, grids))
    d = np.sqrt(((g[:, None] - w[None]) ** 2).sum(axis=2)).astype(np.int64)
    return d + d * d // FAR


def optimum(
    prices: np.ndarray, need: np.ndarray, capacity: np.ndarray, allowed: np.ndarray, load: int
) -> tuple[int, int]:
    """Posts filled and least cost by OR-Tools: each seat after the first costs `load` more than the one before."""
    k, n = prices.shape
    flow = min_cost_flow.SimpleMinCostFlow()
    for grid in range(k):
        for worker in range(n):
            if allowed[grid, worker]:
                flow.add_arc_with_capacity_and_unit_cost(grid, k + worker, 1, int(prices[grid, worker]))
    sink = k + n
    for worker in range(n):
        for seat in range(int(capacity[worker])):
            flow.add_arc_with_capacity_and_unit_cost(k + worker, sink, 1, seat * load)
    for grid in range(k):
        flow.set_node_supply(grid, int(need[grid]))
    flow.set_node_supply(sink, -int(need.sum()))
    assert flow.solve_max_flow_with_min_cost() == flow.OPTIMAL
    return flow.maximum_flow(), flow.optimal_cost()


def test_small_cities_are_staffed_at_the_least_cost() -> None:
    chance = np.random.default_rng(3)
    for number in range(200):
        n, k = (int(value) for value in chance.integers(1, 10, 2))
        workers, grids = chance.uniform(0, 3000, (n, 2)), chance.uniform(0, 3000, (k, 2))
        need, capacity = chance.integers(0, 3, k), chance.integers(0, 4, n)
        has, asks = chance.integers(0, 4, n), chance.integers(0, 4, k) * (chance.random(k) < 0.4)
        before = (
            np.where(chance.random(n) < 0.5, chance.integers(0, k, n), -1) if number % 2 else np.full(n, -1)
        )
        load = 0 if number % 3 else 20_000
        if load or number % 2:
            capacity = np.minimum(capacity, 1) if number % 2 else capacity
        found = assign(
            workers, grids, need=need, capacity=capacity, worker_skills=has, grid_skills=asks.astype(int),
            previous=before, move_metres=500.0, load_metres=load / 100,
        )  # fmt: skip
        prices = cost(workers, grids)
        for worker in np.flatnonzero(before >= 0).tolist():
            prices[np.arange(k) != before[worker], worker] += 50_000
        allowed = (has[None] & asks[:, None].astype(int)) == asks[:, None]
        filled, least = optimum(prices, need, capacity, allowed, load)
        assert len(found.worker) == filled, number
        assert round(found.objective * 100) == least, number


def check(found: Staffing, n: int, k: int, need: np.ndarray, capacity: np.ndarray) -> None:
    """What holds for every assignment."""
    assert (np.bincount(found.worker, minlength=n) <= capacity).all()
    served = np.bincount(found.grid, minlength=k)
    assert (served <= need).all()
    assert len(set(zip(found.worker.tolist(), found.grid.tolist(), strict=True))) == len(found.worker)
    assert dict(found.empty.tolist()) == {
        at: int(need[at] - served[at]) for at in np.flatnonzero(need > served)
    }
    assert len(found.reason) == len(found.empty) and len(found.metres) == len(found.worker)


@given(st.integers(0, 12), st.integers(0, 12), st.integers(0, 10**6))
def test_what_always_holds(n: int, k: int, seed: int) -> None:
    chance = np.random.default_rng(seed)
    workers, grids = chance.integers(0, 5, (n, 2)) * 100.0, chance.integers(0, 5, (k, 2)) * 100.0
    need, capacity = chance.integers(0, 4, k), chance.integers(0, 4, n)
    has, asks = chance.integers(0, 4, n), chance.integers(0, 4, k)
    given_ = {"need": need, "capacity": capacity, "worker_skills": has, "grid_skills": asks}
    found = assign(workers, grids, **given_)
    check(found, n, k, need, capacity)
    assert ((has[found.worker] & asks[found.grid]) == asks[found.grid]).all()
    again = assign(workers, grids, **given_)
    assert found.worker.tolist() == again.worker.tolist() and found.grid.tolist() == again.grid.tolist()


def test_rows_that_end_and_shared_homes_are_staffed_at_the_least_cost() -> None:
    """More people at one place than a row holds, grids with many posts, too few people by a third or by skill."""
    chance = np.random.default_rng(5)
    for number in range(12):
        n, k = (90, 40) if number % 2 else (160, 120)
        workers = np.repeat(chance.uniform(0, 500, (n // 10, 2)), 10, axis=0)
        grids = chance.normal(250, 400, (k, 2))
        need, capacity = np.ones(k, np.int64), np.ones(n, np.int64)
        if number % 4 == 1:
            need = chance.integers(0, 5, k)
        elif number % 4 == 2:
            workers, capacity, n = workers[:60], chance.integers(0, 3, 60), 60
        elif number % 4 == 3:
            need, capacity = chance.choice([1, 45], k), chance.integers(1, 4, n)
        has, asks = chance.integers(0, 4, n), chance.choice([0, 1, 2], k)
        before = np.where(chance.random(n) < 0.5, chance.integers(0, k, n), -1)
        before = before if number % 4 != 3 else np.full(n, -1)
        found = assign(
            workers, grids, need=need, capacity=capacity, worker_skills=has, grid_skills=asks, previous=before,
            move_metres=300.0,
        )  # fmt: skip
        check(found, n, k, need, capacity)
        prices = cost(workers, grids)
        for worker in np.flatnonzero(before >= 0).tolist():
            prices[np.arange(k) != before[worker], worker] += 30_000
        filled, least = optimum(prices, need, capacity, (has[None] & asks[:, None]) == asks[:, None], 0)
        assert (len(found.worker), round(found.objective * 100)) == (filled, least), number


def test_who_has_a_post_keeps_it_and_few_move() -> None:
    chance = np.random.default_rng(8)
    workers, grids = chance.uniform(0, 5000, (400, 2)), chance.uniform(0, 5000, (300, 2))
    first = assign(workers, grids)
    before = np.full(400, -1)
    before[first.worker] = first.grid
    same = assign(workers, grids, previous=before)
    assert same.moved == 0 and same.worker.tolist() == first.worker.tolist()
    # Thirty fall out: the hundred who had no post take over, and nobody else has to move.
    gone = np.ones(400, int)
    gone[first.worker[:30]] = 0
    after = assign(workers, grids, previous=np.where(gone == 1, before, -1), capacity=gone)
    assert after.moved == 0 and len(after.worker) == 300


def test_empty_posts_say_why() -> None:
    found = assign(
        [[0, 0], [1, 1]],
        [[0, 0], [5, 5], [9, 9]],
        need=[1, 2, 1],
        worker_skills=[1, 1],
        grid_skills=[1, 1, 2],
    )
    assert len(found.worker) == 2
    assert dict(zip(found.empty[:, 0].tolist(), found.reason.tolist(), strict=True)) == {
        1: Empty.too_few, 2: Empty.nobody_skilled,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"workers": [[0, np.inf]]}, "workers"),
        ({"grids": [0.0, 1.0, 2.0]}, "grids"),
        ({"need": [1, 1]}, "need"),
        ({"capacity": [-1]}, "capacity"),
        ({"previous": [4]}, "previous"),
        ({"far_metres": -1.0}, "far_metres"),
        ({"move_metres": np.nan}, "move_metres"),
        ({"grids": [[9e5, 0]]}, "500 km"),
    ],
)
def test_a_bad_argument_is_named(change: dict[str, Any], named: str) -> None:
    good: dict[str, Any] = {"workers": [[0.0, 0.0]], "grids": [[1.0, 1.0]]} | change
    with pytest.raises(ValueError, match=named):
        assign(good.pop("workers"), good.pop("grids"), **good)


def test_staffing_again_moves_as_few_as_possible() -> None:
    """Against a flow whose only costs are moves; skills make some chains necessary."""
    chance = np.random.default_rng(12)
    for number in range(120):
        n, k = (int(value) for value in chance.integers(1, 10, 2))
        workers, grids = chance.uniform(0, 3000, (n, 2)), chance.uniform(0, 3000, (k, 2))
        need, there = chance.integers(0, 3, k), (chance.random(n) < 0.8).astype(int)
        has, asks = chance.integers(0, 4, n), chance.integers(0, 4, k) * (chance.random(k) < 0.4)
        before = np.where(chance.random(n) < 0.6, chance.integers(0, k, n), -1)
        # No grid needs fewer than it has.
        need = np.maximum(need, np.bincount(before[before >= 0], minlength=k))
        skills = {"worker_skills": has, "grid_skills": asks.astype(int)}
        found = reassign(workers, grids, before, need=need, capacity=there, **skills)
        check(found, n, k, need, there)
        allowed = (has[None] & asks[:, None].astype(int)) == asks[:, None]
        prices = np.where(before[None] == np.arange(k)[:, None], 0, np.where(before[None] >= 0, 1, 0))
        filled, least = optimum(prices, need, there, allowed, 0)
        assert len(found.worker) == filled, number
        moved = (before[found.worker] >= 0) & (before[found.worker] != found.grid)
        assert moved.sum() == least, number


def test_staffing_again_wants_one_post_each() -> None:
    with pytest.raises(ValueError, match="capacity"):
        reassign([[0, 0]], [[0, 0]], [-1], capacity=[2])
