"""Points and slots: nobody lost, no slot over its room, near to the best on cases that can be tried out."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from shanzhi.core.planning.points import PointPlan, plan_points
from shanzhi.core.planning.sites import choose_sites


def _town(seed: int, count: int, points: int, slots: int, slack: float) -> tuple[Any, Any, Any, Any]:
    chance = np.random.default_rng(seed)
    doors = chance.integers(1, 90, count)
    at, sites = chance.uniform(0, 3000, (count, 2)), chance.uniform(0, 3000, (points, 2))
    each = int(np.ceil(doors.sum() * slack / points / slots))
    return doors, at, sites, np.full((points, slots), each)


def _check(plan: PointPlan, doors: Any, room: Any) -> None:
    """Conservation and room, whatever the case."""
    held = np.zeros_like(doors)
    np.add.at(held, plan.microgrid, plan.doors)
    assert (held + plan.left_out == doors).all()
    assert (plan.doors > 0).all()
    used = np.zeros_like(room)
    np.add.at(used, (plan.point, plan.slot), plan.doors)
    assert (used <= room).all()
    for one in range(len(doors)):
        mine = np.flatnonzero(plan.microgrid == one)
        spans = sorted((int(plan.first[n]), int(plan.first[n] + plan.doors[n])) for n in mine)
        # Each door is in one piece, and the pieces begin where the last one ended.
        assert [low for low, _ in spans] == [0, *(high for _, high in spans)][: len(spans)]


@pytest.mark.parametrize("seed", range(12))
def test_every_door_has_one_slot_and_no_slot_is_overfull(seed: int) -> None:
    doors, at, sites, room = _town(seed, 60, 5, 8, 1.1)
    plan = plan_points(doors, at, sites, room)
    _check(plan, doors, room)
    assert plan.left_out.sum() == 0


@pytest.mark.parametrize("seed", range(6))
def test_with_too_little_room_exactly_the_rest_is_left_out(seed: int) -> None:
    doors, at, sites, room = _town(seed, 40, 3, 5, 0.7)
    plan = plan_points(doors, at, sites, room)
    _check(plan, doors, room)
    assert plan.left_out.sum() == doors.sum() - room.sum()


def _best_whole(doors: Any, at: Any, sites: Any, room: Any) -> float | None:
    """The least door metres with every micro-grid whole, by trying all."""
    way = np.hypot(at[:, None, 0] - sites[None, :, 0], at[:, None, 1] - sites[None, :, 1]) * doors[:, None]
    best: float | None = None
    for chosen in itertools.product(range(len(sites)), repeat=len(doors)):
        load = np.bincount(chosen, weights=doors, minlength=len(sites))
        if (load <= room.sum(axis=1)).all():
            cost = float(way[np.arange(len(doors)), chosen].sum())
            best = cost if best is None else min(best, cost)
    return best


def test_it_is_near_to_the_best_of_small_cases() -> None:
    ratios = []
    for seed in range(30):
        doors, at, sites, room = _town(seed, 7, 3, 4, 1.25)
        best = _best_whole(doors, at, sites, room)
        plan = plan_points(doors, at, sites, room)
        _check(plan, doors, room)
        pairs = set(zip(plan.microgrid.tolist(), plan.point.tolist(), strict=True))
        if best is not None and len(pairs) == len(doors):
            ratios.append(plan.door_metres / best)
    assert len(ratios) >= 24
    assert min(ratios) >= 1 - 1e-9
    assert np.mean(ratios) <= 1.03
    assert max(ratios) <= 1.35


def test_a_micro_grid_stays_whole_where_it_can() -> None:
    doors = np.array([30, 30, 30])
    at = np.array([[0.0, 0.0], [10.0, 0.0], [20.0, 0.0]])
    sites = np.array([[0.0, 0.0], [500.0, 0.0]])
    plan = plan_points(doors, at, sites, np.array([[20, 20, 20], [20, 20, 20]]))
    _check(plan, doors, np.full((2, 3), 20))
    by_grid = {one: set(plan.point[plan.microgrid == one].tolist()) for one in range(3)}
    assert all(len(points) == 1 for points in by_grid.values())
    assert sorted(next(iter(points)) for points in by_grid.values()) == [0, 0, 1]


def test_divided_only_when_it_fits_nowhere_whole() -> None:
    doors = np.array([30])
    plan = plan_points(doors, np.zeros((1, 2)), np.array([[0.0, 0.0], [9.0, 0.0]]), np.array([[20], [20]]))
    _check(plan, doors, np.full((2, 1), 20))
    assert plan.left_out.sum() == 0
    assert sorted(plan.doors.tolist()) == [10, 20]


def test_what_is_pinned_stays_and_the_rest_gives_way() -> None:
    doors = np.array([40, 40])
    at = np.array([[0.0, 0.0], [0.0, 0.0]])
    sites = np.array([[0.0, 0.0], [1000.0, 0.0]])
    room = np.array([[40], [40]])
    far = plan_points(doors, at, sites, room, held=np.array([1, -1]), pinned=np.array([True, False]))
    assert far.point[far.microgrid == 0].tolist() == [1]
    assert far.point[far.microgrid == 1].tolist() == [0]


def test_who_has_a_point_keeps_it_for_a_little_way_only() -> None:
    doors, at = np.array([10]), np.array([[0.0, 0.0]])
    sites, room = np.array([[100.0, 0.0], [200.0, 0.0]]), np.array([[50], [50]])
    held = np.array([1])
    assert plan_points(doors, at, sites, room, held=held, keep_metres=150).point.tolist() == [1]
    assert plan_points(doors, at, sites, room, held=held, keep_metres=50).point.tolist() == [0]


def test_a_closed_slot_takes_nobody() -> None:
    doors = np.array([10, 10])
    room = np.array([[0, 10, 10]])
    plan = plan_points(doors, np.zeros((2, 2)), np.zeros((1, 2)), room)
    _check(plan, doors, room)
    assert plan.slot.tolist() == [1, 2]


def test_nothing_to_do_and_nowhere_to_go() -> None:
    none = plan_points(np.zeros(0, dtype=int), np.zeros((0, 2)), np.zeros((1, 2)), np.ones((1, 2), dtype=int))
    assert len(none.microgrid) == 0
    lost = plan_points(np.array([5]), np.zeros((1, 2)), np.zeros((0, 2)), np.zeros((0, 2), dtype=int))
    assert lost.left_out.tolist() == [5]


@pytest.mark.parametrize("count", [1, 2, 3, 7, 40])
def test_points_have_equal_shares_and_none_is_empty(count: int) -> None:
    chance = np.random.default_rng(count)
    doors, at = chance.integers(40, 80, 400), chance.uniform(0, 5000, (400, 2))
    found = choose_sites(doors, at, at, count)
    loads = np.bincount(found.share, weights=doors, minlength=count)
    assert len(found.spot) == len(set(found.spot.tolist())) == count
    assert loads.min() > 0.6 * loads.mean()
    assert loads.max() < 1.5 * loads.mean()


def test_more_points_than_micro_grids_with_doors_are_not_made() -> None:
    found = choose_sites(np.array([0, 5, 0, 5]), np.zeros((4, 2)), np.zeros((4, 2)), 9)
    assert len(found.spot) == 2
    assert sorted(set(found.share[[1, 3]].tolist())) == [0, 1]
