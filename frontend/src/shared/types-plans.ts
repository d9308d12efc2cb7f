/** Plans, responses, notices and objections as the server gives them. */
export interface Pair {
  zh: string
  en: string
}
export interface PlanWord extends Pair {
  code: string
}
export interface ResponseLevel extends Pair {
  level: number
  numeral: string
  entry: Pair[]
  measures: Pair[]
  release: Pair[]
  confines: boolean
  largest: string
  largest_zh: string
  largest_en: string
  most_days: number
}
export interface PlanRow extends PlanWord {
  hazard: string
  hazard_zh: string
  hazard_en: string
  place_id: string
  place: string
  number: number | null
  in_force_at: string | null
  levels: ResponseLevel[]
  edition: PlanWord | null
  open_number: number | null
  open_state: string
  open_zh: string
  open_en: string
  live: number
}
export interface PlanProblem extends Pair {
  field: string
  stops: boolean
}
export interface PlanItem {
  [name: string]: string | number | boolean | string[]
}
export interface LevelDoc extends Pair {
  level: number
  parts: Record<string, PlanItem[]>
  entry: Pair[]
  measures: Pair[]
  release: Pair[]
  confines: boolean
  largest: string
  most_days: number
}
export interface GroupDoc extends PlanWord {
  lead: string
  posts: string[]
  units: Pair[]
  duties: Pair[]
}
export interface PlanDoc extends PlanWord {
  hazard: string
  basis: Pair
  structure: { headquarters: GroupDoc; groups: GroupDoc[] }
  exit: Pair & { phone: string }
  objection: Pair & { phone: string; days: number }
  notices: { code: string; zh: { title: string; text: string }; en: { title: string; text: string } }[]
  general: Pair[]
  monitoring: Pair[]
  reporting: Pair[]
  levels: LevelDoc[]
  editions: (PlanWord & { levels: LevelDoc[] })[]
  edition: string
  afterwards: Pair[]
  support: Pair[]
  training: Pair[]
  annex: Pair[]
  targets: (PlanWord & { minutes: number })[]
}
export type Chapter = 'general' | 'monitoring' | 'reporting' | 'afterwards' | 'support' | 'training' | 'annex'
export interface PlanVersionRow {
  number: number
  state: string
  state_zh: string
  state_en: string
  note: string
  drafted_by: string
  drafted_at: string
  reviewed_by: string
  in_force_at: string | null
  ended_at: string | null
}
export interface Plan {
  row: PlanRow
  number: number
  state: string
  state_zh: string
  state_en: string
  note: string
  saves: number
  drafted_by: string
  reviewed_by: string
  content: PlanDoc
  levels: ResponseLevel[]
  problems: PlanProblem[]
  versions: PlanVersionRow[]
  events: (Pair & { at: string; verb: string; actor_name: string; reason: string; digest: string })[]
  actions: (Pair & { verb: string; needs_reason: boolean })[]
  may_edit: boolean
  may_begin_draft: boolean
  may_propose: boolean
}
export interface PlanField extends Pair {
  name: string
  kind: 'text' | 'number' | 'switch' | 'codes'
  needed: boolean
  choices: PlanWord[]
}
export interface PlanPart extends PlanWord {
  installed: boolean
  fields: PlanField[]
}
export interface PlanOptions {
  hazards: PlanWord[]
  chapters: (Pair & { code: Chapter })[]
  posts: PlanWord[]
  place_levels: PlanWord[]
  parts: PlanPart[]
  most_confined_days: number
}
export interface PlanChange extends Pair {
  path: string
  kind: 'added' | 'removed' | 'changed'
  old: string
  new: string
}
export interface ResponseLine extends Pair {
  part: string
  part_zh: string
  part_en: string
  count: number | null
  wrong: boolean
  subject_id: string | null
  address: string
}
export interface ProposalBody {
  level: number
  place_ids: string[]
  document: string
  last_on: string
  basis: string
  title: string
  exit_zh: string
  exit_en: string
  exit_phone: string
  why_so_large: string
  reason: string
  is_drill: boolean
}
export interface ProposalPreview {
  lines: ResponseLine[]
  notices: { code: string; title_zh: string; title_en: string; text_zh: string; text_en: string }[]
  wrong: boolean
  limit_on: string
}
export interface ResponsePlace {
  id: string
  name: string
  level: string
  level_zh: string
  level_en: string
}
export interface ResponseRow {
  id: string
  number: string
  plan: string
  plan_version: number
  hazard: string
  title: string
  title_en: string
  level: number
  numeral: string
  level_zh: string
  level_en: string
  state: string
  state_zh: string
  state_en: string
  places: ResponsePlace[]
  is_drill: boolean
  is_compulsory: boolean
  last_on: string | null
  proposed_by: string
  proposed_at: string
  live_at: string | null
  ended_at: string | null
}
export interface ResponseAction extends Pair {
  verb: string
  requires: string[]
}
export interface Response {
  row: ResponseRow
  basis: string
  document: string
  why_so_large: string
  exit_zh: string
  exit_en: string
  exit_phone: string
  approved_by: string
  renewed_by: string
  limit_on: string | null
  renew_limit_on: string | null
  present: ResponseLevel
  levels: ResponseLevel[]
  events: (Pair & {
    at: string
    verb: string
    actor_name: string
    reason: string
    document: string
    level: number
    last_on: string | null
    made: ResponseLine[]
  })[]
  actions: ResponseAction[]
}
export interface ResponseStep {
  reason?: string
  level?: number
  last_on?: string
  document?: string
  basis?: string
  why_so_large?: string
}
export interface ResponsePreview {
  begins: ResponseLine[]
  stays: ResponseLine[]
  ends: ResponseLine[]
  wrong: boolean
}
export interface Banner {
  id: string
  number: string
  title: string
  title_en: string
  level: number
  numeral: string
  level_zh: string
  level_en: string
  places: string[]
  is_drill: boolean
  last_on: string | null
  opens: string
  may_open: boolean
}
export interface NoticeRow {
  number: string
  title_zh: string
  title_en: string
  places: string[]
  level_zh: string
  level_en: string
  from_at: string
  until_on: string | null
  ended_at: string | null
  replaced_by: string
  is_drill: boolean
}
export interface Notice {
  row: NoticeRow
  text_zh: string
  text_en: string
  exit_zh: string
  exit_en: string
  exit_phone: string
  objection_days: number
  objection_zh: string
  objection_en: string
  objection_phone: string
  may_object: boolean
  others: NoticeRow[]
}
export interface ObjectionReceipt {
  number: string
  secret: string
  link: string
  due_at: string
}
export interface ObjectionFollow {
  number: string
  notice: string
  notice_zh: string
  notice_en: string
  text: string
  state: string
  state_zh: string
  state_en: string
  made_at: string
  due_at: string
  outcome: string
  outcome_zh: string
  outcome_en: string
  answer: string
  answered_at: string | null
}
export interface Objection extends ObjectionFollow {
  area: string
  id: string
  response_id: string
  is_drill: boolean
  phone_masked: string
  is_overdue: boolean
  answered_by: string
  may_answer: boolean
  why_not_zh: string
  why_not_en: string
}
