"""The kernels of planning against brute force on small trees and graphs."""

from __future__ import annotations

import re
from itertools import combinations
from pathlib import Path

import numpy as np

from shanzhi.core import planning
from shanzhi.core.planning.certificates import has_room, sums_impossible
from shanzhi.core.planning.forest import adjacency
from shanzhi.core.planning.grouping import group_small
from shanzhi.core.planning.trees import cut_tree, part_costs


def cut(
    parent: np.ndarray,
    weight: np.ndarray,
    cut_cost: np.ndarray,
    join_cost: np.ndarray,
    costs: np.ndarray,
    high: int,
) -> np.ndarray:
    size = len(parent)
    table, before = np.empty((size, high + 2), np.int32), np.empty((size, high + 2), np.int32)
    work = np.empty((6, size), np.int32)
    made = cut_tree(
        size,
        parent,
        weight,
        cut_cost,
        join_cost,
        costs,
        high,
        table,
        before,
        work[0],
        work[1],
        work[2],
        work[3],
        work[4],
        work[5],
    )
    assert set(work[5].tolist()) == set(range(made))
    return work[5].copy()


def tree_cost(
    parent: np.ndarray,
    weight: np.ndarray,
    cut_cost: np.ndarray,
    join_cost: np.ndarray,
    costs: np.ndarray,
    part: list[int],
) -> int:
    sums: dict[int, int] = {}
    total = 0
    for node, label in enumerate(part):
        sums[label] = sums.get(label, 0) + int(weight[node])
        if node:
            total += int(join_cost[node] if part[int(parent[node])] == label else cut_cost[node])
    for weight_of_part in sums.values():
        if weight_of_part >= len(costs):
            return 1 << 60
        total += int(costs[weight_of_part])
    return total


def test_a_tree_is_cut_at_the_least_cost() -> None:
    chance = np.random.default_rng(3)
    for _ in range(1500):
        size = int(chance.integers(1, 9))
        low = int(chance.integers(2, 8))
        high = low + int(chance.integers(0, 12))
        costs = part_costs(low, high, int(chance.integers(low, high + 1)))
        parent = np.array([-1, *(chance.integers(0, i) for i in range(1, size))], np.int32)
        weight = chance.integers(0, min(high, 9) + 1, size).astype(np.int32)
        cut_cost, join_cost = chance.integers(0, 300, (2, size)).astype(np.int32)
        found = cut(parent, weight, cut_cost, join_cost, costs, high)
        best = 1 << 60
        for chosen in range(1 << (size - 1)):
            part = [0]
            for node in range(1, size):
                part.append(node if chosen >> (node - 1) & 1 else part[int(parent[node])])
            best = min(best, tree_cost(parent, weight, cut_cost, join_cost, costs, part))
        assert tree_cost(parent, weight, cut_cost, join_cost, costs, found.tolist()) == best
        for node in range(1, size):
            if found[node] != found[parent[node]]:
                assert (found[:node] != found[node]).all()


def test_too_heavy_nodes_take_in_what_would_be_too_small() -> None:
    costs = part_costs(30, 100, 63)
    parent = np.array([-1, 0, 1, 0], np.int32)
    none = np.zeros(4, np.int32)
    found = cut(parent, np.array([150, 5, 20, 40], np.int32), none, none, costs, 100)
    assert found[0] == found[1] == found[2] and found[3] != found[0]
    found = cut(parent, np.array([40, 150, 5, 70], np.int32), none, none, costs, 100)
    assert found.tolist() == [0, found[1], found[1], found[3]] and len(set(found.tolist())) == 3
    found = cut(np.array([-1], np.int32), np.array([400], np.int32), none[:1], none[:1], costs, 100)
    assert found.tolist() == [0]


def graph(chance: np.random.Generator, size: int, dense: float) -> tuple[list[set[int]], tuple]:
    pairs = [pair for pair in combinations(range(size), 2) if chance.random() < dense]
    pairs += [(int(chance.integers(0, i)), i) for i in range(1, size) if chance.random() < 0.9]
    pairs = sorted(set(pairs))
    near: list[set[int]] = [set() for _ in range(size)]
    for first, second in pairs:
        near[first].add(second)
        near[second].add(first)
    a, b = (np.array([pair[side] for pair in pairs], np.int32) for side in (0, 1))
    return near, adjacency(size, a, b, np.arange(len(pairs)))


def connected(near: list[set[int]], members: set[int]) -> bool:
    reached, stack = set(), [min(members)]
    while stack:
        node = stack.pop()
        if node not in reached:
            reached.add(node)
            stack += near[node] & members
    return reached == members


def connected_sets(near: list[set[int]], size: int) -> list[set[int]]:
    every = ({i for i in range(size) if bits >> i & 1} for bits in range(1, 1 << size))
    return [members for members in every if connected(near, members)]


def most_groups(sets: list[frozenset[int]]) -> int:
    best = 0
    for position, taken in enumerate(sets):
        rest = [other for other in sets[position + 1 :] if not other & taken]
        best = max(best, 1 + (most_groups(rest) if rest else 0))
    return best


def test_small_compounds_form_as_many_groups_as_possible() -> None:
    chance = np.random.default_rng(5)
    for _ in range(250):
        size = int(chance.integers(1, 9))
        near, (start, neighbour, _) = graph(chance, size, 0.15)
        weight = chance.integers(3, 36, size).astype(np.int32)
        group, groups = group_small(start, neighbour, weight, 30, 300, 0)
        small = {i for i in range(size) if weight[i] < 30}
        enough = [
            frozenset(members)
            for members in connected_sets(near, size)
            if members <= small and sum(weight[i] for i in members) >= 30
        ]
        least = [members for members in enough if not any(other < members for other in enough)]
        assert groups == most_groups(least)
        for number in range(groups):
            members = set(np.flatnonzero(group == number).tolist())
            assert members <= small and connected(near, members) and weight[list(members)].sum() >= 30


def test_room_is_found_exactly_when_some_connected_set_fits() -> None:
    chance = np.random.default_rng(8)
    for _ in range(600):
        size = int(chance.integers(1, 8))
        near, (start, neighbour, _) = graph(chance, size, 0.2)
        weight = chance.integers(1, 22, size).astype(np.int32)
        low, high = 12, 16
        sets = connected_sets(near, size)
        for node in np.flatnonzero(weight <= high).tolist():
            fits = False
            for members in sets:
                if node in members:
                    total = sum(int(weight[i]) for i in members if weight[i] <= high)
                    heavy = [i for i in members if weight[i] > high]
                    fits |= (not heavy and low <= total <= high) or (len(heavy) == 1 and total <= high)
            assert has_room(node, start, neighbour, weight, low, high, 100_000) == int(fits)


def test_subset_sums_prove_only_what_is_so() -> None:
    assert sums_impossible(np.array([99, 11]), 30, 100)
    assert sums_impossible(np.array([20]), 30, 100)
    assert not sums_impossible(np.array([60, 50]), 30, 100)
    assert not sums_impossible(np.array([30]), 30, 100)
    chance = np.random.default_rng(9)
    for _ in range(400):
        weights = chance.integers(1, 40, int(chance.integers(1, 7)))
        low = int(chance.integers(5, 40))
        high = low + int(chance.integers(0, 30))
        assert not (shared_out(weights.tolist(), low, high) and sums_impossible(weights, low, high))


def shared_out(weights: list[int], low: int, high: int) -> bool:
    if not weights:
        return True
    first, rest = weights[0], weights[1:]
    for bits in range(1 << len(rest)):
        chosen = first + sum(w for i, w in enumerate(rest) if bits >> i & 1)
        if low <= chosen <= high and shared_out(
            [w for i, w in enumerate(rest) if not bits >> i & 1], low, high
        ):
            return True
    return False


def test_numba_is_imported_by_planning_alone() -> None:
    """Importing it takes half a second, which nothing else should pay."""
    source = Path(planning.__file__).resolve().parents[2]
    users = {
        path
        for path in source.rglob("*.py")
        if re.search(r"(?m)^\s*(from|import) numba\b", path.read_text("utf-8"))
    }
    assert users and all(path.parent.name == "planning" for path in users)
