"""Partition: what always holds, small cases against brute force, cities made here, and real compounds."""

from __future__ import annotations

import csv
import gzip
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shanzhi.core.planning import Certificate, Partition, partition

Instance = dict[str, Any]

COUNTS = ("n_households", "n_buildings")
DWELLINGS, FLOORS = "total_dwelling_units", "max_floor_lvl"
# Sums over the labels of one city in the modes fast and best.
SAME = [16675009, 16080375]


def build(compounds: list[list[list[list[int]]]], columns: int = 4) -> Instance:
    """A community: compounds of buildings of stairwells of bands of households, compounds in a lattice."""
    rows: list[tuple[int, float, float, int, int, int]] = []
    edges: list[tuple[int, int, int]] = []
    doors: list[int] = []
    buildings = stairwells = 0
    for c, compound in enumerate(compounds):
        east, north = 200.0 * (c % columns), 200.0 * (c // columns)
        grounds: list[int] = []
        for h, building in enumerate(compound):
            beside: list[int] = []
            for s, stairwell in enumerate(building):
                first = len(rows)
                for band, households in enumerate(stairwell):
                    place = (east + 40 * (h % 4) + 10 * s, north + 40 * (h // 4))
                    rows.append((households, *place, c, buildings, stairwells))
                    if band:
                        edges.append((len(rows) - 2, len(rows) - 1, 0))
                    if band < len(beside):
                        edges.append((beside[band], len(rows) - 1, 1))
                beside = list(range(first, len(rows)))
                if s == 0:
                    grounds.append(first)
                stairwells += 1
            if h:
                edges.append((grounds[-2], grounds[-1], 2))
            if h >= 4:
                edges.append((grounds[-5], grounds[-1], 2))
            buildings += 1
        doors.append(grounds[0])
        if c % columns:
            edges.append((doors[-2], doors[-1], 3))
        if c >= columns:
            edges.append((doors[c - columns], doors[-1], 3))
    table = np.array(rows, float).reshape(-1, 6)
    whole = table.astype(np.int64)
    links = np.array(edges, np.int64).reshape(-1, 3)
    return {
        "households": whole[:, 0], "edges": links[:, :2], "kind": links[:, 2], "xy": table[:, 1:3],
        "compound": whole[:, 3], "building": whole[:, 4], "stairwell": whole[:, 5],
    }  # fmt: skip


def city(seed: int, compounds: int, columns: int = 8) -> Instance:
    chance = np.random.default_rng(seed)
    made = []
    for _ in range(compounds):
        style = chance.integers(0, 4)
        houses, stairs, bands = ((1, 1, 1), (6, 1, 1), (4, 3, 1), (5, 2, 6))[style]
        made.append([
            [chance.integers(1, 14, bands).tolist() for _ in range(stairs)]
            for _ in range(int(chance.integers(1, houses + 1)))
        ])  # fmt: skip
    return build(made, columns)


def check(instance: Instance, found: Partition, low: int, high: int) -> None:
    """What holds for every partition."""
    label, households, edges = found.label, instance["households"], instance["edges"]
    assert label.shape == households.shape
    assert found.numbers.tolist() == sorted(set(label.tolist()))
    at = np.searchsorted(found.numbers, label)
    weights = np.bincount(at, households, len(found.numbers)).astype(int)
    assert found.households.tolist() == weights.tolist() and weights.sum() == households.sum()
    leader = list(range(len(label)))

    def find(node: int) -> int:
        while leader[node] != node:
            node = leader[node]
        return node

    for first, second in edges.tolist():
        if label[first] == label[second]:
            leader[find(first)] = find(second)
    assert len({find(node) for node in range(len(label))}) == len(found.numbers)
    assert found.counts.disconnected == 0 and found.counts.parts == len(found.numbers)
    outside = (weights < low) | (weights > high)
    assert (outside == (found.certificate != Certificate.within)).all()
    assert found.counts.below + found.counts.above == outside.sum()
    heavy = {int(label[node]) for node in np.flatnonzero(households > high)}
    assert heavy == set(found.numbers[found.certificate == Certificate.piece_too_large].tolist())
    pairs = len(set(zip(label.tolist(), instance["compound"].tolist(), strict=True)))
    assert found.counts.crossings == pairs - len(found.numbers)
    for name, count in (
        ("building", found.counts.building_splits),
        ("stairwell", found.counts.stairwell_splits),
    ):
        ids = instance[name].tolist()
        assert count == len(set(zip(label.tolist(), ids, strict=True))) - len(set(ids))


def feasible(near: list[set[int]], weight: list[int], left: frozenset[int], low: int, high: int) -> bool:
    """Brute force: whether the nodes left can be connected parts of the band."""
    if not left:
        return True
    first = min(left)
    seen = {frozenset([first])}
    stack = list(seen)
    while stack:
        part = stack.pop()
        total = sum(weight[i] for i in part)
        if low <= total <= high and feasible(near, weight, left - part, low, high):
            return True
        if total < high:
            for other in {o for i in part for o in near[i]} & left - part:
                if (larger := part | {other}) not in seen:
                    seen.add(larger)
                    stack.append(larger)
    return False


def random_small(chance: np.random.Generator, tree: bool, heaviest: int) -> Instance:
    """A connected graph of a few nodes, each a building of its own."""
    size = int(chance.integers(1, 9))
    compound = np.sort(chance.integers(0, 3, size))
    pairs = {(int(chance.integers(0, i)), i) for i in range(1, size)}
    if not tree:
        pairs |= {(i, j) for i in range(size) for j in range(i + 1, size) if chance.random() < 0.2}
    edges = np.array(sorted(pairs), np.int64).reshape(-1, 2)
    return {
        "households": chance.integers(1, heaviest, size), "edges": edges,
        "kind": np.where(compound[edges[:, 0]] == compound[edges[:, 1]], 2, 3),
        "xy": chance.random((size, 2)) * 100, "compound": compound, "building": np.arange(size),
        "stairwell": np.arange(size),
    }  # fmt: skip


@pytest.mark.parametrize("tree", [True, False])
def test_a_partition_in_the_band_is_found_exactly_when_there_is_one(tree: bool) -> None:
    chance = np.random.default_rng(11)
    possible = 0
    for _ in range(700):
        instance = random_small(chance, tree, 14)
        low, high = int(chance.integers(8, 14)), int(chance.integers(14, 24))
        found = partition(**instance, low=low, high=high, target=(low + high) // 2)
        check(instance, found, low, high)
        size = len(instance["households"])
        near: list[set[int]] = [set() for _ in range(size)]
        for first, second in instance["edges"].tolist():
            near[first].add(second)
            near[second].add(first)
        exists = feasible(near, instance["households"].tolist(), frozenset(range(size)), low, high)
        assert exists == (found.certificate == Certificate.within).all()
        assert Certificate.unproved not in found.certificate
        possible += exists
    assert 100 < possible < 650


stairwells = st.lists(st.integers(0, 20), min_size=1, max_size=4)
communities = st.lists(
    st.lists(st.lists(stairwells, min_size=1, max_size=3), min_size=1, max_size=6), min_size=1, max_size=6
).map(build)


@given(communities, st.sampled_from([(30, 100, 63), (8, 16, 12), (10, 40, 20)]), st.booleans())
def test_what_always_holds(instance: Instance, band: tuple[int, int, int], best: bool) -> None:
    low, high, target = band
    given_ = {**instance, "low": low, "high": high, "target": target, "mode": "best" if best else "fast"}
    found = partition(**given_)
    check(instance, found, low, high)
    again = partition(**given_)
    assert again.label.tolist() == found.label.tolist() and again.counts == found.counts
    kept = partition(**given_, previous=found.label)
    if (found.certificate == Certificate.within).all():
        assert kept.counts.moved == 0 and kept.label.tolist() == found.label.tolist()


def test_the_best_mode_is_better_and_both_are_in_the_band() -> None:
    instance = city(1, 120)
    fast, best = partition(**instance), partition(**instance, mode="best")
    for found in (fast, best):
        check(instance, found, 30, 100)
        assert (found.certificate == Certificate.within).all() and found.counts.needless == 0
    assert best.counts.variation < fast.counts.variation
    # A few crossings more, where they even out much: see planning/evening.
    assert best.counts.crossings <= 1.072 * fast.counts.crossings
    assert best.counts.building_splits <= 1.6 * fast.counts.building_splits


def test_the_labels_are_the_same_on_every_run_and_platform() -> None:
    """Written down once; all arithmetic is in whole numbers."""
    chance = np.random.default_rng(0).integers(1, 1000, 10_000)
    instance = city(2, 60)
    marks = []
    for mode in ("fast", "best"):
        label = partition(**instance, mode=mode).label
        marks.append(int((label * chance[: len(label)]).sum()))
    assert marks == SAME


def test_a_change_moves_few_households_and_keeps_the_numbers() -> None:
    instance = city(3, 150)
    first = partition(**instance)
    changed = {**instance, "households": instance["households"].copy()}
    chance = np.random.default_rng(4)
    touched = np.isin(instance["compound"], chance.choice(150, 6, replace=False))
    changed["households"][touched] = np.maximum(1, changed["households"][touched] * 8 // 5)
    second = partition(**changed, previous=first.label)
    check(changed, second, 30, 100)
    assert (second.certificate == Certificate.within).all() and second.counts.needless == 0
    moved = changed["households"][second.label != first.label].sum()
    assert second.counts.moved == moved
    assert 0 < moved <= 0.02 * changed["households"].sum()
    anew = partition(**changed, previous=first.label, stability=0)
    assert anew.counts.moved >= second.counts.moved
    assert anew.label.max() >= anew.counts.parts - 1


def test_new_nodes_find_a_place_and_a_dormitory_is_certified() -> None:
    instance = build([[[[20, 20], [25, 25]]], [[[150]]], [[[10]]], [[[30, 30, 30]]]])
    first = partition(**instance)
    check(instance, first, 30, 100)
    dormitory = int(first.label[4])
    assert first.certificate.tolist().count(Certificate.piece_too_large) == 1
    assert first.certificate[dormitory] == Certificate.piece_too_large
    assert (np.delete(first.certificate, dormitory) == Certificate.within).all()
    previous = first.label.copy()
    previous[6] = -1
    second = partition(**instance, previous=previous)
    check(instance, second, 30, 100)
    assert (second.label[:4] == first.label[:4]).all()


def test_what_cannot_be_is_certified() -> None:
    small = partition(**build([[[[5, 6]]], [[[7]]]]))
    assert small.certificate.tolist() == [Certificate.component_too_small]
    assert small.households.tolist() == [18]
    stuck = partition(**build([[[[99, 11]]]]))
    assert set(stuck.certificate.tolist()) - {0} == {Certificate.sums_impossible}
    nothing = partition(**{name: values[:0] for name, values in build([[[[1]]]]).items()})
    assert nothing.label.shape == (0,) and nothing.counts.parts == 0


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("households", {"households": np.array([-1, 2])}),
        ("households", {"households": np.array([1.5, 2])}),
        ("households", {"households": np.ones((2, 2), int)}),
        ("edges", {"edges": np.array([[0, 2]])}),
        ("edges", {"edges": np.array([[-1, 1]])}),
        ("edges", {"edges": np.array([[1, 1]])}),
        ("edges", {"edges": np.array([0, 1, 1])}),
        ("kind", {"kind": np.array([4])}),
        ("kind", {"kind": np.array([0, 1])}),
        ("kind", {"kind": np.array([3])}),
        ("xy", {"xy": np.zeros((2, 3))}),
        ("xy", {"xy": np.array([[0, np.nan], [0, 0]])}),
        ("compound", {"compound": np.zeros(3, int)}),
        ("building", {"building": np.zeros(2)}),
        ("stairwell", {"stairwell": np.zeros(1, int)}),
        ("low", {"low": 101}),
        ("low", {"low": 0}),
        ("target", {"target": 20}),
        ("mode", {"mode": "slow"}),
        ("stability", {"stability": -1.0}),
        ("seed", {"seed": 0.5}),
        ("previous", {"previous": np.array([0])}),
        ("previous", {"previous": np.array([-2, 0])}),
    ],
)
def test_bad_input_is_named(name: str, change: Instance) -> None:
    good = build([[[[40, 40]]]])
    partition(**good)
    with pytest.raises(ValueError, match=f"^{name}"):
        partition(**{**good, **change})


def shared_out(households: int, buildings: int, floors: int, per_floor_most: int = 12) -> list[Any]:
    """Buildings of one stairwell in bands of at most a dozen households."""
    made = []
    for number in range(buildings):
        mine = households * (number + 1) // buildings - households * number // buildings
        bands = max(1, -(-mine // per_floor_most), min(floors, mine // per_floor_most))
        made.append([[mine * (b + 1) // bands - mine * b // bands for b in range(bands)]])
    return made


def test_real_compounds_of_chengdu(shared_data: Path) -> None:
    with gzip.open(shared_data / "compounds/compounds_chengdu_xuzhou_yangzhou.csv.gz", "rt", "utf-8") as file:
        rows = list(csv.DictReader(file))
    real = []
    for row in rows:
        numbers = [row.get(name) or "" for name in COUNTS]
        if all(text.replace(".0", "").isdigit() for text in numbers):
            households, buildings = (int(float(text)) for text in numbers)
            if 0 < buildings <= households <= 3000:
                real.append(shared_out(households, buildings, 30))
    assert len(real) > 1000
    instance = build(real[:600], 25)
    found = partition(**instance)
    check(instance, found, 30, 100)
    assert found.counts.needless == 0 and Certificate.unproved not in found.certificate
    assert (found.certificate == Certificate.within).mean() > 0.999


def test_real_blocks_of_singapore(shared_data: Path) -> None:
    with gzip.open(shared_data / "compounds/sg_hdb_blocks_half.csv.gz", "rt", "utf-8") as file:
        rows = list(csv.DictReader(file))
    blocks = [
        shared_out(int(float(row[DWELLINGS])), 1, int(float(row[FLOORS]))) for row in rows if row[DWELLINGS]
    ]
    blocks = [block for block in blocks if sum(block[0][0])]
    instance = build(blocks[:2000], 40)
    found = partition(**instance, mode="best")
    check(instance, found, 30, 100)
    assert found.counts.needless == 0 and Certificate.unproved not in found.certificate
    assert (found.certificate == Certificate.within).mean() > 0.999
