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


class MissingInput(ShanzhiError):
    """The edge needs something that was not given."""

    code = "missing-input"
    status = 422
    zh = "请填写“{label_zh}”。"
    en = "Please give: {label_en}."


class SamePerson(ShanzhiError):
    """The one who handled may not inspect."""

    code = "same-person"
    status = 403
    zh = "处置人不得核查自己办理的案件，请由他人核查。"
    en = "Whoever handled a case may not inspect it: somebody else has to."


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
