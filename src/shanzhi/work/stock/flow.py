"""What an entry of the ledger does, and the state table of a request."""

from dataclasses import dataclass

from shanzhi.base.access.capabilities import STOCK_MANAGE
from shanzhi.core.flow import Edge, Flow, State


@dataclass(frozen=True)
class EntryKind:
    """A kind of entry (台账类型): the signs of what it does to what lies in the store, is reserved, is out."""

    code: str
    zh: str
    en: str
    on_hand: int
    reserved: int
    out: int
    reason: bool = False


RECEIVE, ISSUE, RETURN, LOSS, COUNT, RESERVE, RELEASE, CONSUME, MISSING = (
    "receive", "issue", "return", "loss", "count", "reserve", "release", "consume", "missing",
)  # fmt: skip
KINDS = {
    one.code: one
    for one in (
        EntryKind(RECEIVE, "入库", "Received", 1, 0, 0),
        EntryKind(ISSUE, "出库", "Issued", -1, 0, 1),
        EntryKind(RETURN, "归还", "Returned", 1, 0, -1),
        EntryKind(LOSS, "报损", "Lost in store", -1, 0, 0, True),
        EntryKind(COUNT, "盘点", "Counted", 1, 0, 0, True),
        EntryKind(RESERVE, "预留", "Reserved", 0, 1, 0),
        EntryKind(RELEASE, "解除预留", "Released", 0, -1, 0),
        EntryKind(CONSUME, "消耗", "Used up", 0, 0, -1, True),
        EntryKind(MISSING, "丢失损坏", "Lost outside", 0, 0, -1, True),
    )
}
BY_HAND = (RECEIVE, ISSUE, RETURN, LOSS, COUNT, CONSUME, MISSING)

ASKED, APPROVED, ISSUED, RECEIVED, REFUSED, WITHDRAWN = (
    "asked", "approved", "issued", "received", "refused", "withdrawn",
)  # fmt: skip
OPEN = (ASKED, APPROVED, ISSUED)
OWN = ("receive", "withdraw")  # done by whoever asked, or holds a post at the place

_STATES = (
    State(ASKED, "待审批", "To be approved", "待审批", "To be approved"),
    State(APPROVED, "待出库", "To be issued", "待出库", "To be issued"),
    State(ISSUED, "配送中", "On the way", "配送中", "On the way"),
    State(RECEIVED, "已签收", "Received", "已签收", "Received", final=True),
    State(REFUSED, "未批准", "Refused", "未批准", "Refused", final=True),
    State(WITHDRAWN, "已撤回", "Withdrawn", "已撤回", "Withdrawn", final=True),
)


def _edge(verb: str, source: str, target: str, zh: str, en: str, *requires: str) -> Edge:
    return Edge(verb, source, target, STOCK_MANAGE, zh, en, requires)


_EDGES = (
    _edge("approve", ASKED, APPROVED, "批准", "Approve", "store", "quantity"),
    _edge("refuse", ASKED, REFUSED, "不予批准", "Refuse", "reason"),
    _edge("withdraw", ASKED, WITHDRAWN, "撤回", "Withdraw"),
    _edge("issue", APPROVED, ISSUED, "出库", "Issue"),
    _edge("refuse", APPROVED, REFUSED, "取消", "Cancel", "reason"),
    _edge("receive", ISSUED, RECEIVED, "签收", "Receive"),
)
REQUEST = Flow("stock_request", _STATES, _EDGES, ASKED)
