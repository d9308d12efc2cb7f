"""Errors of orders."""

from shanzhi.core.kit.errors import ShanzhiError


class SecondPerson(ShanzhiError):
    """Whoever wrote an order does not confirm it."""

    code = "order-second-person"
    status = 403
    zh = "指令须由另一人复核，拟制人不能自己下达。"
    en = "Another person has to confirm an order: whoever drafted it cannot issue it."


class NobodyMeant(ShanzhiError):
    """An order to nobody."""

    code = "order-nobody"
    status = 422
    zh = "所选范围内没有符合条件的人员，请调整范围或岗位。"
    en = "Nobody in the chosen places fits: choose other places or posts."


class AudienceChanged(ShanzhiError):
    """What was confirmed is not what would be sent."""

    code = "order-audience-changed"
    status = 409
    zh = "确认后人员有变化：确认时 {seen} 人，现在 {now} 人。请重新预览后再下达。"
    en = "The people changed since the preview: {seen} then, {now} now. Look at it again, then issue."


class OrderOver(ShanzhiError):
    """The time of an order has passed."""

    code = "order-over"
    status = 422
    zh = "要求完成时间已过，请改为以后的时间。"
    en = "The time by which it is to be done has passed: choose a later one."


class RungOver(ShanzhiError):
    """A rung that is not waiting or going on cannot be stopped."""

    code = "order-rung-over"
    status = 409
    zh = "这一级叫应已经结束。"
    en = "This rung of the ladder is over already."


class AlreadyCorrected(ShanzhiError):
    """One correction at a time."""

    code = "order-already-corrected"
    status = 409
    zh = "这条指令已有更正（{number}），请处理该更正。"
    en = "This order has a correction already ({number}): go on with that one."
