"""Errors of partner organisations."""

from shanzhi.core.kit.errors import ShanzhiError


class PartnerExists(ShanzhiError):
    """The organisation is a partner of this place already."""

    code = "partner-exists"
    status = 409
    zh = "“{name}”已是这里的共建单位。"
    en = "{name} is a partner of this place already."


class PartnershipOver(ShanzhiError):
    """Nothing is agreed with, or asked of, somebody who is no partner any more."""

    code = "partnership-over"
    status = 409
    zh = "与“{name}”的共建已结束，请先恢复共建。"
    en = "The partnership with {name} is over: resume it first."
