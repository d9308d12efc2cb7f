"""The compulsory rules of a response (强制规则): area, days, who decides. Pure: nothing here reads or writes."""

from collections.abc import Iterable
from datetime import date, timedelta
from uuid import UUID

from shanzhi.city.modes.contents import CONFINED_AT_MOST, LevelContent
from shanzhi.city.modes.errors import (
    AreaNeverSoLarge,
    AreaTooLarge,
    LastDayNotLater,
    LastDayTooLate,
    SecondAuthority,
    SecondDecider,
)
from shanzhi.city.places.levels import Level


def check_area(content: LevelContent, there: Iterable[tuple[str, str]], why_so_large: str) -> None:
    """Whether places (level, name) are no larger than the level allows. Raises AreaTooLarge, AreaNeverSoLarge."""
    for code, name in there:
        level = Level(code)
        if content.confines and level.rank < CONFINED_AT_MOST.rank:
            raise AreaNeverSoLarge(field="place_ids", name=name, level_zh=level.zh, level_en=level.en)
        if level.rank < content.largest.rank and not why_so_large:
            raise AreaTooLarge(
                field="why_so_large", name=name, level_zh=level.zh, level_en=level.en,
                largest_zh=content.largest.zh, largest_en=content.largest.en,
            )  # fmt: skip


def limit_of(content: LevelContent, on: date, confined_on: date | None = None) -> date:
    """The latest last day that a decision of a day may set.

    Where people have been confined since `confined_on`, the days count from then: neither lowering and raising nor
    another level begins them anew. Only a renewal by a second authority does.
    """
    begun = min(on, confined_on) if content.confines and confined_on is not None else on
    return begun + timedelta(days=content.days - 1)


def check_last_day(last_on: date, limit: date, least: date, days: int) -> None:
    """Whether a last day lies within what may be decided. Raises LastDayTooLate, LastDayNotLater."""
    if last_on > limit:
        raise LastDayTooLate(field="last_on", limit=limit, days=days)
    if last_on < least:
        raise LastDayNotLater(field="last_on", least=least)


def check_second(decider: UUID | None, proposed_by: UUID) -> UUID:
    """Whoever decides is a person, and not the one who proposed. Raises SecondDecider."""
    if decider is None or decider == proposed_by:
        raise SecondDecider
    return decider


def check_other_authority(decider: UUID | None, *involved: UUID | None) -> UUID:
    """Whoever renews is none of those who decided before. Raises SecondAuthority."""
    if decider is None or decider in involved:
        raise SecondAuthority
    return decider
