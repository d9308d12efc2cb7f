"""A due time in words: which calendar, which hours, which pauses, and what is not known."""

from collections.abc import Iterable
from datetime import datetime

from shanzhi.core.worktime.arithmetic import Pause, crosses_unknown_year, due_at_with_pauses
from shanzhi.core.worktime.calendar import Calendar
from shanzhi.core.worktime.limits import Limit


def _clock(minute: int) -> str:
    return f"{minute // 60}:{minute % 60:02d}"


def _rules(calendar: Calendar) -> tuple[str, str]:
    """Which days count, as far as this calendar knows any that do not."""
    zh = [("周末", calendar.weekend), ("节假日", calendar.days_off)]
    en = [("weekends", calendar.weekend), ("holidays", calendar.days_off)]
    left_zh, left_en = "和".join(name for name, days in zh if days), " or ".join(n for n, days in en if days)
    return (
        (f"，{left_zh}不计" if left_zh else "") + ("，调休上班日计入" if calendar.days_on else ""),
        (f"; no {left_en}" if left_en else "") + ("; make-up working days count" if calendar.days_on else ""),
    )


def explain(
    calendar: Calendar, start: datetime, limit: Limit, pauses: Iterable[Pause] = ()
) -> tuple[str, str]:
    """How a due time comes about, in Chinese and English.

    Says so where the limit reaches into a year whose holidays are not known.
    """
    listed = sorted(pauses)
    due = due_at_with_pauses(calendar, start, limit, listed)
    zone = calendar.zone()
    begun, ended = start.astimezone(zone), due.astimezone(zone)
    zh = [f"自 {begun:%Y-%m-%d %H:%M} 起 {limit.amount:g} {limit.unit.zh}，{ended:%Y-%m-%d %H:%M} 到期"]
    en = [f"{limit.amount:g} {limit.unit.en} from {begun:%Y-%m-%d %H:%M}: due {ended:%Y-%m-%d %H:%M}"]
    if limit.unit.is_working_time:
        hours = "、".join(f"{_clock(begin)}–{_clock(end)}" for begin, end in calendar.intervals)
        rules_zh, rules_en = _rules(calendar)
        zh.append(f"按“{calendar.name_zh}”计（{hours}{rules_zh}）")
        en.append(f"by the {calendar.name_en} ({hours.replace('、', ', ')}{rules_en})")
    else:
        zh.append("昼夜连续计时")
        en.append("counted day and night")
    for begin, end in listed:
        stood = f"{begin.astimezone(zone):%m-%d %H:%M}–{end.astimezone(zone):%m-%d %H:%M}"
        zh.append(f"暂停 {stood}")
        en.append(f"paused {stood}")
    year = crosses_unknown_year(calendar, start, due) if limit.unit.is_working_time else None
    if year is not None:
        zh.append(f"{year} 年放假安排尚未录入，该年只按周末推算")
        en.append(f"the holidays of {year} are not known yet: only weekends are left out there")
    return "；".join(zh) + "。", "; ".join(en) + "."
