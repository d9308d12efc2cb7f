"""Errors of reporting."""

from shanzhi.core.kit.errors import ShanzhiError


class ReportSecondPerson(ShanzhiError):
    """Whoever wrote a report cannot sign it."""

    code = "report-second-person"
    status = 403
    zh = "报告须由起草人和修改人以外的另一人签发。"
    en = "Another person than those who wrote it must sign a report."


class ReportNotForNow(ShanzhiError):
    """This report has no place in the present state of the response."""

    code = "report-not-for-now"
    status = 409
    zh = "响应当前为“{state_zh}”，不能起草“{kind_zh}”。"
    en = 'The response is "{state_en}" now: no "{kind_en}" can be drafted.'


class ReportOpen(ShanzhiError):
    """One of this kind is being written."""

    code = "report-open"
    status = 409
    zh = "已有一份未报送的“{kind_zh}”，请先报送或作废。"
    en = 'A "{kind_en}" is not sent yet: send it, or drop it, first.'


class ReportFixed(ShanzhiError):
    """Signed and sent reports are not edited."""

    code = "report-fixed"
    status = 409
    zh = "已签发的报告不能修改；已报送的请新建更正版本。"
    en = "A signed report is not changed; correct one that was sent in a new version."


class EntryConflict(ShanzhiError):
    """The same id with another content."""

    code = "duty-entry-conflict"
    status = 409
    zh = "这条记录已用其他内容保存过，请刷新后核对。"
    en = "This entry was saved with another content: reload and compare."


class HandoverSamePerson(ShanzhiError):
    """Nobody takes over from themselves."""

    code = "handover-same-person"
    status = 403
    zh = "交班人和接班人不能是同一人。"
    en = "Another person must take the shift over."


class HandoverOpen(ShanzhiError):
    """One is waiting already."""

    code = "handover-open"
    status = 409
    zh = "{name}已于 {at} 提交交班，尚待接班。"
    en = "{name} handed over at {at} and nobody has taken it yet."


class NoDutyRoom(ShanzhiError):
    """The account has no post at a duty room."""

    code = "duty-no-room"
    status = 403
    zh = "您没有值班岗位，不能记值班日志。"
    en = "You hold no duty post: you cannot write the log."
