"""Errors of the gate."""

from shanzhi.core.kit.errors import ShanzhiError


class CsrfFailed(ShanzhiError):
    """A request of a signed-in browser without its token."""

    code = "csrf-failed"
    status = 403
    zh = "页面已过期，请刷新后重试；已填写的内容不会丢失。"
    en = "The page is out of date: reload and try again; what you entered is kept."


class MethodNotAllowed(ShanzhiError):
    """The address exists, the method does not."""

    code = "method-not-allowed"
    status = 405
    zh = "该地址不支持 {method} 请求。"
    en = "This address does not take {method} requests."


class BadRequest(ShanzhiError):
    """A request that cannot be read at all."""

    code = "bad-request"
    status = 400
    zh = "无法读取该请求。"
    en = "The request cannot be read: {reason_en}"
