"""Errors of rosters."""

from shanzhi.core.kit.errors import ShanzhiError


class BookedTwice(ShanzhiError):
    """The person is on duty elsewhere at the time, or has not rested."""

    code = "roster-booked-twice"
    status = 409
    zh = "{name}在 {when} 已有班次，两班之间至少休息 {hours} 小时，请换一人。"
    en = "{name} is on duty {when}: at least {hours} hours of rest lie between two shifts. Choose somebody else."


class ShiftFull(ShanzhiError):
    """Everybody who is needed is there."""

    code = "roster-shift-full"
    status = 409
    zh = "这一班已排满 {people} 人。"
    en = "This shift has its {people} people already."


class NotOnDuty(ShanzhiError):
    """Somebody else's turn."""

    code = "roster-not-yours"
    status = 403
    zh = "只有本班人员可以到岗、交班或请求换班。"
    en = "Only whoever has the turn signs on, hands over or asks to swap."


class TooEarly(ShanzhiError):
    """Signing on hours before the shift begins says nothing."""

    code = "roster-too-early"
    status = 409
    zh = "班次 {begins} 开始，提前 1 小时以内才能到岗签到。"
    en = "The shift begins at {begins}: sign on within an hour before."


class ShiftOver(ShanzhiError):
    """A shift that has passed is not filled any more."""

    code = "roster-shift-over"
    status = 409
    zh = "这一班已经结束或撤销。"
    en = "This shift is over, or was dropped."


class PlanChanged(ShanzhiError):
    """What was confirmed is not what would be done."""

    code = "roster-plan-changed"
    status = 409
    zh = "预览之后班次或人员有变化，请重新预览后再确认。"
    en = "Shifts or people have changed since the preview: look at it again, then confirm."


class RosterOver(ShanzhiError):
    """A roster that has ended."""

    code = "roster-over"
    status = 409
    zh = "这份值班表已经终止。"
    en = "This roster has ended."
