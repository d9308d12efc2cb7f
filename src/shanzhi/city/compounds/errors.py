"""Errors of compounds."""

from shanzhi.core.kit.errors import ShanzhiError


class SourceSaysNothing(ShanzhiError):
    """The source that somebody chooses does not speak of that field."""

    code = "source-says-nothing"
    status = 422
    zh = "来源“{source}”没有写明该项。"
    en = "The source {source} says nothing about it."
