"""The state tables: an isolation, a transfer, a service order; and the kinds of what is noted beside them."""

from django.db import models

from shanzhi.base.access.capabilities import ISOLATION_CARE, ISOLATION_MANAGE
from shanzhi.core.flow import Edge, Flow, State

# Who holds the secret of an isolation: no post, no account.
RESIDENT = "resident"

REFERRED, ISOLATING, PROPOSED, MONITORING, RELEASED, TRANSFERRED, WITHDRAWN, LAPSED, DROPPED = (
    "referred", "isolating", "proposed", "monitoring", "released", "transferred", "withdrawn", "lapsed", "dropped",
)  # fmt: skip
LIVE = (ISOLATING, PROPOSED, MONITORING)  # people are asked twice a day
CONFINED = (ISOLATING, PROPOSED)  # people are asked to stay at home


def _state(
    code: str, zh: str, en: str, told_zh: str = "", told_en: str = "", *, final: bool = False
) -> State:
    return State(code, zh, en, told_zh or zh, told_en or en, final)


def _edge(verb: str, source: str, target: str, zh: str, en: str, capability: str, *requires: str) -> Edge:
    return Edge(verb, source, target, capability, zh, en, requires)


_STATES = (
    _state(REFERRED, "待核实", "To be checked"),
    _state(ISOLATING, "居家隔离中", "Isolated at home"),
    _state(PROPOSED, "待签发解除", "Release to be signed", "正在办理解除", "The release is being signed"),
    _state(MONITORING, "健康监测中", "Health monitoring", "健康监测（不限制出门）", "Monitoring, free to go out"),
    _state(RELEASED, "已解除", "Released", final=True),
    _state(TRANSFERRED, "已转运", "Transferred", final=True),
    _state(WITHDRAWN, "已撤销", "Withdrawn", "已结束", "Ended", final=True),
    _state(LAPSED, "依法终止", "Ended by law", "已依法终止", "Ended by law", final=True),
    _state(DROPPED, "不需隔离", "Not needed", final=True),
)  # fmt: skip
_M = ISOLATION_MANAGE
_EDGES = (
    _edge("begin", REFERRED, ISOLATING, "核实并开始", "Check and begin", _M),
    _edge("drop", REFERRED, DROPPED, "不需隔离", "Not needed", _M, "reason"),
    _edge("propose_release", ISOLATING, PROPOSED, "提出按期解除", "Propose the release", _M),
    _edge("propose_early", ISOLATING, PROPOSED, "提出提前解除", "Propose an early release", _M, "reason"),
    _edge("send_back", PROPOSED, ISOLATING, "退回", "Send back", _M, "reason"),
    Edge("sign_release", PROPOSED, RELEASED, _M, "签发解除", "Sign the release", separate_from="propose_release"),
    Edge(
        "sign_to_monitoring", PROPOSED, MONITORING, _M, "签发解除，转健康监测", "Sign; health monitoring follows",
        separate_from="propose_release",
    ),
    _edge("withdraw", ISOLATING, WITHDRAWN, "撤销（不应隔离）", "Withdraw (should not have begun)", _M, "reason"),
    _edge("withdraw", PROPOSED, WITHDRAWN, "撤销（不应隔离）", "Withdraw (should not have begun)", _M, "reason"),
    _edge("withdraw", MONITORING, WITHDRAWN, "结束监测", "End the monitoring", _M, "reason"),
    _edge("leave", MONITORING, WITHDRAWN, "本人结束监测", "End one's own monitoring", RESIDENT),
    *(
        _edge("hand_over", source, TRANSFERRED, "转运交接", "Handed over", _M)
        for source in (ISOLATING, PROPOSED, MONITORING)
    ),
    _edge("finish", MONITORING, RELEASED, "监测期满", "Monitoring is over", _M),
    *(
        _edge("lapse", source, LAPSED, "依法终止", "End by law", _M)
        for source in (REFERRED, ISOLATING, PROPOSED, MONITORING)
    ),
)  # fmt: skip
ISOLATION = Flow("isolation", _STATES, _EDGES, REFERRED)

ASKED, ACCEPTED, UNDER_WAY, HANDED_OVER, RETURNED, NOT_NEEDED = (
    "asked", "accepted", "under_way", "handed_over", "returned", "not_needed",
)  # fmt: skip
TRANSFER_OPEN = (ASKED, ACCEPTED, UNDER_WAY)
TRANSFER = Flow(
    "isolation-transfer",
    (
        _state(ASKED, "待接单", "Asked for", "已收到，正在安排", "Received: it is being arranged"),
        _state(ACCEPTED, "已接单", "Accepted", "已安排，请保持电话畅通", "Arranged: keep your phone at hand"),
        _state(UNDER_WAY, "转运中", "Under way"),
        _state(HANDED_OVER, "已交接", "Handed over", final=True),
        _state(RETURNED, "已就医返回", "Treated and back", final=True),
        _state(NOT_NEEDED, "无需转运", "Not needed", final=True),
    ),
    (
        _edge("accept", ASKED, ACCEPTED, "接单", "Accept", _M),
        _edge("set_off", ACCEPTED, UNDER_WAY, "出发", "Set off", _M),
        _edge("hand_over", UNDER_WAY, HANDED_OVER, "交接医疗机构", "Hand over to a hospital", _M),
        _edge("come_back", UNDER_WAY, RETURNED, "就医后返回", "Back after treatment", _M),
        _edge("not_needed", ASKED, NOT_NEEDED, "无需转运", "Not needed", _M, "reason"),
        _edge("not_needed", ACCEPTED, NOT_NEEDED, "无需转运", "Not needed", _M, "reason"),
        _edge("take_back", ASKED, NOT_NEEDED, "本人取消", "Taken back", RESIDENT),
    ),
    ASKED,
)

PLACED, TAKEN, DONE, DECLINED, CANCELLED = ("placed", "taken", "done", "declined", "cancelled")
_C = ISOLATION_CARE
SERVICE = Flow(
    "isolation-service",
    (
        _state(PLACED, "待接单", "Placed"),
        _state(TAKEN, "已接单", "Taken", "已接单，正在办", "Taken: on its way"),
        _state(DONE, "已送达", "Done", final=True),
        _state(DECLINED, "无法提供", "Declined", final=True),
        _state(CANCELLED, "已取消", "Cancelled", final=True),
    ),
    (
        _edge("take", PLACED, TAKEN, "接单", "Take", _C),
        _edge("give_back", TAKEN, PLACED, "退回", "Give back", _C),
        _edge("done", TAKEN, DONE, "已送达", "Done", _C),
        _edge("decline", PLACED, DECLINED, "无法提供", "Decline", _C, "reason"),
        _edge("decline", TAKEN, DECLINED, "无法提供", "Decline", _C, "reason"),
        _edge("cancel", PLACED, CANCELLED, "取消", "Cancel", RESIDENT),
        _edge("not_received", DONE, PLACED, "没有收到", "Not received", RESIDENT),
    ),
    PLACED,
)


class SlotState(models.TextChoices):
    """Whether a check-in that is expected was answered."""

    OPEN = "open", "待报 Open"
    DONE = "done", "已报 Done"
    VOID = "void", "不再需要 Not needed"


class Source(models.TextChoices):
    """How a check-in came."""

    SELF = "self", "本人填报 By the person"
    CALL = "call", "电话 By telephone"
    DOOR = "door", "上门 At the door"


class CallOutcome(models.TextChoices):
    """What came of ringing somebody up."""

    REACHED = "reached", "已叫应 Reached"
    NO_ANSWER = "no_answer", "无人接听 No answer"
    GO_THERE = "go_there", "需上门 Somebody must go there"


class Why(models.TextChoices):
    """Why a transfer was asked for; no more than that is written."""

    MEDICAL = "medical", "本人要求就医 The person asks for a doctor"
    CHECK_IN = "check_in", "健康报告触发 A check-in"
    TEST = "test", "检测结果 A test"
    STAFF = "staff", "工作人员提出 Asked by staff"


class Subject(models.TextChoices):
    """What an event is about."""

    ISOLATION = "isolation", "居家隔离 Isolation"
    TRANSFER = "transfer", "转运 Transfer"
    SERVICE = "service", "服务 Service"
    CHECK_IN = "check_in", "健康报告 Check-in"
    TEST = "test", "检测 Test"
    CALL = "call", "叫应 Call-through"
