"""Errors of cases."""

from shanzhi.core.kit.errors import ShanzhiError


class VersionConflict(ShanzhiError):
    """Somebody else changed the case meanwhile."""

    code = "version-conflict"
    status = 409
    zh = "{actor_name}刚刚已对本案执行“{verb_zh}”，现在的状态是“{state_zh}”。请核对后再操作，您填写的内容仍在。"
    en = '{actor_name} has just done "{verb_en}"; the state now is "{state_en}". Check again: your text is kept.'


class SameIdOtherContent(ShanzhiError):
    """An id that was used for something else."""

    code = "same-id-other-content"
    status = 409
    zh = "该编号已用于另一份内容不同的上报。"
    en = "This id was used for another report with other content."


class SameKeyOtherRequest(ShanzhiError):
    """The key of a request that did something else."""

    code = "same-key-other-request"
    status = 409
    zh = "该请求编号（Idempotency-Key）已用于另一项操作。"
    en = "This Idempotency-Key was used for another request."


class MissingInput(ShanzhiError):
    """The edge needs something that was not given."""

    code = "missing-input"
    status = 422
    zh = "请填写“{label_zh}”。"
    en = "Please give: {label_en}."


class SamePerson(ShanzhiError):
    """Nobody decides on what they did or asked for themselves."""

    code = "same-person"
    status = 403
    zh = "自己经手的事项不能由本人核查或审批，请由他人办理。"
    en = "Nobody inspects or decides on their own work: somebody else has to."


class PlaceNeeded(ShanzhiError):
    """Neither point nor place tells where it is."""

    code = "place-needed"
    status = 422
    zh = "无法确定位置，请打开定位或选择所在街道、社区。"
    en = "Where it is could not be told: share your position or choose the street and community."


class RatedSolved(ShanzhiError):
    """Only what the resident calls not solved is reopened."""

    code = "rated-solved"
    status = 409
    zh = "市民评价为“已解决”，无需重新办理。"
    en = "The resident says that it is solved: there is nothing to reopen."


class ConditionNotUsable(ShanzhiError):
    """The limit of the filing rule still waits for a human."""

    code = "condition-not-usable"
    status = 422
    zh = "该立案条件的时限“{limit_text}”尚未明确，请先在事部件目录中确认。"
    en = 'The limit "{limit_text}" of this rule is not settled yet: settle it in the catalogue first.'


class UnknownPhoto(ShanzhiError):
    """A photo that was never received in full."""

    code = "unknown-photo"
    status = 422
    zh = "照片尚未上传完成，请重新上传。"
    en = "The photo was not received in full: send it again."


class SupportPending(ShanzhiError):
    """Supporting units have not finished."""

    code = "support-pending"
    status = 409
    zh = "会同处置的“{units}”尚未完成，请等其完成或由派遣员取消协办。"
    en = "Supporting units have not finished: {units}. Wait, or have the dispatcher release them."


class NoOwnLimit(ShanzhiError):
    """The handling clock does not run by the case's own limit."""

    code = "no-own-limit"
    status = 409
    zh = "本案的处置时限未在单独计时（已暂停或已捆绑），不能办理此项。"
    en = "The case's own handling limit does not run now (paused or bundled)."


class AlreadyOverdue(ShanzhiError):
    """An extension is asked for in time or not at all."""

    code = "already-overdue"
    status = 409
    zh = "已经超期，不能再申请延期。"
    en = "It is overdue already: an extension has to be asked for before."


class UsedUp(ShanzhiError):
    """It may be done so many times and was."""

    code = "used-up"
    status = 409
    zh = "最多 {times} 次，已经用完。"
    en = "At most {times} times: used up."


class NeverOverdue(ShanzhiError):
    """There is nothing to appeal against."""

    code = "never-overdue"
    status = 409
    zh = "本案没有超期，无需申诉。"
    en = "This case was not overdue: there is nothing to appeal against."


class ForArbitration(ShanzhiError):
    """After so many refusals the shift lead decides."""

    code = "for-arbitration"
    status = 409
    zh = "回退已被驳回 {times} 次，现由值班长裁定。"
    en = "The return was refused {times} times: the shift lead decides now."


class NotYetForArbitration(ShanzhiError):
    """The dispatcher still decides."""

    code = "not-yet-for-arbitration"
    status = 409
    zh = "尚未达到裁定条件，由派遣员审批。"
    en = "The dispatcher still decides on this return."


class AlreadyAsked(ShanzhiError):
    """A request of this kind waits already."""

    code = "already-asked"
    status = 409
    zh = "本案已有“{kind_zh}”待处理，请勿重复提交。"
    en = "A request ({kind_en}) waits for this case already."


class NothingAsked(ShanzhiError):
    """No request of this kind waits."""

    code = "nothing-asked"
    status = 409
    zh = "本案没有待处理的“{kind_zh}”。"
    en = "No request ({kind_en}) waits for this case."


class NotYourTurn(ShanzhiError):
    """Another consent comes first, or was given."""

    code = "not-your-turn"
    status = 409
    zh = "“{kind_zh}”的审批不在这一步。"
    en = "The {kind_en} stands at another step of approval."


class NotYours(ShanzhiError):
    """Only who asked may take it back."""

    code = "not-yours"
    status = 403
    zh = "只能撤回自己提出的申请。"
    en = "Only whoever asked may withdraw it."


class NotMergeable(ShanzhiError):
    """The master case cannot take a duplicate."""

    code = "not-mergeable"
    status = 409
    zh = "不能并案：{why_zh}。"
    en = "They cannot be merged: {why_en}."


class SameUnit(ShanzhiError):
    """It is that unit's already."""

    code = "same-unit"
    status = 409
    zh = "本案已由“{unit}”办理，请选择其他单位。"
    en = "{unit} has this case already: choose another unit."


class NeverFiled(ShanzhiError):
    """There is no rule and no limit to go back to."""

    code = "never-filed"
    status = 409
    zh = "本案没有立过案，请用“重新办理（待立案）”。"
    en = "This case was never filed: reopen it to be filed."


class WasFiled(ShanzhiError):
    """It has its rule and limit already."""

    code = "was-filed"
    status = 409
    zh = "本案已立过案，请用“重新办理”。"
    en = "This case was filed before: reopen it."
