/** Shapes that the server sends. The server is the authority on states, verbs and labels. */

export interface ErrorBody {
  code: string
  message: string
  message_zh: string
  message_en: string
  field: string
  params?: Record<string, unknown>
}

export interface Post {
  kind: string
  kind_zh: string
  kind_en: string
  place_name: string
  unit_name: string
}

export interface Me {
  name: string
  username: string
  posts: Post[]
  capabilities: string[]
  push_url?: string
}

export interface Queue {
  code: string
  zh: string
  en: string
  count: number
  urgent: number
  /** Work for this person, or only a view. */
  work?: boolean
}

export interface CaseClock {
  name: string
  zh?: string
  en?: string
  state: string
  due_at: string | null
  remaining_seconds: number | null
  warn: boolean
  breached: boolean
}

export interface KindName {
  code: string
  zh: string
  en: string
}

export interface CaseRow {
  area: string
  id: string
  number: string
  kind_zh: string
  kind_en: string
  state: string
  state_zh: string
  state_en: string
  place_name: string
  address: string
  text: string
  due_at: string | null
  clock: CaseClock | null
  created_at: string
  version: number
  closing_rule: string
  unit_name: string
  open_requests: number
}

export interface CasePage {
  items: CaseRow[]
  next_cursor: string | null
}

export interface StagePhoto {
  sha256: string
  stage: string
}

export interface TimelineEntry {
  at: string
  verb: string
  zh: string
  en: string
  actor_name: string
  unit_name: string
  note: string
  photos: string[]
  /** The unit, colleague or case that the step names. */
  named: string
  until_at: string | null
}

export interface ClockSentence {
  name: string
  zh: string
  en: string
  started_at: string
  due_at: string | null
  stopped_at: string | null
  state: string
  sentence_zh: string
  sentence_en: string
}

export interface AllowedAction {
  verb: string
  zh: string
  en: string
  requires: string[]
  /** What may be given besides what must be; older servers do not say. */
  takes?: string[]
}

export interface ConditionChoice {
  id: string
  kind_zh?: string
  kind_en?: string
  filing_rule: string
  closing_rule?: string
  limit_text: string
  unit_name?: string
}

export interface UnitChoice {
  id: string
  name: string
}

export interface Suggestion {
  unit_id: string
  unit_name: string
  why_zh: string
  why_en: string
}

export interface PersonChoice {
  id: string
  name: string
}

/** Another case that one has to do with. */
export interface LinkedCase {
  area: string
  id: string
  number: string
  kind_zh: string
  kind_en: string
  state_zh: string
  state_en: string
  address: string
  text: string
  created_at: string
}

/** What was asked about a case, and what came of it. */
export interface CaseRequest {
  kind: string
  zh: string
  en: string
  state: string
  state_zh: string
  state_en: string
  asked_name: string
  asked_at: string
  note: string
  until_at: string | null
  due_at: string | null
  cited: ConditionChoice | null
  consents: number
  consents_needed: number
  decided_name: string
  decided_at: string | null
  answer: string
}

export interface Support {
  unit_id: string
  unit_name: string
  note: string
  asked_at: string
  done_at: string | null
  released_at: string | null
  result: string
}

export interface Bundle {
  id: string
  name: string
  due_at: string
  cases: LinkedCase[]
}

export interface CaseDetail extends CaseRow {
  /** The code of its kind; empty as long as nobody has said. */
  kind: string
  condition: ConditionChoice | null
  phone_masked: string
  may_reveal: boolean
  rating: { solved: boolean; stars: number; text: string; at: string } | null
  lon: number | null
  lat: number | null
  photos: StagePhoto[]
  timeline: TimelineEntry[]
  clocks: ClockSentence[]
  allowed_actions: AllowedAction[]
  suggestion: Suggestion | null
  conditions: ConditionChoice[]
  units: UnitChoice[]
  colleagues: PersonChoice[]
  assignee_name: string
  requests: CaseRequest[]
  refused_returns: number
  refusals_before_ruling: number
  extensions: number
  supports: Support[]
  master: LinkedCase | null
  duplicates: LinkedCase[]
  /** Suspected duplicates, offered while a merge is possible. */
  alike: LinkedCase[]
  bundle: Bundle | null
  close_zh: string
  close_en: string
  is_overdue: boolean
  is_exempt: boolean
}

export interface ActionBody {
  version: number
  note?: string
  condition_id?: string
  unit_id?: string
  master_id?: string
  assignee_id?: string
  until_at?: string
  bundle_id?: string
  photos?: string[]
}

export interface ManyBody {
  cases: { area: string; id: string; version: number }[]
  note?: string
  unit_id?: string
}

export interface ManyAnswer {
  done: number
  refused: { area: string; id: string; code: string; message_zh: string; message_en: string }[]
}

export interface StoredPhoto {
  sha256: string
  width: number
  height: number
}

export interface Place {
  id: string
  level: string
  level_zh: string
  level_en: string
  code: string
  name: string
  has_children: boolean
}

export interface PlaceDetail extends Place {
  ancestors: Place[]
  posts: { kind: string; kind_zh: string; kind_en: string; unit_name: string; count: number }[]
}

export interface RowError {
  row: number
  field: string
  message?: string
  message_zh?: string
  message_en?: string
}

export interface ImportReport {
  dry_run?: boolean
  rows?: number
  created: number
  changed: number
  unchanged: number
  closed?: number
  errors: RowError[]
}

export interface OpenLimit {
  row: number
  kind: string
  filing_rule: string
  limit_text: string
}

export interface CatalogueImportReport extends ImportReport {
  open_limits: OpenLimit[]
  read_as_working_time: Record<string, number>
  version: number | null
}

export interface Condition {
  id: string
  kind: string
  kind_zh: string
  kind_en: string
  major: string
  filing_rule: string
  closing_rule: string
  limit_text: string
  limit_amount: number | null
  limit_unit: string
  usable: boolean
  unit_name: string
  authority_name: string
  photo_required: boolean
  version: number
  effective_on: string
}

export interface ConditionPage {
  items: Condition[]
  next_cursor: string | null
}

export interface KindGroup {
  zh: string
  en: string
  kinds: KindName[]
}

export interface ReportBody {
  id: string
  kind: string
  text: string
  lon: number | null
  lat: number | null
  place_id: string | null
  address: string
  photos: string[]
  phone: string
  happened_at: string
}

export interface ReportReceipt {
  number: string
  area: string
  id: string
  secret: string
  follow_url: string
}

export interface FollowEntry {
  at: string
  text_zh: string
  text_en: string
}

export interface Follow {
  number: string
  kind_zh: string
  kind_en: string
  text: string
  place_name: string
  address: string
  state_public_zh: string
  state_public_en: string
  step: number
  due_at: string | null
  photos: string[]
  photos_after?: string[]
  timeline: FollowEntry[]
  allowed_actions: string[]
  rated?: boolean
}
