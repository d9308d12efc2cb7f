"""Errors of people."""

from shanzhi.core.kit.errors import ShanzhiError


class SignInFailed(ShanzhiError):
    """Wrong name or wrong password: which of the two is not said."""

    code = "sign-in-failed"
    status = 401
    zh = "用户名或密码不正确。"
    en = "The user name or the password is wrong."


class AccountLocked(ShanzhiError):
    """Too many wrong passwords for this name, whether or not anybody has it."""

    code = "account-locked"
    status = 423
    zh = "密码输错次数过多，已锁定，请 {minutes} 分钟后再试。"
    en = "Too many wrong passwords: locked, try again in {minutes} minutes."


class WeakPassword(ShanzhiError):
    """A password that does not meet the rules."""

    code = "weak-password"
    status = 422
    zh = "密码至少 8 位，须含大写字母、小写字母、数字、符号中的三类，且不得包含用户名。"
    en = (
        "A password needs 8 characters, three of upper case, lower case, digits and signs, "
        "and must not hold the user name."
    )


class UsernameTaken(ShanzhiError):
    """Two accounts cannot have one name."""

    code = "username-taken"
    status = 409
    zh = "用户名“{username}”已被使用。"
    en = "The user name {username} is taken."


class DutiesConflict(ShanzhiError):
    """System, security and audit administration are never in one hand (三员分立)."""

    code = "duties-conflict"
    status = 409
    zh = "系统、安全、审计管理员须由不同的人担任：该账号已是{held_zh}。"
    en = (
        "System, security and audit administrator must be different people: "
        "this account is {held_en} already."
    )


class OwnPost(ShanzhiError):
    """Nobody appoints themselves."""

    code = "own-post"
    status = 403
    zh = "不得给自己任命或免除岗位。"
    en = "You cannot appoint yourself, or end a post of your own."


class PostNeedsUnit(ShanzhiError):
    """A post that stands for a unit, without one."""

    code = "post-needs-unit"
    status = 422
    zh = "“{zh_name}”须选择所属单位。"
    en = "A post of {en_name} needs a unit."


class PostTakesNoUnit(ShanzhiError):
    """A post that stands for a place: a unit would narrow what it sees to that unit's work."""

    code = "post-takes-no-unit"
    status = 422
    zh = "“{zh_name}”不挂靠单位。"
    en = "A post of {en_name} takes no unit."


class PostEnded(ShanzhiError):
    """The post has ended already, or would end before it begins."""

    code = "post-ended"
    status = 409
    zh = "该岗位已结束，或结束日期早于开始日期。"
    en = "The post has ended already, or would end before it begins."
