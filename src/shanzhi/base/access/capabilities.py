"""Capabilities: what a post may do. Post kinds (data in a pack) grant them; gates and edges use them."""

CASE_VIEW = "case.view"
CASE_ACCEPT = "case.accept"
CASE_MERGE = "case.merge"
CASE_FILE = "case.file"
CASE_DISPATCH = "case.dispatch"
CASE_SIGN = "case.sign"
CASE_HANDLE = "case.handle"
CASE_ENDORSE = "case.endorse"
CASE_SUPPORT = "case.support"
CASE_SELF_HANDLE = "case.self_handle"
CASE_INSPECT = "case.inspect"
CASE_CLOSE = "case.close"
CASE_ASK_VOID = "case.ask_void"
CASE_ARBITRATE = "case.arbitrate"
CASE_URGE = "case.urge"
CASE_SUPERVISE = "case.supervise"
CASE_RATE = "case.rate"  # held by whoever holds the secret of a case
CASE_FOLLOW_ON = "case.follow_on"  # what the program itself does as a consequence
CASE_REVEAL = "case.reveal"
CASE_REOPEN = "case.reopen"
PLACE_VIEW = "place.view"
PLACE_MANAGE = "place.manage"
PARTNER_MANAGE = "partner.manage"
SURGE_MANAGE = "surge.manage"
SURGE_OFFER = "surge.offer"
ORDER_VIEW = "order.view"
ORDER_DRAFT = "order.draft"
ORDER_CONFIRM = "order.confirm"
PLAN_VIEW = "plan.view"
PLAN_EDIT = "plan.edit"
PLAN_REVIEW = "plan.review"
RESPONSE_PROPOSE = "response.propose"
RESPONSE_APPROVE = "response.approve"
RESPONSE_RENEW = "response.renew"
DUTY_LOG = "duty.log"
REPORT_UPWARD = "report.upward"
COMMAND_VIEW = "command.view"
SWEEP_VIEW = "sweep.view"
SWEEP_MANAGE = "sweep.manage"
SWEEP_VISIT = "sweep.visit"
ROSTER_VIEW = "roster.view"
ROSTER_MANAGE = "roster.manage"
STOCK_VIEW = "stock.view"
STOCK_MANAGE = "stock.manage"
ISOLATION_VIEW = "isolation.view"
ISOLATION_MANAGE = "isolation.manage"
ISOLATION_CARE = "isolation.care"
CONTACT_TRACE = "contact.trace"
SAMPLING_VIEW = "sampling.view"
SAMPLING_MANAGE = "sampling.manage"
SAMPLING_WORK = "sampling.work"
SAMPLING_RESULTS = "sampling.results"
RETENTION_VIEW = "retention.view"
RETENTION_SIGN = "retention.sign"
CATALOGUE_VIEW = "catalogue.view"
CATALOGUE_MANAGE = "catalogue.manage"
ACCOUNT_MANAGE = "account.manage"
SECURITY_MANAGE = "security.manage"
AUDIT_VIEW = "audit.view"

ALL_CAPABILITIES = frozenset(value for name, value in globals().items() if name.isupper())

LABELS: dict[str, tuple[str, str]] = {
    CASE_VIEW: ("查看案件", "see cases"),
    CASE_ACCEPT: ("受理", "accept"),
    CASE_MERGE: ("并案", "merge duplicates"),
    CASE_FILE: ("立案", "file"),
    CASE_DISPATCH: ("派遣", "dispatch"),
    CASE_SIGN: ("签收", "sign for"),
    CASE_HANDLE: ("处置", "handle"),
    CASE_ENDORSE: ("部门审批", "endorse for the unit"),
    CASE_SUPPORT: ("协办", "support"),
    CASE_SELF_HANDLE: ("自处置", "handle on the spot"),
    CASE_INSPECT: ("核实核查", "verify and inspect"),
    CASE_CLOSE: ("结案", "close"),
    CASE_ASK_VOID: ("申请作废", "ask to void"),
    CASE_ARBITRATE: ("裁定", "arbitrate"),
    CASE_URGE: ("催办", "urge"),
    CASE_SUPERVISE: ("督办", "supervise"),
    CASE_RATE: ("评价", "rate"),
    CASE_FOLLOW_ON: ("系统联动", "follow on"),
    CASE_REOPEN: ("重新办理", "reopen"),
    CASE_REVEAL: ("查看来电号码", "see the caller's number"),
    PLACE_VIEW: ("查看区划", "see places"),
    PLACE_MANAGE: ("管理区划", "manage places"),
    PARTNER_MANAGE: ("管理共建单位", "manage partner organisations"),
    SURGE_MANAGE: ("管理干部下沉", "manage surge postings"),
    SURGE_OFFER: ("派出下沉人员", "offer people for surge postings"),
    ORDER_VIEW: ("查看指令", "see orders"),
    ORDER_DRAFT: ("拟制指令", "draft orders"),
    ORDER_CONFIRM: ("复核下达指令", "confirm and issue orders"),
    PLAN_VIEW: ("查看预案与响应", "see plans and responses"),
    PLAN_EDIT: ("编制预案", "write plans"),
    PLAN_REVIEW: ("审定预案", "review plans"),
    RESPONSE_PROPOSE: ("提请启动响应", "propose a response"),
    RESPONSE_APPROVE: ("批准启动响应", "approve a response"),
    RESPONSE_RENEW: ("批准延长限制措施", "renew what confines people"),
    DUTY_LOG: ("记值班日志", "keep the duty log"),
    REPORT_UPWARD: ("报送突发事件信息", "report an event upwards"),
    COMMAND_VIEW: ("查看指挥板", "see the command board"),
    SWEEP_VIEW: ("查看敲门行动", "see sweeps"),
    SWEEP_MANAGE: ("组织敲门行动", "run sweeps"),
    SWEEP_VISIT: ("入户走访", "visit doors"),
    ROSTER_VIEW: ("查看值班值守", "see rosters"),
    ROSTER_MANAGE: ("排班", "make rosters"),
    STOCK_VIEW: ("查看应急物资", "see stock"),
    STOCK_MANAGE: ("管理应急物资", "manage stock"),
    ISOLATION_VIEW: ("查看居家隔离", "see home-isolation care"),
    ISOLATION_MANAGE: ("管理居家隔离", "manage home-isolation care"),
    ISOLATION_CARE: ("照护居家隔离人员", "care for people isolated at home"),
    CONTACT_TRACE: ("流调协查", "trace contacts"),
    SAMPLING_VIEW: ("查看采样与发放", "see sampling and distribution"),
    SAMPLING_MANAGE: ("组织采样与发放", "run sampling and distribution"),
    SAMPLING_WORK: ("采样与发放现场作业", "work at a sampling point"),
    SAMPLING_RESULTS: ("报送检测结果", "tell results of tubes"),
    RETENTION_VIEW: ("查看保存与销毁", "see retention"),
    RETENTION_SIGN: ("签署销毁", "sign destruction"),
    CATALOGUE_VIEW: ("查看事部件目录", "see the catalogue"),
    CATALOGUE_MANAGE: ("管理事部件目录", "manage the catalogue"),
    ACCOUNT_MANAGE: ("管理账号", "manage accounts"),
    SECURITY_MANAGE: ("管理安全", "manage security"),
    AUDIT_VIEW: ("查看审计", "see the audit log"),
}
