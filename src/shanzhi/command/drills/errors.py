"""Errors of drills."""

from shanzhi.core.kit.errors import ShanzhiError


class NotADrill(ShanzhiError):
    """Nobody simulated answers in earnest."""

    code = "drill-not-a-drill"
    status = 422
    zh = "这不是演练：实际响应只能由真实人员应答，不能使用模拟人员。"
    en = "This is no drill: in a real response only real people answer, never simulated ones."


class DrillOver(ShanzhiError):
    """Nobody answers any more."""

    code = "drill-over"
    status = 409
    zh = "演练已结束，不能再更改由谁应答。"
    en = "The drill is over: who answers cannot be changed any more."
