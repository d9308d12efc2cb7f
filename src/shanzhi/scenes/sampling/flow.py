"""The state tables of a campaign, of a tube and of a re-test."""

from django.db import models

from shanzhi.base.access.capabilities import SAMPLING_MANAGE, SAMPLING_WORK
from shanzhi.core.flow import Edge, Flow, State

DRAFT, PROPOSED, ISSUED, ENDED, DROPPED = "draft", "proposed", "issued", "ended", "dropped"


def _same(code: str, zh: str, en: str, *, final: bool = False) -> State:
    return State(code, zh, en, zh, en, final=final)


def _edge(verb: str, source: str, target: str, zh: str, en: str, capability: str, *requires: str) -> Edge:
    return Edge(verb, source, target, capability, zh, en, requires)


CAMPAIGN = Flow(
    "campaign",
    (
        _same(DRAFT, "草稿", "Draft"),
        _same(PROPOSED, "待复核", "To be confirmed"),
        _same(ISSUED, "进行中", "Under way"),
        _same(ENDED, "已结束", "Ended", final=True),
        _same(DROPPED, "已放弃", "Dropped", final=True),
    ),
    (
        _edge("propose", DRAFT, PROPOSED, "提交复核", "Submit", SAMPLING_MANAGE),
        _edge("drop", DRAFT, DROPPED, "放弃", "Drop", SAMPLING_MANAGE),
        _edge("send_back", PROPOSED, DRAFT, "退回修改", "Send back", SAMPLING_MANAGE, "reason"),
        _edge("issue", PROPOSED, ISSUED, "复核下达", "Confirm and issue", SAMPLING_MANAGE),
        _edge("end", ISSUED, ENDED, "结束", "End", SAMPLING_MANAGE, "reason"),
    ),
    DRAFT,
)

OPEN, CLOSED, HANDED, NEGATIVE, POSITIVE, INVALID = (
    "open",
    "closed",
    "handed",
    "negative",
    "positive",
    "invalid",
)
RESULTS = (NEGATIVE, POSITIVE, INVALID)
TUBE = Flow(
    "tube",
    (
        _same(OPEN, "采集中", "Open"),
        _same(CLOSED, "已封管", "Closed"),
        _same(HANDED, "已送检", "Handed over"),
        _same(NEGATIVE, "阴性", "Negative"),
        _same(POSITIVE, "阳性", "Positive"),
        _same(INVALID, "无效", "Invalid"),
    ),
    (
        _edge("close", OPEN, CLOSED, "封管", "Close", SAMPLING_WORK),
        _edge("hand_over", CLOSED, HANDED, "送检", "Hand over", SAMPLING_WORK),
        *(
            _edge(f"tell_{result}", source, result, "录入结果", "Result", SAMPLING_MANAGE)
            for source in (CLOSED, HANDED)
            for result in RESULTS
        ),
        *(
            _edge("correct", source, target, "更正结果", "Correct", SAMPLING_MANAGE, "reason")
            for source, target in ((NEGATIVE, POSITIVE), (POSITIVE, NEGATIVE), (INVALID, NEGATIVE))
        ),
    ),
    OPEN,
)

TODO, SAMPLED, CANCELLED = "todo", "sampled", "cancelled"
RETEST_STATES = (
    _same(TODO, "待复采", "To be sampled again"),
    _same(SAMPLED, "已复采待结果", "Sampled, no result yet"),
    _same(NEGATIVE, "复采阴性", "Negative", final=True),
    _same(POSITIVE, "复采阳性", "Positive", final=True),
    _same(CANCELLED, "已取消", "Cancelled", final=True),
)


class Kind(models.TextChoices):
    """What a campaign does (轮次类型)."""

    SAMPLING = "sampling", "采样 Sampling"
    DISTRIBUTION = "distribution", "发放 Distribution"


class What(models.TextChoices):
    """What is done at a point (现场操作)."""

    CHECK_IN = "check_in", "登记 Check-in"
    TUBE = "tube", "开管 Open a tube"
    CLOSE = "close", "封管 Close a tube"
    BOX = "box", "送检交接 Hand over"
    PAUSE = "pause", "暂停工位 Pause a table"
    RESUME = "resume", "恢复工位 Resume a table"
    QUEUE = "queue", "排队人数 People waiting"
