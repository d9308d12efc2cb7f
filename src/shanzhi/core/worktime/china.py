"""The calendar of mainland China, shipped for 2019 to 2026."""

import json
from collections.abc import Collection
from datetime import date
from importlib.resources import files

from shanzhi.core.worktime.calendar import Calendar, Minutes


def load_china(
    intervals: Collection[Minutes] = ((8 * 60, 12 * 60), (14 * 60, 18 * 60)),
    timezone: str = "Asia/Shanghai",
) -> Calendar:
    """The calendar of mainland China with statutory days off and make-up working days (调休).

    Source: the yearly holiday notices of the State Council, as plain dates. Other years know weekends only,
    and `crosses_unknown_year` tells of them.
    """
    text = files("shanzhi.core.worktime").joinpath("data/china.json").read_text("utf-8")
    data = json.loads(text)
    days: dict[str, set[date]] = {"off": set(), "on": set()}
    for year, lists in data["years"].items():
        for key, found in days.items():
            found |= {date.fromisoformat(f"{year}-{day}") for day in lists[key]}
    return Calendar.build(
        timezone, intervals, days_off=days["off"], days_on=days["on"], known_years=data["known_years"],
        name_zh="全国工作日历", name_en="national working calendar",
    )  # fmt: skip
