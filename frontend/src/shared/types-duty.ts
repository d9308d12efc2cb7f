/** Shapes of rosters and stock, as the server sends them. */
import type { RowError } from './types'

export interface Place {
  id: string
  name: string
}
export interface RosterTemplate {
  code: string
  zh: string
  en: string
  about_zh: string
  about_en: string
}
export interface RosterOptions {
  templates: RosterTemplate[]
  rest_hours: number
  week_hours: number
}
export interface RosterRow {
  id: string
  name: string
  template: string
  places: Place[]
  from_on: string
  to_on: string | null
  is_drill: boolean
  of_response: boolean
  signs_on: boolean
  late_minutes: number
  tells_lead: boolean
  ended_at: string | null
  end_reason: string
  made_by: string
  may_manage: boolean
  numbers: { shifts: number; wanted: number; held: number; gaps: number; on_post: number; late: number }
}
export interface DutyAction {
  verb: string
  zh: string
  en: string
  requires: string[]
}
export interface Turn {
  area: string
  id: string
  person_id: string
  name: string
  has_account: boolean
  state: string
  state_zh: string
  state_en: string
  is_late: boolean
  is_mine: boolean
  signed_on_at: string | null
  ended_at: string | null
  handover: string
  swap_asked_at: string | null
  swap_reason: string
  allowed_actions: DutyAction[]
}
export interface Shift {
  area: string
  id: string
  roster_id: string
  place: Place
  post_zh: string
  post_en: string
  name_zh: string
  name_en: string
  begins_at: string
  ends_at: string
  people: number
  gap: number
  is_over: boolean
  may_manage: boolean
  turns: Turn[]
}
export interface Rosters {
  may_manage: boolean
  rosters: RosterRow[]
  late: Shift[]
}
export interface Roster {
  row: RosterRow
  from_on: string
  days: number
  shifts: Shift[]
  total: number
}
export interface RosterProposal {
  items: { name: string; place: string; post_zh: string; post_en: string; begins_at: string; ends_at: string }[]
  total: number
  unfilled: number
  people: number
  token: string
}
export interface Candidate {
  person_id: string
  name: string
  near_zh: string
  near_en: string
  hours: number
  is_rested: boolean
}
export interface MyShift {
  roster: string
  is_drill: boolean
  signs_on: boolean
  shift: Shift
  turn: Turn
  handovers: { name: string; note: string; at: string }[]
}

export interface Article {
  code: string
  zh: string
  en: string
  unit_zh: string
  unit_en: string
  expires: boolean
}
export interface Store {
  id: string
  code: string
  name: string
  place: Place
  address: string
  keeper: string
  closed_at: string | null
  may_manage: boolean
}
export interface StockOptions {
  may_view: boolean
  may_manage: boolean
  articles: Article[]
  stores: Store[]
  kinds: { code: string; zh: string; en: string; reason: boolean }[]
  own_places: Place[]
}
export interface Balance {
  store_id: string
  store: string
  article: Article
  on_hand: number
  reserved: number
  free: number
  out: number
  expired: number
  uncovered: number
  minimum: number | null
  is_low: boolean
  lots: { lot: string; expires_on: string | null; quantity: number; is_expired: boolean; is_expiring: boolean }[]
  may_manage: boolean
}
export interface StockEntry {
  id: string
  at: string
  store: string
  kind: string
  kind_zh: string
  kind_en: string
  article: Article
  lot: string
  on_hand: number
  reserved: number
  out: number
  of_response: boolean
  to: string
  reason: string
  actor: string
}
export interface StockRequest {
  area: string
  id: string
  number: string
  place: Place
  article: Article
  quantity: number
  approved: number | null
  use: string
  state: string
  state_zh: string
  state_en: string
  store: string
  of_response: boolean
  asked_by: string
  asked_at: string
  steps: { at: string; verb: string; zh: string; en: string; actor: string; reason: string }[]
  allowed_actions: DutyAction[]
}
export interface StockReturn {
  activation_id: string
  number: string
  store_id: string
  store: string
  article: Article
  reserved: number
  issued: number
  returned: number
  consumed: number
  missing: number
  open: number
  may_manage: boolean
}
export interface StockDeed {
  id: string
  kind: string
  item: string
  quantity: number
  lot?: string
  expires_on?: string | null
  place_id?: string | null
  activation_id?: string | null
  reason?: string
}
export interface StockImport {
  dry_run: boolean
  rows: number
  created: number
  changed: number
  unchanged: number
  errors: RowError[]
}
