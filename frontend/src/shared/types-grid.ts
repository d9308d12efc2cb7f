/** Shapes of places in time, compounds, imports, proposals and maps, as the server sends them. */
import type { ImportReport, Place, RowError } from './types'

export type { Place } from './types'

export interface DatedPlace extends Place {
  approximate?: boolean
  has_boundary?: boolean
}

export interface Sides {
  zh: string
  en: string
}

export type ChangeKind = 'create' | 'rename' | 'recode' | 'move' | 'merge' | 'split' | 'close'

export interface SplitPart {
  name: string
  code: string
  id?: string
  children: string[]
}

export interface Change {
  kind: ChangeKind
  on: string
  reason: string
  place_id?: string
  parent_id?: string
  name?: string
  code?: string
  level?: string
  places?: string[]
  into?: { id: string } | { name: string; code: string }
  parts?: SplitPart[]
}

export interface PlaceFacts {
  code: string
  name: string
  /** The id of the place above. */
  parent: string | null
}

export type ChangeWhat = 'created' | 'renamed' | 'recoded' | 'moved' | 'closed'

export interface ChangeRow {
  place_id: string
  level: string
  what: ChangeWhat[]
  before: PlaceFacts | null
  after: PlaceFacts | null
}

export interface Touch extends Sides {
  kind: string
  count: number
}

export interface ChangePreview {
  touches: Touch[]
  rows: ChangeRow[]
  warnings: Sides[]
}

export interface PastChange {
  id: string
  kind: string
  on: string
  at: string
  by: string
  reason: string
  summary_zh: string
  summary_en: string
  can_undo: boolean
  undone: boolean
  rows: ChangeRow[]
}

export interface CompoundRow {
  area: string
  id: string
  kind: string
  kind_zh: string
  kind_en: string
  name: string
  code: string
  address: string
  place: { id: string; name: string; level: string } | null
  lon: number | null
  lat: number | null
  households: number | null
  buildings: number | null
  sources: number
  conflict: boolean
}

export interface CompoundPage {
  items: CompoundRow[]
  next: string | null
  total: number
  households: number
}

export interface CompoundFloor {
  id: string
  floor: number
  top: number
  homes: number
  shops: number
  /** A share of the building's total: no list of its floors is known. */
  estimated: boolean
  microgrid: { id: string; name: string; code: string } | null
}

export interface CompoundSource {
  source: string
  key: string
  name: string
  address: string
  households: number | null
  buildings: number | null
  lon: number | null
  lat: number | null
  datum: string
  seen_on: string
  /** The fields for which this source holds. */
  in_force: string[]
  why_zh: string
  why_en: string
}

export interface CompoundBuilding {
  id: string
  name: string
  lon: number | null
  lat: number | null
  stairwells: { name: string; floors: CompoundFloor[] }[]
}

export interface CompoundValue {
  field: string
  field_zh: string
  field_en: string
  value: string
  /** "" when the floors themselves say it. */
  source: string
  key: string
  why_zh: string
  why_en: string
}

/** What somebody chose or entered, and why. */
export interface CompoundChoice {
  field: string
  field_zh: string
  field_en: string
  source: string
  was: string
  became: string
  reason: string
  by: string
  at: string
}

export interface CompoundDetail extends Omit<CompoundRow, 'buildings' | 'sources'> {
  building_count: number | null
  values: CompoundValue[]
  buildings: CompoundBuilding[]
  sources: CompoundSource[]
  history: CompoundChoice[]
}

export interface CompoundEdit {
  name?: string
  kind?: string
  address?: string
  households?: number
  reason: string
}

export interface GridRowError extends RowError {
  code?: string
}

/** What is said of a feature of a map file. */
export interface FeatureNote {
  row: number
  name: string
  message_zh: string
  message_en: string
}

export interface CompoundReport {
  dry_run: boolean
  rows: number
  created: number
  changed: number
  unchanged: number
  merged: number
  closed: number
  skipped: number
  homes: number
  datum: {
    given: string
    found: string
    used: string
    suggestion_zh: string
    suggestion_en: string
    shares: Record<string, number>
  }
  errors: GridRowError[]
  warnings: GridRowError[]
  wrong_points: GridRowError[]
  mapping: Record<string, string>
  unmapped: string[]
  inside_own_county: number | null
}

export interface BoundaryReport {
  dry_run: boolean
  rows: number
  created: number
  changed: number
  unchanged: number
  settled: number
  repaired: FeatureNote[]
  unmatched: FeatureNote[]
  errors: GridRowError[]
  datum: CompoundReport['datum']
}

/** What the street list of a year changes; `unsure` could also be read another way. */
export interface YearReport {
  year: number
  on: string
  total: number
  created: number
  renamed: number
  recoded: number
  moved: number
  closed: number
  unsure: Sides[]
}

export interface SuccessionReport extends ImportReport {
  years: YearReport[]
}

export interface DrawReport {
  drawn: number
  kept: number
  without_points: { id: string; code: string; name: string }[]
  without_room: { id: string; code: string; name: string }[]
}

export interface GridPage {
  place: DatedPlace
  ancestors: Place[]
  on: string
  households: number
  shops: number
  compounds: number
  buildings: number
  microgrids: { count: number; items: { id: string; code: string; name: string; households: number; shops: number }[] }
  people: { kind: string; kind_zh: string; kind_en: string; count: number; names: string[] }[]
  /** Null for a past day: partners are those of now. */
  partners: number | null
  /** Null for who sees no cases, and for a past day. */
  cases: { open: number; overdue: number; recent: GridCase[] } | null
}

export interface PersonBelow {
  kind: string
  kind_zh: string
  kind_en: string
  name: string
  place_id: string
  place_code: string
  place_name: string
  unit_name: string
  from_on: string
}

export interface GridCase {
  area: string
  id: string
  number: string
  kind_zh: string
  kind_en: string
  text: string
  due_at: string | null
}

export interface MapScope {
  scope: string
  name: string
  version: string | number
  bounds: [number, number, number, number] | null
  min_zoom: number
  max_zoom: number
  from_on: string
}

export interface MapsAnswer {
  scopes: MapScope[]
  as_of: string
}

export type Ring = [number, number][]
export type Shape =
  | { type: 'Polygon'; coordinates: Ring[] }
  | { type: 'MultiPolygon'; coordinates: Ring[][] }

export interface BoundaryFeature {
  type: 'Feature'
  properties: { id: string; name: string; code: string; level: string; approximate: boolean }
  geometry: Shape
}
