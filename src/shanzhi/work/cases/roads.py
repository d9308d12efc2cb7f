"""Side roads (旁路) of the closed loop: edges beyond the straight road, in groups.

What asks for another's consent is a request: one verb asks, others endorse, approve, refuse or withdraw. While it
waits the case goes on, unless the table says otherwise. The columns are those of `flow.py`.
"""

from dataclasses import dataclass

from shanzhi.base.access import capabilities as may
from shanzhi.core.flow import Edge


@dataclass(frozen=True)
class Asked:
    """A kind of request (申请): its names, how many consents it needs, whether it is the unit's own."""

    code: str
    zh: str
    en: str
    consents: int = 1
    of_unit: bool = False


RETURN = Asked("return", "回退", "hand-back", of_unit=True)
EXTEND = Asked("extend", "延期", "extension", consents=2, of_unit=True)
SUSPEND = Asked("suspend", "缓办", "suspension", of_unit=True)
VOID = Asked("void", "作废", "voiding")
SPECIAL = Asked("special", "特殊结案", "special close")
APPEAL = Asked("appeal", "超时申诉", "overdue appeal", consents=2)
URGE = Asked("urge", "催办", "urging", of_unit=True)
SUPERVISE = Asked("supervise", "督办", "supervision", of_unit=True)
ASKED = {one.code: one for one in (RETURN, EXTEND, SUSPEND, VOID, SPECIAL, APPEAL, URGE, SUPERVISE)}

AT_UNIT = ("dispatched", "signed")
_NOTE = ("note",)


def _asking(
    asked: Asked, states: tuple[str, ...], capability: str, *, requires: tuple[str, ...] = _NOTE,
    guards: tuple[str, ...] = (),
) -> list[Edge]:  # fmt: skip
    """Ask and withdraw, which leave the state as it is."""
    code = asked.code
    return [
        edge
        for state in states
        for edge in (
            Edge(
                f"ask_{code}", state, state, capability, f"申请{asked.zh}", f"Ask for {asked.en}", requires,
                guards=guards, request=f"ask {code}",
            ),
            Edge(
                f"withdraw_{code}", state, state, capability, f"撤回{asked.zh}申请", f"Withdraw the {asked.en}",
                guards=("asked_it",), request=f"withdraw {code}",
            ),
        )
    ]  # fmt: skip


def _first_consent(asked: Asked, states: tuple[str, ...], capability: str, zh: str) -> list[Edge]:
    """The first of two consents."""
    code = asked.code
    return [
        edge
        for state in states
        for edge in (
            Edge(
                f"endorse_{code}", state, state, capability, f"{zh}同意{asked.zh}", f"Endorse the {asked.en}",
                request=f"endorse {code}", separate_from=f"ask_{code}",
            ),
            Edge(
                f"decline_{code}", state, state, capability, f"{zh}不同意{asked.zh}", f"Decline the {asked.en}",
                _NOTE, request=f"decline {code}",
            ),
        )
    ]  # fmt: skip


def _consent(
    asked: Asked, states: tuple[str, ...], capability: str, *, target: str = "", clock: str = "",
    requires: tuple[str, ...] = (), told: tuple[str, str] = ("", ""),
) -> list[Edge]:  # fmt: skip
    """The last consent, or the refusal."""
    code = asked.code
    other = f"endorse_{code}" if asked.consents == 2 else f"ask_{code}"
    return [
        edge
        for state in states
        for edge in (
            Edge(
                f"approve_{code}", state, target or state, capability, f"批准{asked.zh}",
                f"Approve the {asked.en}", requires, clock, other, request=f"approve {code}", told_zh=told[0],
                told_en=told[1],
            ),
            Edge(
                f"refuse_{code}", state, state, capability, f"驳回{asked.zh}", f"Refuse the {asked.en}", _NOTE,
                request=f"refuse {code}",
            ),
        )
    ]  # fmt: skip


VERIFYING = [
    Edge(
        "ask_verify", "reported", "verifying", may.CASE_ACCEPT, "派人核实", "Send to verify", (),
        "stop accept, start verify", told_zh="正在派人到现场核实。", told_en="Somebody is on the way to look.",
    ),
    Edge(
        "ask_verify", "accepted", "verifying", may.CASE_FILE, "派人核实", "Send to verify", (), "start verify",
        told_zh="正在派人到现场核实。", told_en="Somebody is on the way to look.",
    ),
    Edge(
        "verify_true", "verifying", "accepted", may.CASE_INSPECT, "核实属实", "Verified: true", (), "stop verify",
        takes=("photos",), guards=("not_reporter",),
        told_zh="现场核实情况属实。", told_en="It was checked on the spot and is true.",
    ),
    Edge(
        "verify_untrue", "verifying", "untrue", may.CASE_INSPECT, "核实不属实", "Verified: not so", _NOTE,
        "stop verify", takes=("photos",), guards=("not_reporter",),
        told_zh="工作人员到现场核实，未发现您反映的情况：{note}",
        told_en="It was looked for on the spot and not found: {note}",
    ),
]  # fmt: skip

DUPLICATES = [
    *[
        Edge(
            "merge", state, "merged", may.CASE_MERGE, "并案", "Merge as duplicate", ("master_id",), "stop all",
            told_zh="此前已有人反映同一问题，已合并办理，进展以下同步显示。",
            told_en="Others have reported the same: it is dealt with together, and shown here.",
        )
        for state in ("reported", "accepted", "filed")
    ],
    Edge(
        "unmerge", "merged", "accepted", may.CASE_MERGE, "撤销并案", "Undo the merge", _NOTE,
        told_zh="经复核，您的反映已单独办理。", told_en="Your report is now dealt with on its own.",
    ),
    Edge(
        "close_with_master", "merged", "closed", may.CASE_FOLLOW_ON, "随主案结案", "Closed with the master case",
        told_zh="已办结，请您评价。", told_en="It is closed: please rate it.",
    ),
    Edge(
        "end_with_master", "merged", "declined", may.CASE_FOLLOW_ON, "随主案终止", "Ended with the master case",
        takes=("note",), told_zh="未立案：{note}", told_en="No case was opened: {note}",
    ),
]  # fmt: skip

ON_THE_SPOT = [
    Edge(
        "self_handle", "reported", "self_handled", may.CASE_SELF_HANDLE, "自处置", "Handled on the spot",
        ("photos",), told_zh="网格员已现场处理，正在审核。", told_en="It was dealt with on the spot.",
    ),
    Edge(
        "confirm_self", "self_handled", "closed", may.CASE_ACCEPT, "审看通过", "Evidence accepted", (),
        "stop accept", "self_handle", told_zh="已现场处理完毕，请您评价。",
        told_en="It was dealt with on the spot: please rate it.",
    ),
    Edge(
        "doubt_self", "self_handled", "accepted", may.CASE_ACCEPT, "审看不通过", "Evidence not accepted", _NOTE,
        "stop accept", told_zh="现场处理尚未到位，转入正常办理。", told_en="It goes on as an ordinary case.",
    ),
    Edge(
        "draw", "self_handled", "sampled", may.CASE_FOLLOW_ON, "抽中核查", "Drawn for inspection", (),
        "stop accept, start inspect",
    ),
    Edge(
        "pass_sample", "sampled", "closed", may.CASE_INSPECT, "抽查通过", "Sample passed", (), "stop inspect",
        "self_handle", takes=("photos",), told_zh="已现场处理并经另一位工作人员核查，请您评价。",
        told_en="It was dealt with and checked by somebody else: please rate it.",
    ),
    Edge(
        "fail_sample", "sampled", "accepted", may.CASE_INSPECT, "抽查不通过", "Sample failed", _NOTE,
        "stop inspect", "self_handle", takes=("photos",), told_zh="现场处理尚未到位，转入正常办理。",
        told_en="It goes on as an ordinary case.",
    ),
]  # fmt: skip

HANDING_BACK = [
    *[
        Edge(
            "ask_return", state, "returning", capability, "申请回退", "Ask to hand back", ("note", "condition_id"),
            "pause handle", request="ask return",
        )
        for state, capability in (("dispatched", may.CASE_SIGN), ("signed", may.CASE_HANDLE))
    ],
    Edge(
        "approve_return", "returning", "filed", may.CASE_DISPATCH, "同意回退", "Approve the return", (),
        "start dispatch", guards=("refusals_left",), request="approve return",
    ),
    Edge(
        "refuse_return", "returning", "dispatched", may.CASE_DISPATCH, "不同意回退", "Refuse the return", _NOTE,
        "resume handle", guards=("refusals_left",), request="refuse return",
    ),
    Edge(
        "uphold_return", "returning", "filed", may.CASE_ARBITRATE, "裁定回退", "Rule for the return", _NOTE,
        "start dispatch", guards=("refusals_spent",), request="approve return",
    ),
    Edge(
        "overrule_return", "returning", "dispatched", may.CASE_ARBITRATE, "裁定由该单位处置",
        "Rule against the return", _NOTE, "resume handle", guards=("refusals_spent",), request="refuse return",
    ),
    Edge(
        "withdraw_return", "returning", "dispatched", may.CASE_SIGN, "撤回回退申请", "Withdraw the return", (),
        "resume handle", guards=("asked_it",), request="withdraw return",
    ),
]  # fmt: skip

AT_THE_UNIT = [
    edge
    for state in AT_UNIT
    for edge in (
        Edge(
            "forward", state, state, may.CASE_HANDLE, "批转", "Forward to a colleague", ("assignee_id",),
        ),
        Edge(
            "reassign", state, "dispatched", may.CASE_DISPATCH, "转派", "Reassign", ("unit_id", "note"),
            "stop handle, start handle", guards=("other_unit",),
            told_zh="已转交{unit}处理。", told_en="It was given to {unit}.",
        ),
        Edge(
            "add_support", state, state, may.CASE_DISPATCH, "会同处置", "Add a supporting unit",
            ("unit_id", "note"), guards=("other_unit",),
        ),
        Edge(
            "finish_support", state, state, may.CASE_SUPPORT, "协办完成", "Support done", _NOTE,
            takes=("photos",), guards=("supports",),
        ),
        Edge(
            "release_support", state, state, may.CASE_DISPATCH, "取消协办", "Release a supporting unit",
            ("unit_id", "note"),
            guards=("has_supports",),
        ),
    )
]  # fmt: skip

EXTENDING = [
    *_asking(
        EXTEND,
        (*AT_UNIT, "handled"),
        may.CASE_HANDLE,
        guards=("handling_runs", "not_overdue", "extensions_left"),
    ),
    *_first_consent(EXTEND, (*AT_UNIT, "handled"), may.CASE_ENDORSE, "部门"),
    *_consent(EXTEND, (*AT_UNIT, "handled"), may.CASE_DISPATCH, clock="recompute handle"),
]

SUSPENDING = [
    *_asking(
        SUSPEND, ("signed",), may.CASE_HANDLE, requires=("note", "until_at"), guards=("never_suspended",)
    ),
    *_consent(
        SUSPEND, ("signed",), may.CASE_DISPATCH, target="suspended", clock="pause handle, start suspend",
        told=("经批准暂缓处理，到期自动恢复。", "It rests for now, by permission, and goes on by itself."),
    ),
    Edge(
        "resume", "suspended", "signed", may.CASE_DISPATCH, "提前恢复", "Resume early", _NOTE,
        "stop suspend, resume handle", told_zh="已恢复处理。", told_en="It is being dealt with again.",
    ),
    Edge(
        "wake", "suspended", "signed", may.CASE_FOLLOW_ON, "缓办到期恢复", "Resumed when due", (),
        "stop suspend, resume handle", told_zh="已恢复处理。", told_en="It is being dealt with again.",
    ),
]  # fmt: skip

_VOIDABLE = ("accepted", "filed", *AT_UNIT, "suspended")
_SPECIAL = (*AT_UNIT, "suspended", "inspecting", "inspected")
ENDING = [
    *_asking(VOID, _VOIDABLE, may.CASE_ASK_VOID),
    *_consent(
        VOID, _VOIDABLE, may.CASE_ARBITRATE, target="void", clock="stop all", requires=_NOTE,
        told=("经审核，本件作废：{note}", "It was set aside: {note}"),
    ),
    *_asking(SPECIAL, _SPECIAL, may.CASE_DISPATCH),
    *_consent(
        SPECIAL, _SPECIAL, may.CASE_CLOSE, target="closed", clock="stop all", requires=_NOTE,
        told=("经批准特殊结案：{note}", "It was closed by special permission: {note}"),
    ),
]  # fmt: skip

_URGED = (*AT_UNIT, "handled")
URGING = [
    edge
    for state in _URGED
    for edge in (
        Edge(
            "urge", state, state, may.CASE_URGE, "催办", "Urge", _NOTE, "start urge", request="ask urge",
        ),
        Edge(
            "answer_urge", state, state, may.CASE_HANDLE, "答复催办", "Answer the urging", _NOTE, "stop urge",
            request="answer urge",
        ),
        Edge(
            "supervise", state, state, may.CASE_SUPERVISE, "督办", "Supervise", _NOTE, "start supervise",
            request="ask supervise",
        ),
        Edge(
            "answer_supervise", state, state, may.CASE_HANDLE, "答复督办", "Answer the supervision", _NOTE,
            "stop supervise", request="answer supervise",
        ),
    )
]  # fmt: skip

_ENDED = ("closed", "rated")
APPEALING = [
    *_asking(APPEAL, _ENDED, may.CASE_HANDLE, guards=("was_overdue", "never_appealed")),
    *_first_consent(APPEAL, _ENDED, may.CASE_DISPATCH, "派遣员"),
    *_consent(APPEAL, _ENDED, may.CASE_ARBITRATE),
]

BUNDLING = [
    edge
    for state in ("filed", *AT_UNIT)
    for edge in (
        Edge(
            "bundle", state, state, may.CASE_DISPATCH, "捆绑", "Bundle under one limit", ("bundle_id",),
            "recompute handle", guards=("handling_not_paused",),
        ),
        Edge(
            "unbundle", state, state, may.CASE_DISPATCH, "解除捆绑", "Take out of the bundle", (),
            "recompute handle", guards=("bundled",),
        ),
    )
]  # fmt: skip

SIDE_ROADS = (
    *VERIFYING, *DUPLICATES, *ON_THE_SPOT, *HANDING_BACK, *AT_THE_UNIT, *EXTENDING, *SUSPENDING, *ENDING,
    *URGING, *APPEALING, *BUNDLING,
)  # fmt: skip
