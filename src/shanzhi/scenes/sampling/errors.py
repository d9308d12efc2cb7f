"""Errors of sampling and distribution."""

from shanzhi.core.kit.errors import ShanzhiError


class SecondPerson(ShanzhiError):
    """Whoever drafted a campaign does not issue it."""

    code = "sampling-second-person"
    status = 403
    zh = "轮次须由另一人复核，拟制人不能自己下达。"
    en = "Another person has to confirm it: whoever drafted a round cannot issue it."


class NoMicrogrids(ShanzhiError):
    """Nothing to plan with."""

    code = "sampling-no-microgrids"
    status = 422
    zh = "所选范围内没有已划分的微网格，无法排时段。请先划分微网格，或改选范围。"
    en = "There are no micro-grids in the chosen places: divide them first, or choose other places."


class PlanShort(ShanzhiError):
    """More doors than the slots can take."""

    code = "sampling-plan-short"
    status = 409
    zh = "还有 {doors} 户排不进任何时段。请增加工位、点位、时长或天数，再提交。"
    en = "{doors} doors fit in no slot: add tables, points, hours or days first."


class NotNow(ShanzhiError):
    """The campaign is not under way."""

    code = "sampling-not-now"
    status = 409
    zh = "该轮次不在进行中，不能登记。"
    en = "This round is not under way: nothing can be entered."


class TubeFull(ShanzhiError):
    """No room in a tube."""

    code = "sampling-tube-full"
    status = 409
    zh = "该管还能放 {left} 人，这次有 {people} 人。请封管并开新管，再登记余下的人。"
    en = "The tube takes {left} more, these are {people}: close it, open a new one and enter the rest there."


class TubeNotOpen(ShanzhiError):
    """The tube is closed already, or is not of this point."""

    code = "sampling-tube-not-open"
    status = 409
    zh = "该采样管已封管，或不属于本点位。请开新管后重新登记。"
    en = "The tube is closed, or not of this point: open a new one and enter it again."


class TubeOfOneHousehold(ShanzhiError):
    """A tube of one household, and somebody else."""

    code = "sampling-tube-household"
    status = 409
    zh = "一户一管：该管已属于另一户，请为这一户开新管。"
    en = "One tube a household: this one belongs to another, open a new tube."


class BarcodeTaken(ShanzhiError):
    """A barcode twice."""

    code = "sampling-barcode-taken"
    status = 409
    zh = "条码 {barcode} 在本轮次已用过，请核对管身条码。"
    en = "The barcode {barcode} is used already in this round: look at the tube."


class TicketUnknown(ShanzhiError):
    """No such ticket in this campaign."""

    code = "sampling-ticket-unknown"
    status = 404
    zh = "本轮次没有这张凭证（{ticket}）。请核对，或按微网格登记人数。"
    en = "There is no such ticket in this round ({ticket}): look again, or count by micro-grid."


class AlreadyServed(ShanzhiError):
    """A household comes a second time for its parcel."""

    code = "sampling-already-served"
    status = 409
    zh = "该户已领取过，每户一份。"
    en = "This household has had its parcel."


class RetestUnknown(ShanzhiError):
    """No such re-test is open."""

    code = "sampling-retest-unknown"
    status = 409
    zh = "没有这项待复采任务，或已复采；复采须用单采管。"
    en = "No such re-test is waiting, or it is done; a re-test needs a single tube."


class ActConflict(ShanzhiError):
    """The id was used before, for another content."""

    code = "sampling-conflict"
    status = 409
    zh = "该编号的现场记录已存在，内容不同；请用新编号重新提交。"
    en = "A record with this id exists with other content: send it again under a new id."


class ResultConflict(ShanzhiError):
    """A laboratory tells another result than was told before."""

    code = "sampling-result-conflict"
    status = 409
    zh = "该管已录入另一个结果。请与采样组织方核对，由其在本轮页面上更正。"
    en = "Another result was told of this tube: ask those who run the round, who can correct it on its page."
