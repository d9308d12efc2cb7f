"""The order of doors: shortest walks on small cases, and what always holds."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shanzhi.core.planning import Pace, Rounds, each_door, order_doors


def metres(points: np.ndarray, start: np.ndarray | None = None, closed: bool = False) -> float:
    """The length of a walk over points in their order."""
    line = points if start is None else np.vstack([start, points])
    length = float(np.hypot(*np.diff(line, axis=0).T).sum())
    return length + (float(np.hypot(*(line[0] - line[-1]))) if closed else 0.0)


def round_of(points: np.ndarray, **options: Any) -> Rounds:
    count = len(points)
    ones = np.ones(count, int)
    return order_doors(np.arange(count), ones, points, ones, group=ones, **options)


def nearest(points: np.ndarray) -> float:
    best = np.inf
    for first in range(len(points)):
        left, here, walk = set(range(len(points))) - {first}, first, [first]
        while left:
            here = min(left, key=lambda other: np.hypot(*(points[here] - points[other])))
            left.discard(here)
            walk.append(here)
        best = min(best, metres(points[walk]))
    return best


@pytest.mark.parametrize("with_start", [False, True])
@pytest.mark.parametrize("closed", [False, True])
def test_small_rounds_are_the_shortest_there_are(with_start: bool, closed: bool) -> None:
    chance = np.random.default_rng(5)
    for _ in range(60):
        points = chance.uniform(0, 100, (int(chance.integers(1, 8)), 2))
        start = chance.uniform(0, 100, 2) if with_start else None
        found = round_of(points, start=start, closed=closed)
        best = min(metres(points[list(way)], start, closed) for way in permutations(range(len(points))))
        assert found.walk[0] == pytest.approx(best)
        assert metres(points[found.order], start, closed) == pytest.approx(best)


def test_large_rounds_are_told_right_and_beat_the_nearest_neighbour() -> None:
    chance = np.random.default_rng(6)
    for count in (9, 12, 25, 60):
        points = chance.uniform(0, 300, (count, 2))
        found = round_of(points)
        assert sorted(found.order.tolist()) == list(range(count))
        assert metres(points[found.order]) == pytest.approx(found.walk[0])
        assert found.walk[0] <= nearest(points) + 1e-6
        for options in ({"closed": True}, {"start": np.zeros(2)}, {"start": np.zeros(2), "closed": True}):
            other = round_of(points, **options)
            assert metres(points[other.order], options.get("start"), "closed" in options) == pytest.approx(
                other.walk[0]
            )


nodes = st.lists(
    st.tuples(
        st.integers(0, 3), st.integers(0, 4), st.integers(1, 6), st.integers(0, 5), st.integers(0, 40),
        st.integers(0, 40),
    ),
    min_size=1, max_size=40, unique_by=lambda node: node[:3],
)  # fmt: skip


@given(nodes)
def test_every_door_once_top_down_and_no_stairwell_twice(listed: list[tuple[int, ...]]) -> None:
    group, stair, floor, doors, x, y = np.array(listed, dtype=np.int64).T
    stairwell = group * 100 + stair
    xy = np.c_[x + 50 * stair, y].astype(float)
    found = order_doors(stairwell, floor, xy, doors, group=group)
    again = order_doors(stairwell, floor, xy, doors, group=group)
    assert found.order.tolist() == again.order.tolist()
    assert sorted(found.order.tolist()) == list(range(len(listed)))
    for number, label in enumerate(found.groups.tolist()):
        mine = found.order[found.begins[number] : found.begins[number + 1]]
        assert set(group[mine].tolist()) == {label}
        visits = stairwell[mine]
        assert (np.diff(visits) != 0).sum() + 1 == len(set(visits.tolist()))
        for stairs in set(visits.tolist()):
            assert (np.diff(floor[mine][visits == stairs]) < 0).all()
        assert found.doors[number] == doors[mine].sum()
    node, inside = each_door(found, doors)
    assert len(set(zip(node.tolist(), inside.tolist(), strict=True))) == doors.sum() == len(node)


def test_a_stairwell_that_two_share_is_visited_by_both() -> None:
    found = order_doors(
        [1, 1, 1, 1],
        [1, 2, 3, 4],
        np.zeros((4, 2)),
        [3, 3, 3, 3],
        group=[7, 7, 9, 9],
        pace=Pace(1.0, 70.0, 10.0, 3.0),
    )
    assert found.order.tolist() == [1, 0, 3, 2] and found.groups.tolist() == [7, 9]
    assert found.climb.tolist() == [3.0, 9.0] and found.walk.tolist() == [0.0, 0.0]
    # Six doors at a minute each, and up and down again at ten metres a minute.
    assert found.minutes.tolist() == pytest.approx([6 + 0.6, 6 + 1.8])


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"xy": [[0, np.nan]]}, "xy"),
        ({"stairwell": [1.5]}, "stairwell"),
        ({"floor": [1, 2]}, "floor"),
        ({"doors": [-1]}, "doors"),
        ({"group": ["a"]}, "group"),
        ({"start": [[0, 0], [1, 1]]}, "start"),
        ({"kicks": -1}, "kicks"),
    ],
)
def test_a_bad_argument_is_named(change: dict[str, Any], named: str) -> None:
    good: dict[str, Any] = {
        "stairwell": [1],
        "floor": [1],
        "xy": [[0, 0]],
        "doors": [1],
        "group": [1],
    } | change
    with pytest.raises(ValueError, match=named):
        order_doors(good.pop("stairwell"), good.pop("floor"), good.pop("xy"), good.pop("doors"), **good)


def test_nothing_to_visit() -> None:
    found = order_doors([], [], np.zeros((0, 2)), [], group=np.zeros(0, int))
    assert found.order.size == found.walk.size == 0


def test_the_same_everywhere() -> None:
    points = np.random.default_rng(11).uniform(0, 500, (45, 2))
    found = round_of(points)
    assert (int((found.order * np.arange(45)).sum()), round(float(found.walk[0]), 6)) == SAME


SAME = (23133, 2586.022822)
