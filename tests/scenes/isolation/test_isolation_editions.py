"""When somebody is free: by the edition in force, never later than was promised."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shanzhi.scenes.isolation import packs
from shanzhi.scenes.isolation.editions import applying, missing, schedule

EDITIONS = packs.editions()
DAYS = st.dates(date(2021, 6, 1), date(2026, 12, 31))


@pytest.mark.parametrize(
    ("code", "days", "more", "tests"),
    [
        ("v8", 14, 7, [1, 4, 7, 10, 14]),
        ("v9", 7, 3, [1, 2, 3, 5, 7]),
        ("twenty", 5, 3, [1, 2, 3, 5]),
    ],
)
def test_the_published_editions(code: str, days: int, more: int, tests: list[int]) -> None:
    begun = date(2022, 3, 20)
    plan = schedule(EDITIONS[code], begun)
    assert plan.release_on == begun + timedelta(days=days)
    assert plan.monitored_until_on == begun + timedelta(days=days + more)
    assert [(day - begun).days for day in plan.tests] == tests


def test_one_edition_follows_another_on_its_day() -> None:
    assert [code for code, one in EDITIONS.items() if one.holds(date(2022, 6, 27))] == ["v8"]
    assert [code for code, one in EDITIONS.items() if one.holds(date(2022, 6, 28))] == ["v9"]
    assert [code for code, one in EDITIONS.items() if one.holds(date(2022, 11, 11))] == ["twenty"]
    assert [code for code, one in EDITIONS.items() if one.holds(date(2026, 3, 9))] == ["city", "voluntary"]


def test_whoever_is_isolated_when_a_milder_edition_comes_goes_over_to_it() -> None:
    begun = date(2022, 6, 20)
    assert applying(EDITIONS, "v8", begun, date(2022, 6, 27)).release_on == date(2022, 7, 4)
    changed = applying(EDITIONS, "v8", begun, date(2022, 6, 28))
    assert (changed.edition.code, changed.release_on) == ("v9", date(2022, 6, 27))
    # Two editions on, in one step.
    assert applying(EDITIONS, "v8", date(2022, 11, 10), date(2022, 11, 12)).edition.code == "twenty"


@given(code=st.sampled_from(sorted(EDITIONS)), begun=DAYS, first=DAYS, second=DAYS)
def test_no_edition_ever_holds_anybody_longer(code: str, begun: date, first: date, second: date) -> None:
    early, late = sorted((first, second))
    own = schedule(EDITIONS[code], begun)
    before, after = applying(EDITIONS, code, begun, early), applying(EDITIONS, code, begun, late)
    assert after.release_on <= before.release_on <= own.release_on
    assert begun <= after.release_on <= after.monitored_until_on


@given(code=st.sampled_from(sorted(EDITIONS)), begun=DAYS, data=st.data())
def test_free_exactly_when_days_tests_and_reports_are_there(
    code: str, begun: date, data: st.DataObject
) -> None:
    plan = schedule(EDITIONS[code], begun)
    span = max(plan.edition.isolation_days, 1)
    days = st.integers(0, span + 3).map(lambda n: begun + timedelta(days=n))
    on = data.draw(days)
    negatives, unanswered = data.draw(st.sets(days)), data.draw(st.sets(days))
    # A second way to say it, test by test.
    ends = [*plan.tests[1:], date.max][: len(plan.tests)]
    lacking = [
        day
        for day, begins, end in zip(plan.edition.tests, plan.tests, ends, strict=True)
        if not [taken for taken in negatives if begins <= taken < end]
    ]
    since = plan.release_on - timedelta(days=plan.edition.checked_days)
    silent = {day for day in unanswered if since <= day <= on}
    found = missing(plan, on, negatives, unanswered)
    assert len(found) == (1 if on < plan.release_on else 0) + len(lacking) + len(silent)
    assert all(one.zh and one.en for one in found)


def test_what_lacks_is_named() -> None:
    begun = date(2026, 3, 9)
    plan = schedule(EDITIONS["city"], begun)
    found = missing(plan, begun + timedelta(days=3), {begun + timedelta(days=1)}, {begun + timedelta(days=4)})
    assert [one.zh for one in found] == ["还差 2 天（2026-03-14 期满）", "缺第 5 天的检测阴性结果"]
    late = missing(plan, begun + timedelta(days=5), {begun + timedelta(days=1)}, {begun + timedelta(days=4)})
    assert [one.zh for one in late] == [
        "缺第 5 天的检测阴性结果",
        "2026-03-13 的健康报告未补（电话或上门补报即可）",
    ]


def test_the_state_tables_are_sound() -> None:
    from shanzhi.scenes.isolation.flow import ISOLATION, SERVICE, TRANSFER

    for flow in (ISOLATION, TRANSFER, SERVICE):
        assert flow.check() == []
