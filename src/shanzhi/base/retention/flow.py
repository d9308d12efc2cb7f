"""The state table of a destruction run."""

from shanzhi.base.access.capabilities import RETENTION_SIGN
from shanzhi.core.flow import Edge, Flow, State

PLANNED, COUNTED, HALF_SIGNED, SIGNED, DONE, DROPPED = (
    "planned",
    "counted",
    "half_signed",
    "signed",
    "done",
    "dropped",
)
OPEN = (PLANNED, COUNTED, HALF_SIGNED, SIGNED)

_STATES = (
    State(PLANNED, "待清点", "To be counted", "待清点", "To be counted"),
    State(COUNTED, "待签署", "To be signed", "待签署", "To be signed"),
    State(
        HALF_SIGNED, "待第二人签署", "To be signed by a second person", "待第二人签署", "To be signed again"
    ),
    State(SIGNED, "销毁中", "Being destroyed", "销毁中", "Being destroyed"),
    State(DONE, "已销毁", "Destroyed", "已销毁", "Destroyed", final=True),
    State(DROPPED, "已撤销", "Dropped", "已撤销", "Dropped", final=True),
)


def _edge(verb: str, source: str, target: str, zh: str, en: str, *requires: str) -> Edge:
    return Edge(verb, source, target, RETENTION_SIGN, zh, en, requires)


# Counting again takes the signatures back: people sign for numbers.
_EDGES = (
    _edge("count", PLANNED, COUNTED, "清点", "Count"),
    _edge("count", COUNTED, COUNTED, "重新清点", "Count again"),
    _edge("sign", COUNTED, HALF_SIGNED, "签署", "Sign"),
    _edge("sign", HALF_SIGNED, SIGNED, "签署并执行", "Sign and destroy"),
    _edge("count", HALF_SIGNED, COUNTED, "重新清点", "Count again"),
    _edge("finish", SIGNED, DONE, "完成", "Finish"),
    _edge("drop", PLANNED, DROPPED, "撤销", "Drop", "reason"),
    _edge("drop", COUNTED, DROPPED, "撤销", "Drop", "reason"),
    _edge("drop", HALF_SIGNED, DROPPED, "撤销", "Drop", "reason"),
)
DESTRUCTION = Flow("destruction", _STATES, _EDGES, PLANNED)
