/** Shapes of retention, of the duty log, and of reports and closing of a response. */
export interface Verb {
  verb: string
  zh: string
  en: string
  requires: string[]
}
export interface HoldingRow {
  code: string
  zh: string
  en: string
  purpose_zh: string
  purpose_en: string
  data_class: 'personal' | 'sensitive'
  days: number | null
  of_activation: boolean
  rows: number
  overdue: number
  hold: string
}
export interface LegalHold {
  id: string
  activation_id: string | null
  subject: string
  holding: string
  holding_zh: string
  holding_en: string
  reason: string
  document: string
  until_on: string | null
  placed_by: string
  placed_at: string
  lifted_by: string
  lifted_at: string | null
  lift_reason: string
  in_force: boolean
  may_lift: boolean
}
export interface RunRow {
  id: string
  number: string
  scope: 'activation' | 'age'
  activation_id: string | null
  subject: string
  title: string
  state: string
  state_zh: string
  state_en: string
  due_on: string
  planned_by: string
  planned_at: string
  done_at: string | null
  lines: number
  lines_done: number
  destroyed: number
}
export interface RunLine {
  holding: string
  zh: string
  en: string
  data_class: 'personal' | 'sensitive'
  days: number | null
  before: string | null
  state: 'waiting' | 'held' | 'done'
  counted: number | null
  destroyed: number | null
  remained: number | null
  digest: string
  done_at: string | null
}
export interface Run extends RunRow {
  basis: string
  rule: string
  counted_at: string | null
  signatures: { name: string; role: string; role_zh: string; role_en: string; at: string | null }[]
  digest: string
  items: RunLine[]
  holds: LegalHold[]
  events: { verb: string; actor: string; reason: string; holding: string; rows: number | null; at: string }[]
  allowed: Verb[]
  check: {
    right: boolean
    events: number
    unsealed: number
    seals: number[]
    problems_zh: string[]
    problems_en: string[]
  } | null
}
export interface Retention {
  holdings: HoldingRow[]
  holds: LegalHold[]
  runs: RunRow[]
  rule_zh: string
  rule_en: string
  may_sign: boolean
}

export interface DutyEntryBody {
  id: string
  kind: 'call' | 'note' | 'addition' | 'correction'
  content: string
  called_at: string | null
  caller_unit: string
  caller_name: string
  caller_phone: string
  proposal: string
  instruction: string
  result: string
  about_id: string | null
  activation_id: string | null
  subject_kind: string
  subject_number: string
  place_id: string | null
}
export interface DutyEntry {
  id: string
  area: string
  kind: string
  kind_zh: string
  kind_en: string
  called_at: string
  caller_unit: string
  caller_name: string
  caller_phone: string
  content: string
  proposal: string
  instruction: string
  result: string
  activation_id: string | null
  activation: string
  subject_kind: string
  subject_area: string
  subject_id: string | null
  subject_name: string
  officer: string
  place: string
  at: string
  more: DutyEntry[]
}
export interface Handover {
  id: string
  place: string
  state: string
  state_zh: string
  state_en: string
  from_at: string
  open_matters: string
  given_by: string
  given_at: string
  taken_by: string
  taken_at: string | null
  may_take: boolean
  may_withdraw: boolean
}
export interface DutyLog {
  entries: DutyEntry[]
  total: number
  rooms: { id: string; name: string }[]
  responses: { id: string; number: string; title: string }[]
  handovers: Handover[]
  officer: string
}

export interface ResponseHead {
  id: string
  number: string
  title: string
  level: number
  state: string
  state_zh: string
  state_en: string
  is_drill: boolean
  places: string[]
  live_at: string | null
  ended_at: string | null
}
export interface UpwardReport {
  id: string
  kind: string
  kind_zh: string
  kind_en: string
  sequence: number
  version: number
  is_zero: boolean
  is_newest: boolean
  state: string
  state_zh: string
  state_en: string
  happened_at: string
  fields: { name: string; zh: string; en: string; most: number; text: string }[]
  facts: { code: string; zh: string; en: string; number: number; unit_zh: string; of: number | null }[]
  due_at: string | null
  is_late: boolean
  drafted_by: string
  drafted_at: string
  signed_by: string
  signed_at: string | null
  sent_by: string
  sent_at: string | null
  sent_how: string
  events: { verb_zh: string; verb_en: string; actor: string; reason: string; at: string }[]
  allowed: Verb[]
  may_edit: boolean
}
export interface ReportDue {
  kind: string
  zh: string
  en: string
  due_at: string
  warn_at: string | null
  state: 'running' | 'warned' | 'breached'
  drafted: boolean
}
export interface Reports {
  response: ResponseHead
  due: ReportDue[]
  reports: UpwardReport[]
  may_draft: { kind: string; zh: string; en: string }[]
  may_report: boolean
  scheme_zh: string
  scheme_en: string
}
export interface Timeline {
  response: ResponseHead
  kinds: { code: string; zh: string; en: string; count: number }[]
  lines: {
    at: string
    kind: string
    kind_zh: string
    kind_en: string
    who: string
    zh: string
    en: string
    address: string
  }[]
}
export interface StandDown {
  response: ResponseHead
  lines: {
    code: string
    zh: string
    en: string
    open: number
    total: number
    address: string
    detail_zh: string
    detail_en: string
  }[]
  may_finish: boolean
  is_over: boolean
}
