"""Errors of responses."""

from shanzhi.core.kit.errors import ShanzhiError


class SecondDecider(ShanzhiError):
    """Whoever proposed a response does not decide on it."""

    code = "response-second-person"
    status = 403
    zh = "提请人不能自己作出这项决定，须由另一人批准。"
    en = "Another person has to decide this: whoever proposed the response cannot."


class SecondAuthority(ShanzhiError):
    """Confinement goes on only when somebody else, of another authority, decides so."""

    code = "response-second-authority"
    status = 403
    zh = "限制措施的延续须由另一机关的另一人重新决定，提请人和原批准人都不能。"
    en = "Going on with confinement is for another authority: not for who proposed or approved it."


class ConfinedBefore(ShanzhiError):
    """A new response must not be a way around the second authority."""

    code = "response-confined-before"
    status = 403
    zh = "“{name}”在近 {days} 天内已由响应 {number} 限制出行，再次限制须由有权延长限制措施的另一机关批准。"
    en = (
        "{name} was confined under {number} within the last {days} days: confining it again takes another "
        "authority that may renew."
    )


class AreaTooLarge(ShanzhiError):
    """The area is larger than the level is meant for."""

    code = "response-area-too-large"
    status = 422
    zh = "“{name}”是{level_zh}，本级响应以{largest_zh}为限。请缩小范围，或写明为何必须这样大。"
    en = "{name} is a {level_en}; this level is for a {largest_en} at most. Choose less, or say why."


class AreaNeverSoLarge(ShanzhiError):
    """Confinement of more than a street office: no reason will do."""

    code = "response-area-never"
    status = 422
    zh = "“{name}”是{level_zh}：限制人员出行的措施不得超出街道范围。"
    en = "{name} is a {level_en}: people are never confined in more than a street office."


class LastDayTooLate(ShanzhiError):
    """The hard last day lies too far ahead."""

    code = "response-last-day"
    status = 422
    zh = "最后一天最晚为 {limit}（自决定之日起 {days} 天，含当日）。"
    en = "The last day is {limit} at the latest ({days} days from the decision, that day included)."


class LastDayNotLater(ShanzhiError):
    """An extension that extends nothing, or a last day that has passed."""

    code = "response-last-day-early"
    status = 422
    zh = "最后一天应不早于 {least}。"
    en = "The last day must not be before {least}."


class LevelNotSo(ShanzhiError):
    """Raising to what is no graver level, or lowering to what is graver."""

    code = "response-level"
    status = 422
    zh = "预案没有这一级，或它不比现在的级别更{way_zh}。"
    en = "The plan has no such level, or it is not {way_en} than the present one."


class NoticeMissing(ShanzhiError):
    """Nothing goes live without a public notice."""

    code = "response-notice-missing"
    status = 422
    zh = "该级响应没有公告：须在预案中写明公告及申诉途径后才能启动。"
    en = "This level has no public notice: the plan must hold one, with the way to object, before it can go live."


class PartsWrong(ShanzhiError):
    """The preview holds a line that stops the activation."""

    code = "response-parts-wrong"
    status = 422
    zh = "不能启动：{lines_zh}"
    en = "It cannot go live: {lines_en}"


class AlreadyLive(ShanzhiError):
    """The same plan is live at the same place."""

    code = "response-already-live"
    status = 409
    zh = "“{name}”已在响应 {number} 中，请在该响应上调整级别。"
    en = "{name} is in response {number} already: change the level of that one."


class DocumentUsed(ShanzhiError):
    """Renewal is a new decision with a document of its own."""

    code = "response-document-used"
    status = 422
    zh = "延续限制措施须有新的决定文号，“{document}”已经用过。"
    en = "A renewal needs a new document: {document} was used before."


class ResponseOver(ShanzhiError):
    """The last day has passed: nothing but ending is left."""

    code = "response-over"
    status = 409
    zh = "最后一天 {last_on} 已过，响应到期自动终止，不能再调整。如仍需要，请重新提请。"
    en = "The last day, {last_on}, has passed: the response ends by itself. Propose it anew if it is still needed."
