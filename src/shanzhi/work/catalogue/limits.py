"""Read a time limit (处置时限) written in words.

A limit is *plain* when it is one number and one unit and nothing else. Everything else, such as a
limit that holds only in a season, stays text until a human answers it.
"""

import re
import unicodedata

from shanzhi.core.worktime import Limit, Unit

HOURS_IN_EMERGENCY_DAY = 24

# Emergency time (紧急) runs day and night, so an emergency day is 24 emergency hours.
_UNITS: dict[str, tuple[Unit, int]] = {
    "工作日": (Unit.working_day, 1),
    "工作时": (Unit.working_hour, 1),
    "工作小时": (Unit.working_hour, 1),
    "紧急工作时": (Unit.emergency_hour, 1),
    "紧急工作小时": (Unit.emergency_hour, 1),
    "紧急工作日": (Unit.emergency_hour, HOURS_IN_EMERGENCY_DAY),
    "自然日": (Unit.calendar_day, 1),
    "日历日": (Unit.calendar_day, 1),
    "分钟": (Unit.minute, 1),
}

# Lists of conditions write 天 and 小时 for short; the field counts both in working time. This is a
# reading and not what the text says, so every import reports how many limits it applied to.
_SHORT_UNITS: dict[str, tuple[Unit, int]] = {
    "天": (Unit.working_day, 1),
    "小时": (Unit.working_hour, 1),
}

_PLAIN = re.compile(r"(?P<amount>[0-9]{1,4}(?:\.[0-9]{1,2})?)个?(?P<unit>[^0-9.\s]+)")


def _match(text: str) -> tuple[float, str] | None:
    found = _PLAIN.fullmatch(re.sub(r"\s+", "", unicodedata.normalize("NFKC", text)))
    if found is None:
        return None
    return float(found["amount"]), found["unit"]


def parse_limit(text: str) -> Limit | None:
    """Return the limit that `text` states, or None when it is not plain (a human must answer)."""
    found = _match(text)
    if found is None or found[0] <= 0:
        return None
    unit = _UNITS.get(found[1]) or _SHORT_UNITS.get(found[1])
    if unit is None:
        return None
    return Limit(found[0] * unit[1], unit[0])


def short_unit(text: str) -> str:
    """Return 天 or 小时 when `text` is read as working time by convention only, else ""."""
    found = _match(text)
    return found[1] if found is not None and found[1] in _SHORT_UNITS else ""
