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
SURGE_MANAGE = "surge.manage"
SURGE_OFFER = "surge.offer"
ORDER_VIEW = "order.view"
ORDER_DRAFT = "order.draft"
ORDER_CONFIRM = "order.confirm"
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
    SURGE_MANAGE: ("管理干部下沉", "manage surge postings"),
    SURGE_OFFER: ("派出下沉人员", "offer people for surge postings"),
    ORDER_VIEW: ("查看指令", "see orders"),
    ORDER_DRAFT: ("拟制指令", "draft orders"),
    ORDER_CONFIRM: ("复核下达指令", "confirm and issue orders"),
    CATALOGUE_VIEW: ("查看事部件目录", "see the catalogue"),
    CATALOGUE_MANAGE: ("管理事部件目录", "manage the catalogue"),
    ACCOUNT_MANAGE: ("管理账号", "manage accounts"),
    SECURITY_MANAGE: ("管理安全", "manage security"),
    AUDIT_VIEW: ("查看审计", "see the audit log"),
}
