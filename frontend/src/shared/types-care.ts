/** Shapes of home isolation and of the store of contacts. */
export interface CareNamed {
  code: string
  zh: string
  en: string
  daily?: boolean
}
export interface CareOptions {
  needs: CareNamed[]
  symptoms: CareNamed[]
  services: CareNamed[]
  voluntary: boolean
  most_days: number
  temperature_limit: number
  may_manage: boolean
  may_trace: boolean
}
export interface CareRegime {
  number: string
  title: string
  edition_zh: string
  edition_en: string
  why_zh: string
  why_en: string
  basis: string
  document: string
  last_on: string | null
  isolation_days: number
  may_confine: boolean
}
export type CareDuty = 'missed' | 'duty' | 'due' | 'transfer' | 'service' | 'release' | 'referred' | 'live'
export interface CarePlace {
  id: string
  name: string
  people: number
  missed: number
  duty: number
  transfers: number
  has_below: boolean
}
export interface CareToday {
  at: string
  counts: Record<CareDuty, number>
  places: CarePlace[]
}
export interface CareSlot {
  id: string
  on_day: string
  window_zh: string
  window_en: string
  opens_at: string
  due_at: string
  state: string
  missed: boolean
  rung_zh: string
  rung_en: string
  done_at: string | null
}
export interface CareAction {
  verb: string
  zh: string
  en: string
  needs_reason: boolean
}
export interface CareTransfer {
  area: string
  id: string
  state: string
  state_zh: string
  state_en: string
  why_zh: string
  why_en: string
  asked_at: string
  due_at: string
  ended_at: string | null
  overdue: boolean
  actions: CareAction[]
}
export interface CareRow {
  area: string
  id: string
  number: string
  name: string
  phone: string
  place: string
  compound: string
  state: string
  state_zh: string
  state_en: string
  release_on: string
  is_drill: boolean
  slots: CareSlot[]
  transfer_zh: string
  transfer_en: string
}
export interface CareService {
  area: string
  id: string
  kind_zh: string
  kind_en: string
  text: string
  for_on: string
  daily: boolean
  state: string
  state_zh: string
  state_en: string
  taken_by: string
  reason: string
  was_fine: boolean | null
  actions: CareAction[]
}
export interface CareStanding {
  id: string
  kind_zh: string
  kind_en: string
  text: string
}
export interface CareCheckIn {
  at: string
  source_zh: string
  source_en: string
  by: string
  temperature: number | null
  symptoms_zh: string[]
  symptoms_en: string[]
  note: string
}
export interface CareEvent {
  at: string
  zh: string
  en: string
  actor: string
  text: string
}
export interface CareDates {
  edition_zh: string
  edition_en: string
  why_zh: string
  why_en: string
  begun_on: string
  release_on: string
  monitored_until_on: string
  last_on: string | null
  day: number
  missing: { zh: string; en: string }[]
  tests: { day: number; due_on: string; taken_on: string | null; negative: boolean | null }[]
}
export interface CarePerson {
  row: CareRow
  is_voluntary: boolean
  basis: string
  document: string
  begun_by: string
  begun_at: string
  ended_at: string | null
  signed_by: string
  may_message: boolean
  dates: CareDates
  slots: CareSlot[]
  check_ins: CareCheckIn[]
  transfers: CareTransfer[]
  services: CareService[]
  standing: CareStanding[]
  calls: CareEvent[]
  events: CareEvent[]
  actions: CareAction[]
  may_touch: boolean
  may_manage: boolean
}
export interface CareMember {
  name: string
  relation: string
}
export interface CareEmergency extends CareMember {
  phone: string
}
export interface CareReveal {
  name: string
  phone: string
  door: string
  household: CareMember[]
  emergency: CareEmergency[]
  needs: CareNamed[]
  link: string
  qr: string
}
export interface CareBegun {
  area: string
  id: string
  number: string
  link: string
  qr: string
}
export interface CareNew {
  id: string
  place_id: string
  name: string
  phone: string
  begun_on: string
  door: string
  compound: { area: string; id: string } | null
  floor_id: string | null
  household: CareMember[]
  emergency: CareEmergency[]
  needs: string[]
  is_voluntary: boolean
  may_message: boolean
  basis: string
  document: string
}
export interface CareReport {
  id: string
  temperature: number | null
  symptoms: string[]
  note: string
  source?: string
  slot_id?: string | null
}
export interface CareWish {
  id: string
  kind: string
  text: string
  daily: boolean
}
export interface CareTask {
  area: string
  isolation_id: string
  what: 'check_in' | 'transfer' | 'service'
  what_zh: string
  what_en: string
  name: string
  place: string
  door: string
  since: string
  row_id: string
  text: string
  state_zh: string
  state_en: string
  actions: CareAction[]
}
export interface ResidentCare {
  number: string
  name: string
  state: string
  state_zh: string
  state_en: string
  live: boolean
  is_voluntary: boolean
  is_drill: boolean
  basis: string
  document: string
  dates: CareDates
  today: CareSlot[]
  next_at: string | null
  check_ins: CareCheckIn[]
  transfers: CareTransfer[]
  services: CareService[]
  standing: CareStanding[]
  actions: CareAction[]
  symptoms: CareNamed[]
  kinds: CareNamed[]
  may_message: boolean
  has_note: boolean
  ended_at: string | null
  destroyed_on: string | null
  hotline: string
}
export interface TracingTask {
  area: string
  id: string
  number: string
  community: string
  document: string
  opened_by: string
  opened_at: string
  destroy_at: string
  people: number
}
export interface TracingLead {
  area: string
  id: string
  community_id: string
  community: string
  door: string
  people: number
  found_on: string
  made_at: string
  destroy_at: string
}
export interface TracingTasks {
  tasks: TracingTask[]
  leads: number
  purposes: CareNamed[]
  kinds: CareNamed[]
}
export interface ContactPerson {
  area: string
  id: string
  number: string
  degree: number
  degree_zh: string
  degree_en: string
  name: string
  phone: string
  state: string
  state_zh: string
  state_en: string
  found_through: string | null
  last_exposed_on: string
  observe_until_on: string
  destroy_at: string
  facts: { kind_zh: string; kind_en: string; value: string; on_day: string | null }[]
}
export interface TracingPage {
  task: TracingTask
  basis: string
  people: ContactPerson[]
}
export interface ContactLink {
  person: ContactPerson
  kinds_zh: string[]
  kinds_en: string[]
}
export interface ContactFactBody {
  kind: string
  value: string
  on_day: string | null
}
export interface ContactBody {
  id: string
  name: string
  last_exposed_on: string
  phone: string
  found_through: string | null
  facts: ContactFactBody[]
}
export interface ContactSelf {
  number: string
  name: string
  degree_zh: string
  degree_en: string
  last_exposed_on: string
  observe_until_on: string
  destroy_at: string
  basis: string
  document: string
  readers: { post_zh: string; post_en: string; purpose_zh: string; purpose_en: string; at: string }[]
  hotline: string
}
