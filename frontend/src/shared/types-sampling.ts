/** What the endpoints of sampling and distribution give and take. */
import type { PlaceName } from './types-orders'

export type CampaignKind = 'sampling' | 'distribution'
export interface Pooling {
  code: string
  zh: string
  en: string
  size: number
  household: boolean
}
export interface SamplingTemplate {
  code: string
  kind: CampaignKind
  zh: string
  en: string
  people_per_point: number
  most_tables: number
  table_rate: number
  pooling: string
  round_hours: number
  queue_limit: number
  slot_minutes: number
  opens: string
  closes: string
  days: number
}
export interface SamplingOptions {
  templates: SamplingTemplate[]
  pooling: Pooling[]
  people_per_home: number
}
export interface CampaignDraft {
  template: string
  place_ids: string[]
  first_on: string
  title: string
  goods: string
  days: number | null
  opens: string
  closes: string
  slot_minutes: number | null
  table_rate: number | null
  most_tables: number | null
  people_per_point: number | null
  pooling: string
  is_drill: boolean
}
export interface SamplingPreview {
  doors: number
  people: number
  microgrids: number
  ungridded: number
  points: number
  tables: number
  table_hours: number
  samplers: number
  slots: number
  slot_people: number
}
export interface CampaignRow {
  id: string
  number: string
  kind: CampaignKind
  title: string
  state: string
  state_zh: string
  state_en: string
  is_drill: boolean
  places: PlaceName[]
  first_on: string
  days: number
  doors: number
  people: number
  come_doors: number
  come_people: number
}
export interface CampaignVerb {
  verb: string
  zh: string
  en: string
  needs_reason: boolean
}
export interface Campaign extends CampaignRow {
  template: string
  goods: string
  opens: string
  closes: string
  slot_minutes: number
  table_rate: number
  most_tables: number
  people_per_point: number
  pooling: string
  pooling_zh: string
  pooling_en: string
  queue_limit: number
  round_hours: number
  microgrids: number
  left_out: number
  ungridded: number
  metres: number
  planned_at: string | null
  drafted_by: string
  drafted_at: string
  issued_by: string
  issued_at: string | null
  ended_at: string | null
  has_activation: boolean
  may_change: boolean
  allowed_actions: CampaignVerb[]
  events: { verb: string; zh: string; en: string; actor_name: string; reason: string; at: string }[]
}
export interface SamplingPoint {
  area: string
  id: string
  number: number
  name: string
  address: string
  place: string
  lon: number
  lat: number
  tables: number
  paused: number[]
  opens: string
  closes: string
  is_open: boolean
  by_hand: boolean
  doors: number
  people: number
  microgrids: number
}
export interface PointGrid {
  place_id: string
  code: string
  name: string
  community: string
  doors: number
  people: number
  pinned: boolean
  begin: string
  end: string
}
export interface PointPlan {
  point: SamplingPoint
  slots: { slot: number; on: string; begin: string; end: string; people: number; room: number }[]
  grids: PointGrid[]
}
export interface PointBoard {
  area: string
  id: string
  number: number
  name: string
  is_open: boolean
  planned: number
  planned_now: number
  come: number
  hour: number
  waiting: number | null
  wait_minutes: number | null
  over_limit: boolean
  tubes_open: number
  tubes_closed: number
  tubes_handed: number
  tubes_told: number
  last_at: string | null
  tables: { number: number; come: number; hour: number; is_paused: boolean; tubes_open: number }[]
}
export interface PlaceBoard {
  id: string
  name: string
  level: string
  doors: number
  come_doors: number
  come_people: number
  has_below: boolean
}
export interface CampaignBoard {
  at: string | null
  doors: number
  come_doors: number
  come_people: number
  people: number
  points: PointBoard[]
  places: PlaceBoard[]
  retests: Record<string, number>
}
export interface MissingDoors {
  doors: { microgrid: string; compound: string; where: string; point: string; begin: string | null }[]
  has_more: boolean
}
export interface Retest {
  area: string
  id: string
  state: string
  state_zh: string
  state_en: string
  people: number
  sampled: number
  microgrid: string
  where: string
  code: string
  barcode: string
  tube_zh: string
  tube_en: string
}
export interface ResultsReport {
  dry_run: boolean
  rows: number
  negative: number
  positive: number
  invalid: number
  unchanged: number
  retests: number
  errors: { row: number; field: string; message_zh: string; message_en: string }[]
}
export interface WorkPoint {
  area: string
  id: string
  name: string
  address: string
  kind: CampaignKind
  title: string
  number: string
  is_drill: boolean
  first_on: string
  opens: string
  closes: string
}
export interface WorkTube {
  id: string
  barcode: string
  pooling: string
  table: number
  capacity: number
  filled: number
  state: string
  opened_at: string
}
export interface WorkPointPage extends WorkPoint {
  pooling: string
  poolings: Pooling[]
  queue_limit: number
  tables: { number: number; hour: number; come: number; is_paused: boolean }[]
  tubes: WorkTube[]
  grids: { id: string; name: string; community: string; begin: string; end: string }[]
  retests: Retest[]
  planned_now: number
  come: number
  hour: number
  waiting: number | null
  wait_minutes: number | null
}
/** One thing done at a point; `id` is made here, that of an opened tube is the tube's own. */
export interface Sample {
  id: string
  area: string
  point: string
  what: 'check_in' | 'tube' | 'close' | 'box' | 'pause' | 'resume' | 'queue'
  happened_at: string
  table?: number
  people?: number
  ticket?: string
  place?: string
  tube?: string
  retest?: string
  barcode?: string
  pooling?: string
  tubes?: string[]
  label?: string
  taken_by?: string
}
export interface SampleOutcome {
  id: string | null
  status: 'stored' | 'known' | 'conflict' | 'unknown' | 'invalid'
  error: { code: string; message_zh: string; message_en: string; field: string } | null
}
export interface ResidentSlots {
  place: string
  is_ticket: boolean
  slots: {
    kind: CampaignKind
    title: string
    goods: string
    is_drill: boolean
    begin: string
    end: string
    point: string
    address: string
    lon: number
    lat: number
    bring_zh: string
    bring_en: string
    note_zh: string
    note_en: string
  }[]
}
export type GridSlot = ResidentSlots['slots'][number] & { grid: string }
