"""Errors of clocks."""

from shanzhi.core.kit.errors import ShanzhiError


class ClockNotInState(ShanzhiError):
    """A clock that does not run cannot be paused, and one that does not stand still cannot be resumed."""

    code = "clock-not-in-state"
    status = 409
    zh = "时钟“{name}”当前不能执行此操作。"
    en = 'The clock "{name}" cannot do that now.'
