"""Errors of plans, notices and objections."""

from shanzhi.core.kit.errors import ShanzhiError


class SecondReviewer(ShanzhiError):
    """Whoever wrote a version does not review it."""

    code = "plan-second-person"
    status = 403
    zh = "预案须由另一人审定，编制人不能自己审定。"
    en = "Another person has to review a plan: whoever wrote this version cannot."


class DraftExists(ShanzhiError):
    """One draft at a time."""

    code = "plan-draft-exists"
    status = 409
    zh = "该预案已有第 {number} 版在编（{state_zh}），请先处理。"
    en = "Version {number} of this plan is being worked on ({state_en}): see to that one first."


class DraftChanged(ShanzhiError):
    """Somebody else saved the draft meanwhile."""

    code = "plan-draft-changed"
    status = 409
    zh = "草稿已由{name}修改，请载入最新内容后再改。"
    en = "{name} changed the draft meanwhile: load it again before you change it."


class PlanCodeTaken(ShanzhiError):
    """The code of a plan is unique."""

    code = "plan-code-taken"
    status = 409
    zh = "已有代码为“{code}”的预案，请换一个代码。"
    en = "There is a plan with the code {code}: choose another."


class NotInForce(ShanzhiError):
    """Only a reviewed version can be switched on."""

    code = "plan-not-in-force"
    status = 422
    zh = "“{name}”还没有审定的版本，不能据以启动响应。"
    en = "{name} has no reviewed version: no response can be started by it."


class SecondAnswerer(ShanzhiError):
    """Nobody decides on an objection to their own decision."""

    code = "objection-second-person"
    status = 403
    zh = "对本人提请或批准的措施提出的异议，须由另一人答复。"
    en = "An objection to what you proposed or approved is for somebody else to answer."


class NoticeOver(ShanzhiError):
    """The notice has ended long ago."""

    code = "notice-over"
    status = 422
    zh = "该公告已于 {ended_on} 解除，超过 {days} 天后不再受理异议，请拨打公告上的电话。"
    en = "The notice ended on {ended_on}; after {days} days objections go to the telephone named in it."


class SameObjectionOtherText(ShanzhiError):
    """The id was used for something else."""

    code = "objection-same-id"
    status = 409
    zh = "该编号已用于另一份异议，请刷新页面后重新提交。"
    en = "This id was used for another objection: reload the page and send it again."
