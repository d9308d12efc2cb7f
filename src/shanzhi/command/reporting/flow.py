"""The state tables of a report upward and of a handover of the duty."""

from shanzhi.base.access.capabilities import DUTY_LOG, REPORT_UPWARD
from shanzhi.core.flow import Edge, Flow, State

DRAFT, SIGNED, SENT, DROPPED = "draft", "signed", "sent", "dropped"
GIVEN, TAKEN, WITHDRAWN = "given", "taken", "withdrawn"

_REPORT_STATES = (
    State(DRAFT, "草稿", "Draft", "草稿", "Draft"),
    State(SIGNED, "已签发待报", "Signed, to be sent", "已签发待报", "Signed, to be sent"),
    State(SENT, "已报送", "Sent", "已报送", "Sent", final=True),
    State(DROPPED, "已作废", "Dropped", "已作废", "Dropped", final=True),
)
_REPORT_EDGES = (
    Edge("sign", DRAFT, SIGNED, REPORT_UPWARD, "签发", "Sign"),
    Edge("send_back", SIGNED, DRAFT, REPORT_UPWARD, "退回修改", "Send back", ("reason",)),
    Edge("send", SIGNED, SENT, REPORT_UPWARD, "登记已报送", "Record as sent", ("sent_how",)),
    Edge("drop", DRAFT, DROPPED, REPORT_UPWARD, "作废", "Drop", ("reason",)),
)
REPORT = Flow("report", _REPORT_STATES, _REPORT_EDGES, DRAFT)

_HANDOVER_STATES = (
    State(GIVEN, "待接班", "To be taken over", "待接班", "To be taken over"),
    State(TAKEN, "已交接", "Taken over", "已交接", "Taken over", final=True),
    State(WITHDRAWN, "已撤回", "Withdrawn", "已撤回", "Withdrawn", final=True),
)
_HANDOVER_EDGES = (
    Edge("take", GIVEN, TAKEN, DUTY_LOG, "接班", "Take over", separate_from=""),
    Edge("withdraw", GIVEN, WITHDRAWN, DUTY_LOG, "撤回", "Withdraw"),
)
HANDOVER = Flow("handover", _HANDOVER_STATES, _HANDOVER_EDGES, GIVEN)

# Lines of the duty log, and reports, by their codes.
CALL, NOTE, ADDITION, CORRECTION, HANDED = "call", "note", "addition", "correction", "handover"
FIRST, FOLLOW, DAILY, FINAL, SUMMARY = "first", "follow", "daily", "final", "summary"
REPEATED = (FOLLOW, DAILY)
CLOSING = (FINAL, SUMMARY)
