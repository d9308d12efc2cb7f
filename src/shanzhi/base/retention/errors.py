"""Errors of retention."""

from shanzhi.core.kit.errors import ShanzhiError


class SecondSigner(ShanzhiError):
    """The same person cannot sign twice."""

    code = "destruction-second-signer"
    status = 403
    zh = "第二个签署人必须是另一个人。"
    en = "The second signature must be another person's."


class SignerRole(ShanzhiError):
    """Two people of one side have signed."""

    code = "destruction-signer-role"
    status = 403
    zh = "销毁须由审计管理员和指挥各签署一次；还缺“{missing_zh}”的签署。"
    en = "An audit administrator and a commander sign, one each: {missing_en} is still missing."


class AlreadyPlanned(ShanzhiError):
    """There is one run for a response."""

    code = "destruction-already-planned"
    status = 409
    zh = "该响应已有销毁任务 {number}。"
    en = "There is a destruction of this response already: {number}."


class CountsChanged(ShanzhiError):
    """What was counted is not what is there now."""

    code = "destruction-counts-changed"
    status = 409
    zh = "清点之后数据有变化（{name_zh}：清点 {counted}，现有 {now}），请重新清点后再签署。"
    en = "The data changed since the count ({name_en}: counted {counted}, now {now}): count again, then sign."


class HoldOver(ShanzhiError):
    """The hold was lifted already, or has run out."""

    code = "hold-over"
    status = 409
    zh = "该封存已经解除。"
    en = "This hold has been lifted already."


class HoldSecondPerson(ShanzhiError):
    """Whoever placed a hold cannot lift it."""

    code = "hold-second-person"
    status = 403
    zh = "封存须由另一个人解除。"
    en = "Another person must lift a hold."


class NothingHeld(ShanzhiError):
    """Nothing was registered that a response holds."""

    code = "destruction-nothing-held"
    status = 422
    zh = "没有登记任何随响应销毁的信息项。"
    en = "No holding is registered that ends with a response."
