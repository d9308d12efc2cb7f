"""What is typed: days."""

from datetime import date

from shanzhi.core.kit.errors import InvalidInput

LONGEST_DAYS = 366


def check_days(from_on: date, to_on: date, today: date) -> None:
    """Raise InvalidInput unless the days lie ahead, in order, and within a year."""
    if to_on <= from_on:
        raise InvalidInput(
            field="to_on", reason_zh="结束日期应晚于开始日期。", reason_en="It must end after it begins."
        )
    if to_on <= today:
        raise InvalidInput(field="to_on", reason_zh="结束日期已过。", reason_en="It would be over already.")
    if (to_on - from_on).days > LONGEST_DAYS:
        raise InvalidInput(field="to_on", reason_zh="时间最长一年。", reason_en="At most a year.")
