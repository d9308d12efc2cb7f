"""The state tables of a partnership, of an agreement and of a task."""

from shanzhi.base.access.capabilities import PARTNER_MANAGE
from shanzhi.core.flow import Edge, Flow, State

ACTIVE, ENDED = "active", "ended"
IN_FORCE, OVER = "in_force", "over"
OPEN, DONE, DROPPED = "open", "done", "dropped"


def _state(code: str, zh: str, en: str, *, final: bool = False) -> State:
    return State(code, zh, en, zh, en, final=final)


def _edge(verb: str, source: str, target: str, zh: str, en: str, *requires: str) -> Edge:
    return Edge(verb, source, target, PARTNER_MANAGE, zh, en, requires)


PARTNERSHIP = Flow(
    "partnership",
    (_state(ACTIVE, "共建中", "Active"), _state(ENDED, "已结束", "Ended", final=True)),
    (
        _edge("end", ACTIVE, ENDED, "结束共建", "End", "reason"),
        _edge("resume", ENDED, ACTIVE, "恢复共建", "Resume", "reason"),
    ),
    ACTIVE,
)
AGREEMENT = Flow(
    "partner_agreement",
    (_state(IN_FORCE, "有效", "In force"), _state(OVER, "已终止", "Ended", final=True)),
    (_edge("end", IN_FORCE, OVER, "终止协议", "End", "reason"),),
    IN_FORCE,
)
TASK = Flow(
    "partner_task",
    (
        _state(OPEN, "进行中", "Open"),
        _state(DONE, "已完成", "Done", final=True),
        _state(DROPPED, "已取消", "Dropped", final=True),
    ),
    (
        _edge("finish", OPEN, DONE, "完成", "Finish", "result"),
        _edge("drop", OPEN, DROPPED, "取消", "Drop", "reason"),
        _edge("reopen", DONE, OPEN, "重新打开", "Open again", "reason"),
        _edge("reopen", DROPPED, OPEN, "重新打开", "Open again", "reason"),
    ),
    OPEN,
)
