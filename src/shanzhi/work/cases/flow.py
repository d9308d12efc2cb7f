"""The closed loop (闭环) as one table: states, edges, who may, what it needs, what the clock does, what is told.

`clock` of an edge is read by `clock_steps`: "stop accept", "start handle", "pause handle", "resume handle",
"recompute handle", "stop all", joined by commas; `request` by `request_step`; `guards` are those of `guards.py`;
`told_*` is what the resident reads, with {unit} and {note}. The straight road comes first, so that the first
allowed action is the usual one; the side roads of `roads.py` follow it.
"""

from shanzhi.base.access import capabilities as may
from shanzhi.core.flow import Edge, Flow, State
from shanzhi.work.cases.roads import SIDE_ROADS

REPORTED = State("reported", "待受理", "to accept", "已收到", "received")
VERIFYING = State("verifying", "待核实", "to verify", "已收到", "received")
ACCEPTED = State("accepted", "待立案", "to file", "已收到", "received")
FILED = State("filed", "待派遣", "to dispatch", "已立案", "case opened")
DISPATCHED = State("dispatched", "待签收", "to sign for", "已立案", "case opened")
SIGNED = State("signed", "处置中", "being handled", "处理中", "being dealt with")
HANDLED = State("handled", "待反馈", "to feed back", "处理中", "being dealt with")
RETURNING = State("returning", "回退待批", "return to approve", "已立案", "case opened")
SUSPENDED = State("suspended", "缓办中", "suspended", "处理中", "being dealt with")
INSPECTING = State("inspecting", "待核查", "to inspect", "核查中", "being checked")
INSPECTED = State("inspected", "待结案", "to close", "核查中", "being checked")
SELF_HANDLED = State("self_handled", "自处置待审", "handled on the spot", "核查中", "being checked")
SAMPLED = State("sampled", "自处置待抽查", "sample to inspect", "核查中", "being checked")
MERGED = State("merged", "已并案", "merged", "已收到", "received")
CLOSED = State("closed", "已结案", "closed", "已办结", "resolved", final=True)
RATED = State("rated", "已评价", "rated", "已办结", "resolved", final=True)
REJECTED = State("rejected", "不予受理", "not accepted", "未受理", "not taken up", final=True)
UNTRUE = State("untrue", "核实不属实", "verified: not so", "未立案", "no case opened", final=True)
DECLINED = State("declined", "不予立案", "not filed", "未立案", "no case opened", final=True)
VOIDED = State("void", "已作废", "void", "已作废", "set aside", final=True)

STRAIGHT_ROAD = (
    Edge("accept", "reported", "accepted", may.CASE_ACCEPT, "受理", "Accept", clock="stop accept"),
    Edge(
        "file", "accepted", "filed", may.CASE_FILE, "立案", "File", ("condition_id",), "start dispatch",
        told_zh="已立案，正在安排责任单位。", told_en="A case is open; the responsible unit is being chosen.",
    ),
    Edge(
        "dispatch", "filed", "dispatched", may.CASE_DISPATCH, "派遣", "Dispatch", ("unit_id",),
        "stop dispatch, start handle", told_zh="已交给{unit}处理。", told_en="It was given to {unit}.",
    ),
    Edge(
        "sign", "dispatched", "signed", may.CASE_SIGN, "签收", "Sign for",
        told_zh="{unit}已开始处理。", told_en="{unit} has begun.",
    ),
    Edge(
        "handle", "signed", "handled", may.CASE_HANDLE, "处置完成", "Handled", ("note", "photos"),
        guards=("supports_done",),
    ),
    Edge(
        "feed_back", "handled", "inspecting", may.CASE_HANDLE, "反馈", "Feed back", ("note",),
        "stop handle, start inspect", told_zh="处理结果：{note}", told_en="Result: {note}",
    ),
    Edge(
        "inspect", "inspecting", "inspected", may.CASE_INSPECT, "核查通过", "Inspection passed", (),
        "stop inspect", "handle", takes=("photos",),
        told_zh="另一位工作人员已到现场核查，问题已解决。", told_en="Somebody else has checked it on the spot.",
    ),
    Edge(
        "close", "inspected", "closed", may.CASE_CLOSE, "结案", "Close",
        told_zh="已办结，请您评价。", told_en="It is closed: please rate it.",
    ),
    Edge(
        "rate", "closed", "rated", may.CASE_RATE, "评价", "Rate",
        told_zh="感谢您的评价。", told_en="Thank you for your rating.",
    ),
)  # fmt: skip

REFUSALS = (
    Edge(
        "reject", "reported", "rejected", may.CASE_ACCEPT, "不予受理", "Do not accept", ("note",), "stop accept",
        told_zh="未受理：{note}", told_en="Not taken up: {note}",
    ),
    Edge(
        "decline", "accepted", "declined", may.CASE_FILE, "不予立案", "Do not file", ("note",),
        told_zh="未立案：{note}", told_en="No case was opened: {note}",
    ),
    Edge(
        "rework", "inspecting", "signed", may.CASE_INSPECT, "核查不通过", "Inspection failed", ("note",),
        "stop inspect, start handle", "handle", takes=("photos",),
        told_zh="现场核查发现还没处理好，已要求重新处理。",
        told_en="The check found it not done yet: it is being done again.",
    ),
    Edge(
        "reopen", "rated", "filed", may.CASE_REOPEN, "重新办理", "Reopen", ("note",), "start dispatch",
        guards=("unsolved", "not_closer", "was_filed"), told_zh="您反映问题还没解决，已重新安排处理。",
        told_en="You said it is not solved: it is being dealt with again.",
    ),
    Edge(
        "reopen_unfiled", "rated", "accepted", may.CASE_REOPEN, "重新办理（待立案）", "Reopen, to file", ("note",),
        guards=("unsolved", "not_closer", "never_filed"), told_zh="您反映问题还没解决，已重新安排处理。",
        told_en="You said it is not solved: it is being dealt with again.",
    ),
)  # fmt: skip

CLOSED_LOOP = Flow(
    name="closed-loop",
    initial=REPORTED.code,
    states=(
        REPORTED, VERIFYING, ACCEPTED, FILED, DISPATCHED, SIGNED, HANDLED, RETURNING, SUSPENDED, INSPECTING,
        INSPECTED, SELF_HANDLED, SAMPLED, MERGED, CLOSED, RATED, REJECTED, UNTRUE, DECLINED, VOIDED,
    ),
    edges=(*STRAIGHT_ROAD, *REFUSALS, *SIDE_ROADS),
)  # fmt: skip

OPEN_STATES = tuple(state.code for state in CLOSED_LOOP.states if not state.final)

# The five plain words a resident sees, in order.
PUBLIC_STEPS = ("已收到", "已立案", "处理中", "核查中", "已办结")
TOLD_OF_REPORT = ("我们已收到您的反映。", "We have received your report.")
PHOTO_VERBS = frozenset(edge.verb for edge in CLOSED_LOOP.edges if "photos" in (*edge.requires, *edge.takes))

CLOCKS: dict[str, tuple[str, str]] = {
    "accept": ("受理时限", "time to accept"),
    "verify": ("核实时限", "time to verify"),
    "dispatch": ("派遣时限", "time to dispatch"),
    "handle": ("处置时限", "time to handle"),
    "inspect": ("核查时限", "time to inspect"),
    "suspend": ("缓办期限", "time of suspension"),
    "urge": ("催办答复时限", "time to answer the urging"),
    "supervise": ("督办答复时限", "time to answer the supervision"),
}
# Clocks that run beside the one of the step: they do not say when the case itself is due.
SIDE_CLOCKS = frozenset({"urge", "supervise"})


def clock_steps(edge: Edge) -> list[tuple[str, str]]:
    """What an edge does to clocks: (start, stop, pause, resume or recompute; clock or "all") in order."""
    return [_pair(part) for part in filter(None, edge.clock.split(", "))]


def request_step(edge: Edge) -> tuple[str, str]:
    """What an edge does to a request: (ask, endorse, decline, approve, refuse, answer or withdraw; kind)."""
    return _pair(edge.request) if edge.request else ("", "")


def _pair(text: str) -> tuple[str, str]:
    verb, name = text.split(" ")
    return verb, name


def public_step(state: str) -> int:
    """Where a state stands among the five plain words, from 1; 0 for what was not taken up."""
    word = CLOSED_LOOP.state(state).public_zh
    return PUBLIC_STEPS.index(word) + 1 if word in PUBLIC_STEPS else 0
