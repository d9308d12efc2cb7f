"""The state table of a sweep, and what may be at a door."""

from django.db import models

from shanzhi.base.access.capabilities import SWEEP_MANAGE
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
    State(ISSUED, "进行中", "Under way", "进行中", "Under way"),
    State(RECALLED, "已撤回", "Recalled", "已撤回", "Recalled", final=True),
    State(SUPERSEDED, "已被更正", "Superseded", "已被更正", "Superseded", final=True),
    State(ENDED, "已结束", "Ended", "已结束", "Ended", final=True),
    State(DROPPED, "已放弃", "Dropped", "已放弃", "Dropped", final=True),
)


def _edge(verb: str, source: str, target: str, zh: str, en: str, *requires: str, apart: str = "") -> Edge:
    return Edge(verb, source, target, SWEEP_MANAGE, zh, en, requires, separate_from=apart)


_EDGES = (
    _edge("propose", DRAFT, PROPOSED, "提交复核", "Submit"),
    _edge("drop", DRAFT, DROPPED, "放弃", "Drop"),
    _edge("send_back", PROPOSED, DRAFT, "退回修改", "Send back", "reason"),
    _edge("issue", PROPOSED, ISSUED, "复核下达", "Confirm and issue", apart="propose"),
    _edge("recall", ISSUED, RECALLED, "撤回", "Recall", "reason"),
    _edge("supersede", ISSUED, SUPERSEDED, "更正", "Supersede"),
    _edge("end", ISSUED, ENDED, "结束", "End", "reason"),
)
SWEEP = Flow("sweep", _STATES, _EDGES, DRAFT)


class Result(models.IntegerChoices):
    """What came of a door (走访结果), as a byte of the state of its piece; 0: nobody was there yet."""

    OPEN = 0, "未走访 Not visited"
    VISITED = 1, "已访 Visited"
    ABSENT = 2, "家中无人 Nobody home"
    REFUSED = 3, "拒访 Refused"
    VACANT = 4, "空户 Vacant"
    HELP = 5, "需协助 Needs help"
    WRONG = 6, "数据有误 Wrong data"


RESULTS = {one.name.lower(): one for one in Result}
NOT_DUE = 7  # a byte of state of a door whose own course does not bring it into this turn
BYTES: dict[str, int] = {code: one.value for code, one in RESULTS.items()}


class Unit(models.IntegerChoices):
    """What a stretch of doors in a piece is (门户类别)."""

    HOME = 0, "住户 Home"
    SHOP = 1, "商铺 Shop"
    COMPOUND_HOME = 2, "住户（只知总数） Home, of a total"
    COMPOUND_SHOP = 3, "商铺（只知总数） Shop, of a total"
    COMPOUND = 4, "小区 Compound"


class FollowKind(models.TextChoices):
    """What a visit leads to."""

    HELP = "help", "需协助 Needs help"
    WRONG = "wrong", "数据有误 Wrong data"


class FollowState(models.TextChoices):
    """How far it is: help waits for its case; wrong data waits for a manager."""

    WAITING = "waiting", "待处理 Waiting"
    CASE = "case", "已转案件 Made a case"
    ACCEPTED = "accepted", "已采纳 Accepted"
    DISMISSED = "dismissed", "未采纳 Dismissed"
    FAILED = "failed", "未能转案 Failed"
