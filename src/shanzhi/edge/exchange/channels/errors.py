"""Errors of channels."""

from shanzhi.core.kit.errors import ShanzhiError


class ChannelMisconfigured(ShanzhiError):
    """The mapping of a channel lacks something or names what does not exist; `field` says where."""

    code = "channel-misconfigured"
    status = 422
    zh = "消息通道配置有误（{where}）：{reason_zh}"
    en = "The configuration of channels is wrong ({where}): {reason_en}"
