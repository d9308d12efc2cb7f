/** What the endpoints of orders give and take. */
export interface Coded {
  code: string
  zh: string
  en: string
}
export interface PlaceName {
  id: string
  name: string
}
export interface OrderAsk extends Coded {
  kind: 'text' | 'number' | 'choice'
  choices: string[]
  required: boolean
}
export interface LadderStep {
  kind: string
  kind_zh: string
  kind_en: string
  channel: string
  after_seconds: number
  per_second: number | null
}
export interface Ladder extends Coded {
  rungs: LadderStep[]
}
export interface OrderTemplate extends Coded {
  title: string
  sentence: string
  body: string
  post_kinds: string[]
  ladder: string
  minutes: number
  answers: string[]
  asks: OrderAsk[]
  hazard: string
  household_rule: string
}
export interface HouseholdRule extends Coded {
  chosen: boolean
}
export interface CompoundName {
  area: string
  id: string
  name: string
}
/** A GeoJSON polygon: rings of longitude and latitude (WGS-84). */
export interface Outline {
  type: 'Polygon' | 'MultiPolygon'
  coordinates: unknown
}
export interface OrderPromise {
  seconds: number
  asleep_share: number
  first_most: number
  people: number
  is_kept: boolean
  reached: number
  first_seconds: number
  remaining: number
  needed_rate: number | null
  needed_factor: number | null
  curve: [number, number][]
}
export interface OrderOptions {
  templates: OrderTemplate[]
  ladders: Ladder[]
  post_kinds: Coded[]
  skills: Coded[]
  answers: Coded[]
  channels: string[]
  household_rules: HouseholdRule[]
}
export interface OrderDraft {
  title: string
  sentence: string
  body: string
  place_ids: string[]
  post_kinds: string[]
  skills: string[]
  answers: string[]
  asks: OrderAsk[]
  until_at: string
  ladder: string
  template: string
  is_drill: boolean
  supersedes: string | null
  outline: Outline | null
  household_rule: string
  compound_ids: string[]
}
export interface Counted extends Coded {
  count: number
}
export interface OrderPreview {
  people: number
  households: number
  kinds: Counted[]
  areas: Counted[]
  with_phone: number
  warnings: { zh: string; en: string }[]
  promise: OrderPromise | null
  promise_full: OrderPromise | null
}
export interface ReachNumbers {
  people: number
  sent: number
  delivered: number
  failed: number
  pending: number
  acknowledged: number
  done: number
  cannot: number
}
export interface OrderRow {
  id: string
  number: string
  title: string
  sentence: string
  state: string
  state_zh: string
  state_en: string
  is_drill: boolean
  places: PlaceName[]
  until_at: string
  drafted_by: string
  drafted_at: string
  issued_at: string | null
  numbers: ReachNumbers
}
export interface OrderRung extends LadderStep {
  position: number
  due_at: string | null
  started_at: string | null
  ended_at: string | null
  state: string
  state_zh: string
  state_en: string
  wanted: number | null
  messages: Record<string, number>
  may_stop: boolean
}
export interface Order {
  row: OrderRow
  body: string
  outline: Outline | null
  household_rule: Coded
  compounds: CompoundName[]
  promise: OrderPromise | null
  post_kinds: Coded[]
  skills: Coded[]
  answers: string[]
  asks: OrderAsk[]
  ladder: string
  template: string
  confirmed_by: string
  ended_at: string | null
  people: number | null
  households: number | null
  supersedes: PlaceName | null
  superseded_by: PlaceName | null
  rungs: OrderRung[]
  stand_ins: Counted[]
  events: { at: string; verb: string; verb_zh: string; verb_en: string; actor: string; reason: string }[]
  actions: { verb: string; zh: string; en: string; needs_reason: boolean }[]
  may_edit: boolean
  may_correct: boolean
}
export interface ReachPoint {
  at: string
  sent: number
  delivered: number
  acknowledged: number
  done: number
  cannot: number
}
export interface PlaceLine {
  place_id: string
  name: string
  level: string
  numbers: ReachNumbers
  has_below: boolean
}
export interface OrderDiscrepancy extends Pick<Coded, 'zh' | 'en'> {
  kind: string
  detail: string
  wanted: number
  found: number
  repaired: number
  first_at: string
  closed_at: string | null
}
export interface OrderAnswered extends Coded {
  kind: string
  count: number
  total: number | null
  choices: [string, number][]
  texts: string[]
}
export interface OrderBoard {
  at: string
  numbers: ReachNumbers
  curve: ReachPoint[]
  places: PlaceLine[]
  answered: OrderAnswered[]
  discrepancies: OrderDiscrepancy[]
}
export interface OrderPerson {
  area: string
  id: string
  name: string
  post: string
  place: string
  state: string
  state_zh: string
  state_en: string
  has_phone: boolean
  deputy: string | null
  deputy_state: string | null
  call: string | null
  call_zh: string | null
  call_en: string | null
  called_by: string | null
  called_at: string | null
  reason: string
}
export interface MyOrder {
  area: string
  recipient: string
  order: string
  number: string
  title: string
  sentence: string
  body: string
  is_drill: boolean
  state: string
  state_zh: string
  state_en: string
  reach: string
  reach_zh: string
  reach_en: string
  answers: string[]
  asks: OrderAsk[]
  until_at: string
  issued_at: string
  standing: string
  instead_of: string
  corrected_by: string
  reason: string
  household_rule: Coded
  compounds: string[]
  simulated: boolean
}
export interface Inbox {
  waiting: number
  orders: MyOrder[]
}
export interface ReceiptBody {
  id: string
  area: string
  recipient: string
  answer: string
  reason?: string
  answers?: Record<string, string | number>
  happened_at: string
}
export interface ReceiptOutcome {
  status: 'stored' | 'known' | 'conflict' | 'unknown' | 'invalid'
  code: string
  zh: string
  en: string
  field: string
}
