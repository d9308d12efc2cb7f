"""State tables of a version of a plan and of an objection."""

from shanzhi.base.access.capabilities import PLAN_EDIT, PLAN_REVIEW, RESPONSE_APPROVE
from shanzhi.core.flow import Edge, Flow, State

DRAFT, IN_REVIEW, IN_FORCE, SUPERSEDED, DROPPED = "draft", "in_review", "in_force", "superseded", "dropped"

_VERSION_STATES = (
    State(DRAFT, "草稿", "Draft", "草稿", "Draft"),
    State(IN_REVIEW, "待审定", "In review", "待审定", "In review"),
    State(IN_FORCE, "现行", "In force", "现行", "In force", final=True),
    State(SUPERSEDED, "已废止", "Superseded", "已废止", "Superseded", final=True),
    State(DROPPED, "已放弃", "Dropped", "已放弃", "Dropped", final=True),
)


def _edge(verb: str, source: str, target: str, zh: str, en: str, capability: str, *requires: str) -> Edge:
    return Edge(verb, source, target, capability, zh, en, requires)


_VERSION_EDGES = (
    _edge("submit", DRAFT, IN_REVIEW, "提交审定", "Submit", PLAN_EDIT),
    _edge("drop", DRAFT, DROPPED, "放弃草稿", "Drop", PLAN_EDIT),
    _edge("take_back", IN_REVIEW, DRAFT, "撤回修改", "Take back", PLAN_EDIT),
    _edge("send_back", IN_REVIEW, DRAFT, "退回修改", "Send back", PLAN_REVIEW, "reason"),
    _edge("approve", IN_REVIEW, IN_FORCE, "审定施行", "Put in force", PLAN_REVIEW),
    _edge("supersede", IN_FORCE, SUPERSEDED, "被新版替代", "Superseded", PLAN_REVIEW),
    _edge("repeal", IN_FORCE, SUPERSEDED, "废止", "Repeal", PLAN_REVIEW, "reason"),
)
VERSION = Flow("plan_version", _VERSION_STATES, _VERSION_EDGES, DRAFT)

RECEIVED, ANSWERED = "received", "answered"
_OBJECTION_STATES = (
    State(RECEIVED, "待答复", "To be answered", "已收到，正在处理", "Received, being looked at"),
    State(ANSWERED, "已答复", "Answered", "已答复", "Answered", final=True),
)
_OBJECTION_EDGES = (
    Edge(
        "answer", RECEIVED, ANSWERED, RESPONSE_APPROVE, "答复", "Answer", ("outcome", "answer"),
    ),
)  # fmt: skip
OBJECTION = Flow("objection", _OBJECTION_STATES, _OBJECTION_EDGES, RECEIVED)
OUTCOMES: dict[str, tuple[str, str]] = {
    "upheld": ("予以支持", "Upheld"),
    "partly": ("部分支持", "Upheld in part"),
    "rejected": ("不予支持", "Not upheld"),
}
