"""The rules of a response for any days and places: no way of deciding confines people for longer than it may."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shanzhi.city.modes import rules
from shanzhi.city.modes.contents import CONFINED_AT_MOST, MOST_CONFINED_DAYS, LevelContent
from shanzhi.city.modes.errors import AreaNeverSoLarge, AreaTooLarge, SecondAuthority, SecondDecider
from shanzhi.city.places.levels import Level
from shanzhi.core.kit.errors import ShanzhiError

pytestmark = pytest.mark.once

DAYS = st.dates(date(2026, 1, 1), date(2026, 12, 31))
LEVELS = st.sampled_from(list(Level))
CONTENTS = st.builds(
    LevelContent, level=st.integers(1, 4), zh=st.just("档"), en=st.just("step"), parts=st.just({}),
    confines=st.booleans(), largest=LEVELS, most_days=st.integers(1, 180),
)  # fmt: skip


@given(CONTENTS, DAYS, st.integers(-5, 200))
def test_no_decision_lasts_longer_than_its_level(content: LevelContent, on: date, ahead: int) -> None:
    last_on = on + timedelta(days=ahead)
    try:
        rules.check_last_day(last_on, rules.limit_of(content, on), on, content.days)
    except ShanzhiError:
        assert ahead < 0 or ahead >= content.days
    else:
        assert 0 <= ahead < content.days
        assert not content.confines or ahead < MOST_CONFINED_DAYS


@given(CONTENTS.filter(lambda one: one.confines), DAYS, st.lists(st.integers(0, 13), max_size=8))
def test_lowering_and_raising_never_confines_longer(
    content: LevelContent, confined_on: date, steps: list[int]
) -> None:
    on = confined_on
    for step in steps:
        on += timedelta(days=step)
        limit = rules.limit_of(content, on, confined_on)
        assert limit == confined_on + timedelta(days=content.days - 1)
        assert (limit - confined_on).days < MOST_CONFINED_DAYS


@given(CONTENTS, LEVELS, st.sampled_from(["", "病例分散"]))
def test_an_area_is_as_small_as_the_level_says(content: LevelContent, level: Level, why: str) -> None:
    def check() -> None:
        rules.check_area(content, [(str(level), "示例")], why)

    if content.confines and level.rank < CONFINED_AT_MOST.rank:
        with pytest.raises(AreaNeverSoLarge):
            check()
    elif level.rank < content.largest.rank and not why:
        with pytest.raises(AreaTooLarge) as caught:
            check()
        assert caught.value.field == "why_so_large"
    else:
        check()


@given(st.integers(0, 2), st.integers(0, 2))
def test_nobody_decides_alone(first: int, second: int) -> None:
    people: list[Any] = [uuid4(), uuid4(), None]
    proposer, decider = people[min(first, 1)], people[second]
    if decider is None or decider == proposer:
        with pytest.raises(SecondDecider):
            rules.check_second(decider, proposer)
        with pytest.raises(SecondAuthority):
            rules.check_other_authority(decider, proposer, None)
    else:
        assert rules.check_second(decider, proposer) == decider
        assert rules.check_other_authority(decider, proposer, None) == decider
