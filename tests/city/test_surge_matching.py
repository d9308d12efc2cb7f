"""The arithmetic of an assignment, against every assignment there is."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shanzhi.city.surge import matching
from shanzhi.city.surge.matching import FARTHEST_M, match, metres_between


def solve(wanted, met, metres, allowed=None, missing=None):
    metres = np.array(metres, dtype=float)
    allowed = np.ones(metres.shape, dtype=bool) if allowed is None else np.array(allowed, dtype=bool)
    missing = np.zeros(metres.shape, dtype=np.int64) if missing is None else np.array(missing, dtype=np.int64)
    return match(np.array(wanted), np.array(met), allowed, missing, metres).tolist()


def cost(chosen, wanted, met, metres, allowed, missing):
    """(people left out, total cost) of an assignment; None when it is not possible."""
    total, there = 0, list(met)
    for person, need in enumerate(chosen):
        if need < 0:
            continue
        if not allowed[person][need] or there[need] >= wanted[need]:
            return None
        share = (wanted[need] - there[need]) * 100 / wanted[need]
        way = FARTHEST_M if np.isnan(metres[person][need]) else min(metres[person][need], FARTHEST_M)
        total += (
            round((100 - share) * matching._PER_CENT)
            + int(way // 10)
            + missing[person][need] * matching._SKILL
        )
        there[need] += 1
    return sum(need < 0 for need in chosen), total


def test_the_nearest_home_when_needs_are_alike():
    assert solve([1, 1], [0, 0], [[900, 100], [200, 800]]) == [1, 0]


def test_the_largest_unmet_share_comes_first_however_far():
    assert solve([10, 10], [5, 0], [[100, 30_000]]) == [1]
    # Four people, half of each need: shares stay even, although all live beside the first.
    assert sorted(solve([4, 4], [0, 0], [[100, 9000]] * 4)) == [0, 0, 1, 1]


def test_a_skill_outweighs_any_way():
    assert solve([1, 1], [0, 0], [[10, 40_000], [10, 40_000]], missing=[[1, 0], [0, 0]]) == [1, 0]


def test_an_unknown_way_is_a_long_one_and_nobody_goes_where_they_may_not():
    assert solve([1], [0], [[np.nan], [FARTHEST_M - 10]]) == [-1, 0]
    assert solve([1], [0], [[5], [9]], allowed=[[0], [1]]) == [-1, 0]
    assert solve([2], [2], [[5]]) == [-1]
    assert solve([], [], np.zeros((2, 0))) == [-1, -1]
    assert solve([3], [0], np.zeros((0, 1))) == []
    with pytest.raises(ValueError, match="shapes"):
        solve([1, 2], [0], [[5, 5]])


def test_many_pairs_are_looked_at_in_two_rounds(monkeypatch):
    chance = np.random.default_rng(4)
    people, needs = 60, 12
    metres = chance.uniform(0, 9000, (people, needs))
    wanted = np.full(needs, 5)
    whole = solve(wanted, np.zeros(needs, int), metres)
    monkeypatch.setattr(matching, "MOST_PAIRS", 100)
    monkeypatch.setattr(matching, "_BEST", 3)
    few = solve(wanted, np.zeros(needs, int), metres)
    assert (
        np.bincount(whole, minlength=needs).tolist() == np.bincount(few, minlength=needs).tolist() == [5] * 12
    )


cells = st.one_of(st.just(float("nan")), st.integers(0, 60_000).map(float))


@st.composite
def cases(draw):
    people, needs = draw(st.integers(1, 4)), draw(st.integers(1, 3))

    def table(of):
        row = st.lists(of, min_size=needs, max_size=needs)
        return draw(st.lists(row, min_size=people, max_size=people))

    wanted = draw(st.lists(st.integers(1, 4), min_size=needs, max_size=needs))
    met = [draw(st.integers(0, one)) for one in wanted]
    return wanted, met, table(cells), table(st.booleans()), table(st.integers(0, 2))


@given(cases())
def test_no_assignment_is_better(case):
    wanted, met, metres, allowed, missing = case
    found = solve(wanted, met, metres, allowed, missing)
    mine = cost(found, wanted, met, metres, allowed, missing)
    every = product(range(-1, len(wanted)), repeat=len(metres))
    best = min(c for one in every if (c := cost(one, wanted, met, metres, allowed, missing)) is not None)
    assert mine is not None and mine[0] == best[0]
    assert abs(mine[1] - best[1]) <= len(metres)  # shares are rounded to whole costs


def test_distances_on_the_sphere():
    """A degree of latitude is 111,195 m on the mean sphere; a point is nowhere from itself; NaN stays."""
    lon, lat = np.array([104.0, 104.0]), np.array([30.0, np.nan])
    found = metres_between(lon, lat, np.array([104.0, 104.0]), np.array([31.0, 30.0]))
    assert found[0, 0] == pytest.approx(111_195, abs=1) and found[0, 1] == 0
    assert np.isnan(found[1]).all()
