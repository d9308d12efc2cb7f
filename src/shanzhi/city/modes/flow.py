"""The state table of a response."""

from shanzhi.base.access.capabilities import RESPONSE_APPROVE, RESPONSE_PROPOSE, RESPONSE_RENEW
from shanzhi.core.flow import Edge, Flow, State

PROPOSED, LIVE, REFUSED, WITHDRAWN, STANDING_DOWN, ENDED = (
    "proposed",
    "live",
    "refused",
    "withdrawn",
    "standing_down",
    "ended",
)

_STATES = (
    State(PROPOSED, "待批准", "To be approved", "待批准", "To be approved"),
    State(LIVE, "响应中", "Live", "响应中", "Live"),
    State(REFUSED, "未批准", "Refused", "未批准", "Refused", final=True),
    State(WITHDRAWN, "已撤回", "Withdrawn", "已撤回", "Withdrawn", final=True),
    State(STANDING_DOWN, "收尾中", "Standing down", "收尾中", "Standing down"),
    State(ENDED, "已终止", "Ended", "已终止", "Ended", final=True),
)


def _edge(verb: str, source: str, target: str, zh: str, en: str, capability: str, *requires: str) -> Edge:
    return Edge(verb, source, target, capability, zh, en, requires)


_EDGES = (
    _edge("approve", PROPOSED, LIVE, "批准启动", "Approve", RESPONSE_APPROVE),
    _edge("refuse", PROPOSED, REFUSED, "不予批准", "Refuse", RESPONSE_APPROVE, "reason"),
    _edge("withdraw", PROPOSED, WITHDRAWN, "撤回提请", "Withdraw", RESPONSE_PROPOSE, "reason"),
    _edge("raise", LIVE, LIVE, "提高级别", "Raise", RESPONSE_APPROVE, "reason", "level"),
    _edge("lower", LIVE, LIVE, "降低级别", "Lower", RESPONSE_APPROVE, "reason", "level"),
    _edge("extend", LIVE, LIVE, "延长", "Extend", RESPONSE_APPROVE, "reason", "last_on"),
    _edge("renew", LIVE, LIVE, "批准延长限制措施", "Renew", RESPONSE_RENEW, "reason", "last_on", "document"),
    _edge("end", LIVE, STANDING_DOWN, "终止响应", "End", RESPONSE_APPROVE, "reason"),
    _edge("finish", STANDING_DOWN, ENDED, "完成收尾", "Finish standing down", RESPONSE_APPROVE),
)
RESPONSE = Flow("response", _STATES, _EDGES, PROPOSED)
