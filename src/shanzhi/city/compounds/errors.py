"""Errors of compounds."""

from shanzhi.core.kit.errors import ShanzhiError


class CodeTaken(ShanzhiError):
    """Another compound of the district has the code."""

    code = "compound-code-taken"
    status = 409
    zh = "编码 {code} 已属于本区县的另一小区。"
    en = "Another compound of the district has the code {code}."


class SourceSaysNothing(ShanzhiError):
    """The source that somebody chooses does not speak of that field."""

    code = "source-says-nothing"
    status = 422
    zh = "来源“{source}”没有写明该项。"
    en = "The source {source} says nothing about it."
