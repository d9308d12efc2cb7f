"""Errors of surge posting."""

from shanzhi.core.kit.errors import ShanzhiError


class PostingOver(ShanzhiError):
    """The person has been posted elsewhere since."""

    code = "surge-posting-over"
    status = 409
    zh = "该人员已不在这个岗位上，请刷新后重试。"
    en = "This person is no longer at this posting: reload and try again."


class ListChanged(ShanzhiError):
    """What was confirmed is not what would be done."""

    code = "surge-list-changed"
    status = 409
    zh = "预览之后需求或人员有变化，请重新预览后再确认。"
    en = "Needs or people have changed since the preview: look at it again, then confirm."


class NobodyToAssign(ShanzhiError):
    """Nothing would happen."""

    code = "surge-nobody-to-assign"
    status = 422
    zh = "没有可以分派的人员，或没有未满足的需求。"
    en = "There is nobody to assign, or no need is open."


class NeedInUse(ShanzhiError):
    """People are there for this need."""

    code = "surge-need-in-use"
    status = 409
    zh = "还有 {count} 人在岗或待报到，请先轮换或返回，再撤销需求。"
    en = "{count} people are there for this need: relieve them or send them back first."


class AlreadyOffered(ShanzhiError):
    """The same person of the same unit, for days that overlap."""

    code = "surge-already-offered"
    status = 409
    zh = "“{name}”已在这段时间内派出。"
    en = "{name} has been offered for these days already."
