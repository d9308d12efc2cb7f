"""The state table of an order, and the states of one person who gets it."""

from django.db import models

from shanzhi.base.access.capabilities import ORDER_CONFIRM, ORDER_DRAFT
from shanzhi.core.flow import Edge, Flow, State

DRAFT, PROPOSED, ISSUED, RECALLED, SUPERSEDED, ENDED, DROPPED = (
    "draft",
    "proposed",
    "issued",
    "recalled",
    "superseded",
    "ended",
    "dropped",
)

_STATES = (
    State(DRAFT, "草稿", "Draft", "草稿", "Draft"),
    State(PROPOSED, "待复核", "To be confirmed", "待复核", "To be confirmed"),
    State(ISSUED, "已下达", "Issued", "已下达", "Issued"),
    State(RECALLED, "已撤回", "Recalled", "已撤回", "Recalled", final=True),
    State(SUPERSEDED, "已被更正", "Superseded", "已被更正", "Superseded", final=True),
    State(ENDED, "已结束", "Ended", "已结束", "Ended", final=True),
    State(DROPPED, "已放弃", "Dropped", "已放弃", "Dropped", final=True),
)


def _edge(verb: str, source: str, target: str, zh: str, en: str, capability: str, *requires: str) -> Edge:
    return Edge(verb, source, target, capability, zh, en, requires)


_EDGES = (
    _edge("propose", DRAFT, PROPOSED, "提交复核", "Submit", ORDER_DRAFT),
    _edge("drop", DRAFT, DROPPED, "放弃", "Drop", ORDER_DRAFT),
    _edge("send_back", PROPOSED, DRAFT, "退回修改", "Send back", ORDER_CONFIRM, "reason"),
    _edge("confirm", PROPOSED, ISSUED, "复核下达", "Confirm and issue", ORDER_CONFIRM),
    _edge("recall", ISSUED, RECALLED, "撤回", "Recall", ORDER_CONFIRM, "reason"),
    _edge("supersede", ISSUED, SUPERSEDED, "更正", "Supersede", ORDER_CONFIRM),
    _edge("end", ISSUED, ENDED, "结束", "End", ORDER_CONFIRM, "reason"),
)
ORDER = Flow("order", _STATES, _EDGES, DRAFT)


class Reach(models.TextChoices):
    """How far an order got with one person; each stands for all before it."""

    QUEUED = "queued", "待发送 Queued"
    SENT = "sent", "已发送 Sent"
    DELIVERED = "delivered", "已送达 Delivered"
    READ = "read", "已读 Read"
    ACKNOWLEDGED = "acknowledged", "收到 Acknowledged"
    WORKING = "working", "执行中 Working"
    DONE = "done", "已完成 Done"
    CANNOT = "cannot", "无法执行 Cannot"


class Answer(models.TextChoices):
    """What a receipt says; the first two come from the phone itself, the others from its holder."""

    DELIVERED = "delivered", "已送达 Delivered"
    READ = "read", "已读 Read"
    ACKNOWLEDGED = "acknowledged", "收到 Acknowledged"
    WORKING = "working", "执行中 Working"
    DONE = "done", "已完成 Done"
    CANNOT = "cannot", "无法执行 Cannot"


class Standing(models.TextChoices):
    """Why somebody gets an order."""

    OWN = "own", "本人 Themselves"
    DEPUTY = "deputy", "代理人 Deputy"
    UPPER = "upper", "上级网格 Upper grid"


class RungKind(models.TextChoices):
    """A rung of the ladder (叫应阶梯)."""

    IN_APP = "in_app", "应用内 In the app"
    CHANNEL = "channel", "外部通道 Outside channel"
    DEPUTY = "deputy", "代理人 Deputy"
    UPPER = "upper", "上级网格 Upper grid"


class RungState(models.TextChoices):
    """Whether a rung waits, is on, is done, or was stopped."""

    WAITING = "waiting", "未到时 Waiting"
    RUNNING = "running", "进行中 Running"
    DONE = "done", "已完成 Done"
    STOPPED = "stopped", "已停止 Stopped"


class CallOutcome(models.TextChoices):
    """What came of ringing somebody up."""

    REACHED = "reached", "已叫应 Reached"
    NO_ANSWER = "no_answer", "无人接听 No answer"
    AWAY = "away", "不在岗 Away"


class Mismatch(models.TextChoices):
    """Which two counts of an order differ."""

    AUDIENCE = "audience", "接收人名单 Audience"
    MESSAGES = "messages", "外发消息 Messages"
    RECEIPTS = "receipts", "回执汇总 Receipts"
    PLACES = "places", "各级汇总 Places"
