"""The closed loop (闭环) as one table: states, edges, who may, what it needs, what the clock does.

`clock` of an edge is read by `clock_steps`: "stop accept", "start handle", "pause handle", joined by commas. The
straight road comes first, so that the first allowed action is the usual one; side roads follow it.
"""

from shanzhi.base.access import capabilities as may
from shanzhi.core.flow import Edge, Flow, State

REPORTED = State("reported", "待受理", "to accept", "已收到", "received")
ACCEPTED = State("accepted", "待立案", "to file", "已收到", "received")
FILED = State("filed", "待派遣", "to dispatch", "已立案", "case opened")
DISPATCHED = State("dispatched", "待签收", "to sign for", "已立案", "case opened")
SIGNED = State("signed", "处置中", "being handled", "处理中", "being dealt with")
HANDLED = State("handled", "待反馈", "to feed back", "处理中", "being dealt with")
INSPECTING = State("inspecting", "待核查", "to inspect", "核查中", "being checked")
INSPECTED = State("inspected", "待结案", "to close", "核查中", "being checked")
CLOSED = State("closed", "已结案", "closed", "已办结", "resolved", final=True)
RATED = State("rated", "已评价", "rated", "已办结", "resolved", final=True)
REJECTED = State("rejected", "不予受理", "not accepted", "未受理", "not taken up", final=True)
DECLINED = State("declined", "不予立案", "not filed", "未立案", "no case opened", final=True)
RETURNING = State("returning", "回退待批", "return to approve", "已立案", "case opened")

CLOSED_LOOP = Flow(
    name="closed-loop",
    initial=REPORTED.code,
    states=(
        REPORTED, ACCEPTED, FILED, DISPATCHED, SIGNED, HANDLED, INSPECTING, INSPECTED, CLOSED, RATED,
        REJECTED, DECLINED, RETURNING,
    ),
    edges=(
        Edge("accept", "reported", "accepted", may.CASE_ACCEPT, "受理", "Accept", clock="stop accept"),
        Edge("file", "accepted", "filed", may.CASE_FILE, "立案", "File", ("condition_id",), "start dispatch"),
        Edge(
            "dispatch", "filed", "dispatched", may.CASE_DISPATCH, "派遣", "Dispatch", ("unit_id",),
            "stop dispatch, start handle",
        ),
        Edge("sign", "dispatched", "signed", may.CASE_SIGN, "签收", "Sign for"),
        Edge("handle", "signed", "handled", may.CASE_HANDLE, "处置完成", "Handled", ("note", "photos")),
        Edge(
            "feed_back", "handled", "inspecting", may.CASE_HANDLE, "反馈", "Feed back", ("note",),
            "stop handle, start inspect",
        ),
        Edge(
            "inspect", "inspecting", "inspected", may.CASE_INSPECT, "核查通过", "Inspection passed", ("photos",),
            "stop inspect", separate_from="handle",
        ),
        Edge("close", "inspected", "closed", may.CASE_CLOSE, "结案", "Close"),
        Edge("rate", "closed", "rated", may.CASE_RATE, "评价", "Rate"),
        Edge(
            "reject", "reported", "rejected", may.CASE_ACCEPT, "不予受理", "Do not accept", ("note",), "stop accept",
        ),
        Edge("decline", "accepted", "declined", may.CASE_FILE, "不予立案", "Do not file", ("note",)),
        Edge(
            "ask_return", "dispatched", "returning", may.CASE_SIGN, "申请回退", "Ask to hand back", ("note",),
            "pause handle",
        ),
        Edge(
            "ask_return", "signed", "returning", may.CASE_HANDLE, "申请回退", "Ask to hand back", ("note",),
            "pause handle",
        ),
        Edge(
            "approve_return", "returning", "filed", may.CASE_DISPATCH, "同意回退", "Approve the return", (),
            "start dispatch",
        ),
        Edge(
            "refuse_return", "returning", "dispatched", may.CASE_DISPATCH, "不同意回退", "Refuse the return",
            ("note",), "resume handle",
        ),
        Edge(
            "rework", "inspecting", "signed", may.CASE_INSPECT, "核查不通过", "Inspection failed", ("note",),
            "stop inspect, start handle", separate_from="handle",
        ),
        Edge(
            "reopen", "rated", "filed", may.CASE_REOPEN, "重新办理", "Reopen", ("note",), "start dispatch",
            separate_from="close",
        ),
    ),
)  # fmt: skip

OPEN_STATES = tuple(state.code for state in CLOSED_LOOP.states if not state.final)

# The five plain words a resident sees, in order.
PUBLIC_STEPS = ("已收到", "已立案", "处理中", "核查中", "已办结")

CLOCKS: dict[str, tuple[str, str]] = {
    "accept": ("受理时限", "time to accept"),
    "dispatch": ("派遣时限", "time to dispatch"),
    "handle": ("处置时限", "time to handle"),
    "inspect": ("核查时限", "time to inspect"),
}


def clock_steps(edge: Edge) -> list[tuple[str, str]]:
    """What an edge does to clocks: (start, stop, pause or resume; clock) pairs in order."""
    steps = []
    for part in filter(None, edge.clock.split(", ")):
        verb, name = part.split(" ")
        steps.append((verb, name))
    return steps


def public_step(state: str) -> int:
    """Where a state stands among the five plain words, from 1; 0 for what was not taken up."""
    word = CLOSED_LOOP.state(state).public_zh
    return PUBLIC_STEPS.index(word) + 1 if word in PUBLIC_STEPS else 0
