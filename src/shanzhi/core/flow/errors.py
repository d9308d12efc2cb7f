"""Errors of flows."""

from shanzhi.core.kit.errors import ShanzhiError


class UnknownEdge(ShanzhiError):
    """The verb cannot be done in the present state."""

    code = "unknown-edge"
    status = 409
    zh = "当前状态为“{state_zh}”，不能执行“{verb_zh}”。"
    en = 'The state now is "{state_en}": "{verb_en}" cannot be done.'
