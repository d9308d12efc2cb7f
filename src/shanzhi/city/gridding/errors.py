"""Errors of division."""

from shanzhi.core.kit.errors import ShanzhiError


class NotContiguous(ShanzhiError):
    """What would be left, or made, is in pieces."""

    code = "not-contiguous"
    status = 422
    zh = "调整后“{name}”不连片，请选择相邻的楼层或楼栋。"
    en = "{name} would no longer be in one piece: choose floors or buildings side by side."


class OutOfBand(ShanzhiError):
    """Too few or too many households; a human may accept it with a reason."""

    code = "out-of-band"
    status = 422
    zh = "“{name}”将有 {households} 户，超出 {low}–{high} 户；确需如此，请填写理由。"
    en = "{name} would have {households} households, outside {low}-{high}; give a reason if it has to be."


class NothingToDivide(ShanzhiError):
    """No floors and no counts of households there."""

    code = "nothing-to-divide"
    status = 422
    zh = "所选范围内没有小区楼栋数据，请先导入小区。"
    en = "No compound is known there: import compounds first."


class FloorsChanged(ShanzhiError):
    """The proposal was worked out on other floors."""

    code = "floors-changed"
    status = 409
    zh = "“{name}”的楼栋数据在生成方案后有变化，请重新生成方案。"
    en = "The buildings of {name} changed after the proposal was made: make a new one."


class NotInThatState(ShanzhiError):
    """The proposal is not in a state that allows it."""

    code = "proposal-state"
    status = 409
    zh = "方案当前为“{state_zh}”，不能进行此项操作。"
    en = "The proposal is {state_en}: this cannot be done now."


STATES = {
    "waiting": ("等待计算", "waiting"),
    "working": ("计算中", "being worked out"),
    "ready": ("待审定", "ready"),
    "publishing": ("发布中", "being published"),
    "published": ("已发布", "published"),
    "discarded": ("已作废", "discarded"),
    "failed": ("计算失败", "failed"),
}
