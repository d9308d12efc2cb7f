"""Errors of sweeps."""

from shanzhi.core.kit.errors import ShanzhiError


class SecondPerson(ShanzhiError):
    """Whoever wrote a sweep does not issue it."""

    code = "sweep-second-person"
    status = 403
    zh = "敲门行动须由另一人复核，拟制人不能自己下达。"
    en = "Another person has to confirm a sweep: whoever drafted it cannot issue it."


class NoDoors(ShanzhiError):
    """A sweep of nothing."""

    code = "sweep-no-doors"
    status = 422
    zh = "所选范围内没有符合条件的门户，请调整范围或对象。"
    en = "There are no such doors in the chosen places: choose other places or targets."


class DoorsChanged(ShanzhiError):
    """What was confirmed is not what would be visited."""

    code = "sweep-doors-changed"
    status = 409
    zh = "预览后门户数有变化：当时 {seen} 户，现在 {now} 户。请重新预览后再下达。"
    en = "The doors changed since the preview: {seen} then, {now} now. Look at it again, then issue."


class SweepOver(ShanzhiError):
    """The time of a sweep has passed."""

    code = "sweep-over"
    status = 422
    zh = "结束时间已过，请改为以后的时间。"
    en = "The time until which it runs has passed: choose a later one."


class AlreadyCorrected(ShanzhiError):
    """One correction at a time."""

    code = "sweep-already-corrected"
    status = 409
    zh = "这次行动已有更正（{number}），请处理该更正。"
    en = "This sweep has a correction already ({number}): go on with that one."


class NotUnderWay(ShanzhiError):
    """It needs a sweep that is under way."""

    code = "sweep-not-under-way"
    status = 409
    zh = "这次行动不在进行中。"
    en = "This sweep is not under way."


class NothingRemains(ShanzhiError):
    """Every door is settled."""

    code = "sweep-nothing-remains"
    status = 409
    zh = "没有需要复访的门户，全部已走完。"
    en = "No door remains to be visited again."


class NoRestart(ShanzhiError):
    """The cadence does not begin anew."""

    code = "sweep-no-restart"
    status = 409
    zh = "该频次不重新计天。"
    en = "This cadence does not count its days anew."


class VisitConflict(ShanzhiError):
    """The id of a visit was used before, for another content."""

    code = "visit-conflict"
    status = 409
    zh = "该编号的走访已存在，内容不同；请用新编号重新提交。"
    en = "A visit with this id exists with other content: send it again under a new id."


class AnswersErased(ShanzhiError):
    """What was collected for a sweep is destroyed; nothing may be collected again."""

    code = "sweep-answers-erased"
    status = 410
    zh = "这次行动收集的内容已经销毁，不再接收。"
    en = "What this sweep collected has been destroyed: nothing more is taken in."


class AlreadySettled(ShanzhiError):
    """A correction was decided before."""

    code = "sweep-correction-settled"
    status = 409
    zh = "这条更正已经处理过了。"
    en = "This correction was decided already."


class CannotCorrect(ShanzhiError):
    """There is no floor whose count could be changed."""

    code = "sweep-cannot-correct"
    status = 422
    zh = "这一处只有总数、没有楼层，请到小区页面修改户数。"
    en = "Only a total is known here, no floor: change the number on the compound's page."
