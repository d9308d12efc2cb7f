"""Errors of home isolation and of the store of contacts."""

from shanzhi.core.kit.errors import ShanzhiError


class NoActivation(ShanzhiError):
    """Nobody may be isolated where no response says so."""

    code = "isolation-no-activation"
    status = 422
    zh = "这里没有启动允许居家隔离的响应，不能开始。{more_zh}"
    en = "No response that allows home isolation is live here: it cannot begin. {more_en}"
    defaults = {"more_zh": "", "more_en": ""}


class BeyondLastDay(ShanzhiError):
    """The response ends before."""

    code = "isolation-beyond-last-day"
    status = 422
    zh = "响应最晚到 {last_on} 结束，开始日期不能更晚。"
    en = "The response ends on {last_on} at the latest: isolation cannot begin later."


class NotYetFree(ShanzhiError):
    """Conditions of the release are missing."""

    code = "isolation-conditions-missing"
    status = 422
    zh = "还不能按期解除：{missing_zh}"
    en = "It cannot be released in the ordinary way yet: {missing_en}"


class SecondPerson(ShanzhiError):
    """Whoever proposes a release does not sign it."""

    code = "isolation-second-person"
    status = 403
    zh = "解除由另一人签发：提出的人不能自己签发。"
    en = "Another person signs the release: whoever proposed it cannot."


class Over(ShanzhiError):
    """The isolation has ended."""

    code = "isolation-over"
    status = 409
    zh = "居家隔离已经结束。需要就医请拨打 120，或点“我需要就医”。"
    en = "The isolation has ended. For medical help call 120 or press “I need a doctor”."


class SameIdOtherContent(ShanzhiError):
    """The same identity came with other content."""

    code = "isolation-same-id-other-content"
    status = 409
    zh = "这个编号已用于另一份内容，请重新提交。"
    en = "This id was used for another content: send it again."


class OneHop(ShanzhiError):
    """Contacts of contacts of contacts are not kept."""

    code = "contact-one-hop"
    status = 422
    zh = "只登记密接和次密接：次密接的接触者不登记、不查找。"
    en = "Only contacts and their contacts are kept: nobody is traced beyond."


class TaskClosed(ShanzhiError):
    """The task of tracing has ended."""

    code = "contact-task-closed"
    status = 409
    zh = "这个流调任务已经结束，不能再登记或查看。"
    en = "This task has ended: nothing can be added or looked at any more."


class StoreClosed(ShanzhiError):
    """Contacts are collected during a live response only."""

    code = "contact-no-activation"
    status = 422
    zh = "这里没有启动中的响应，不能登记密接。"
    en = "No response is live here: contacts may not be collected."
