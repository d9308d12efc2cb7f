"""Errors of the hot doors."""

from shanzhi.core.kit.errors import ShanzhiError


class NotJson(ShanzhiError):
    """Only JSON comes in here."""

    code = "not-json"
    status = 415
    zh = "提交的内容应为 JSON。"
    en = "Send JSON (content-type application/json)."


class TooLarge(ShanzhiError):
    """The body is larger than any request of a phone."""

    code = "request-too-large"
    status = 413
    zh = "一次提交的内容过多，请分批提交。"
    en = "Too much in one request: send it in parts."


class TooSlow(ShanzhiError):
    """The body did not arrive."""

    code = "request-too-slow"
    status = 408
    zh = "网络太慢，请稍后重试。"
    en = "The request took too long to arrive: try again."


class Unavailable(ShanzhiError):
    """Nothing was stored, or nobody can say whether it was: the same ids may be sent again."""

    code = "try-again"
    status = 503
    zh = "系统繁忙，请稍后重试；重复提交不会重复计数。"
    en = "Busy: try again shortly; sending the same again counts once."
