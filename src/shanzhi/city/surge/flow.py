"""The state table of a person who was offered."""

from shanzhi.base.access.capabilities import SURGE_MANAGE, SURGE_OFFER
from shanzhi.core.flow import Edge, Flow, State

OFFERED, ASSIGNED, REPORTED_IN, RELIEVED, RETURNED = (
    "offered",
    "assigned",
    "reported_in",
    "relieved",
    "returned",
)
OPEN = (ASSIGNED, REPORTED_IN)  # somebody is at a posting
FREE = (OFFERED, RELIEVED)  # somebody can be assigned

_STATES = (
    State(OFFERED, "待分派", "Offered", "待分派", "Offered"),
    State(ASSIGNED, "待报到", "Assigned", "待报到", "Assigned"),
    State(REPORTED_IN, "在岗", "Reported in", "在岗", "Reported in"),
    State(RELIEVED, "已轮换", "Relieved", "已轮换", "Relieved"),
    State(RETURNED, "已返回", "Returned", "已返回", "Returned", final=True),
)


def _edge(verb: str, source: str, target: str, zh: str, en: str, capability: str, *requires: str) -> Edge:
    return Edge(verb, source, target, capability, zh, en, requires)


_EDGES = (
    _edge("assign", OFFERED, ASSIGNED, "分派", "Assign", SURGE_MANAGE),
    _edge("assign", RELIEVED, ASSIGNED, "再次分派", "Assign again", SURGE_MANAGE),
    _edge("report_in", ASSIGNED, REPORTED_IN, "报到", "Report in", SURGE_MANAGE),
    _edge("relieve", ASSIGNED, RELIEVED, "轮换", "Relieve", SURGE_MANAGE, "reason"),
    _edge("relieve", REPORTED_IN, RELIEVED, "轮换", "Relieve", SURGE_MANAGE, "reason"),
    _edge("return", ASSIGNED, RETURNED, "返回原单位", "Return", SURGE_MANAGE, "reason"),
    _edge("return", REPORTED_IN, RETURNED, "返回原单位", "Return", SURGE_MANAGE, "reason"),
    _edge("return", RELIEVED, RETURNED, "返回原单位", "Return", SURGE_MANAGE, "reason"),
    _edge("withdraw", OFFERED, RETURNED, "撤回派出", "Withdraw", SURGE_OFFER, "reason"),
    _edge("withdraw", RELIEVED, RETURNED, "撤回派出", "Withdraw", SURGE_OFFER, "reason"),
)
SURGE = Flow("surge", _STATES, _EDGES, OFFERED)
