/** What the endpoints of sweeps give and take. */
import type { Coded, Outline, PlaceName } from './types-orders'

export interface FormQuestion extends Coded {
  kind: 'text' | 'number' | 'temperature' | 'choice' | 'yes_no' | 'date'
  required: boolean
  sensitive: boolean
  least: number | null
  most: number | null
  choices: Coded[]
  hint_zh: string
  hint_en: string
}
export interface FormSection extends Coded {
  questions: FormQuestion[]
}
export interface SweepForm extends Coded {
  version: number
  sections: FormSection[]
}
export interface SweepTemplate extends Coded {
  form: string
  targets: string[]
  reasons: string[]
  cadence: string
  hours: number
  per_head: number
  hazard: string
  body: string
}
export interface CadenceRule extends Coded {
  form: string
  does: 'restart' | 'lengthen'
  days: number
}
export interface Cadence extends Coded {
  turns_a_day: number
  days: number[]
  restarts: boolean
  rules: CadenceRule[]
}
export interface SweepOptions {
  templates: SweepTemplate[]
  forms: SweepForm[]
  targets: Coded[]
  cadences: Cadence[]
  reasons: Coded[]
  bases: Coded[]
  results: Coded[]
}
export interface SweepDraft {
  title: string
  place_ids: string[]
  targets: string[]
  form: string
  cadence: string
  until_at: string
  per_head: number
  body: string
  outline: Outline | null
  reasons: string[]
  template: string
  is_drill: boolean
  supersedes: string | null
  listed?: string | null
}
export interface SweepPreview {
  doors: number
  homes: number
  shops: number
  people: number
  needed: number
  a_head: number
}
export interface SweepNumbers {
  doors: number
  visited: number
  absent: number
  refused: number
  vacant: number
  help: number
  wrong: number
  settled: number
  remaining: number
}
export interface Turn {
  number: number
  zh: string
  en: string
  opens_at: string
  closes_at: string
  is_open: boolean
  revisits: number
  numbers: SweepNumbers
}
export interface SweepRow {
  id: string
  number: string
  title: string
  state: string
  state_zh: string
  state_en: string
  place: PlaceName
  form_zh: string
  form_en: string
  is_drill: boolean
  drafted_by: string
  drafted_at: string
  issued_at: string | null
  until_at: string
  ended_at: string | null
  numbers: SweepNumbers
}
export interface Sweep {
  row: SweepRow
  body: string
  places: PlaceName[]
  outline: Outline | null
  targets: Coded[]
  reasons: Coded[]
  form: SweepForm
  cadence: Cadence
  per_head: number
  template: string
  activation_id: string | null
  issued_by: string
  supersedes: string | null
  superseded_by: string | null
  answers_erased_at: string | null
  turns: Turn[]
  people: number
  actions: { verb: string; zh: string; en: string; needs_reason: boolean }[]
  events: { verb: string; zh: string; en: string; by: string; reason: string; at: string }[]
  rules: CourseRule[]
  beyond: number
  group: { doors: number; purpose: string; basis_zh: string; basis_en: string; is_open: boolean }
}
export interface CourseRule {
  code: string
  zh: string
  en: string
  does: string
  doors: number
  last_on: string | null
}
export interface CoverPoint {
  at: string
  doors: number
  settled: number
  absent: number
}
export interface CoverLine {
  place_id: string
  name: string
  level: string
  numbers: SweepNumbers
  has_below: boolean
}
export interface Coverage {
  turn: Turn | null
  numbers: SweepNumbers
  curve: CoverPoint[]
  places: CoverLine[]
  waiting_help: number
  waiting_wrong: number
}
export interface MissedDoor {
  area: string
  piece: string
  door: number
  place: string
  address: string
  result: string
  revisit_at: string | null
  is_priority: boolean
}
export interface ListLine {
  place_id: string
  name: string
  code: string
  people: number
  doors: number
  remaining: number
  a_head: number
}
export type Answers = Record<string, string | number | boolean>
export interface MyDoor {
  area: string
  piece: string
  door: number
  kind: string
  address: string
  is_priority: boolean
  result: string
  seen_at: string | null
  seen_by: string
  revisit_at: string | null
  last: Answers | null
  has_hidden: boolean
  day: number
  moved_on: string | null
  longer_to: string | null
}
export interface MyList {
  sweep: string
  number: string
  title: string
  body: string
  is_drill: boolean
  until_at: string
  turn: number
  turn_zh: string
  turn_en: string
  closes_at: string
  form: SweepForm
  doors: MyDoor[]
  done: number
}
export interface MyLists {
  away: boolean
  sweeps: MyList[]
}
export interface VisitBody {
  id: string
  area: string
  piece: string
  door: number
  turn: number
  result: string
  happened_at: string
  revisit_at?: string
  answers?: Answers
  note?: string
  wrong?: { what: string; doors?: number }
}
export interface VisitOutcome {
  id: string | null
  status: string
  error: { zh: string; en: string; field: string } | null
}
export interface Correction {
  area: string
  id: string
  sweep: string
  title: string
  place: string
  address: string
  what: string
  what_zh: string
  what_en: string
  doors_now: number | null
  doors: number | null
  note: string
  made_at: string
  state: string
  settled_by: string
}
export interface Forecast {
  people: number
  doors: number
  share: number
  door_seconds: number
  done_at: string | null
  more: number
  then_at: string | null
  until_at: string
}
