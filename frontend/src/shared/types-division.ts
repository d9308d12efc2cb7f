/** Shapes of proposals and of one community on the workbench, as the server sends them. */
import type { ErrorBody } from './types'
import type { Shape, Sides } from './types-grid'

export interface ProposalNumbers {
  estimated: number
  without_floors: number
  communities: number
  floors: number
  households: number
  microgrids: number
  grids: number
  below: number
  above: number
  crossings: number
  needless: number
  building_splits: number
  stairwell_splits: number
  variation: number
  moved: number
  kept: number
  seconds: number
}

export type ProposalState =
  | 'waiting'
  | 'working'
  | 'ready'
  | 'publishing'
  | 'published'
  | 'discarded'
  | 'failed'

export interface ProposalException {
  community_id: string
  community: string
  label: number
  households: number
  reason_zh: string
  reason_en: string
}

export interface ProposalCommunity {
  place_id: string
  code: string
  name: string
  households: number
  microgrids: number
  exceptions: number
  edited: boolean
  approximate: boolean
}

export interface ProposalRow {
  id: string
  name: string
  state: ProposalState
  low: number
  high: number
  target: number
  mode: 'fast' | 'best'
  emergency: boolean
  created_at: string
  created_by: string
  published_on: string | null
  version: number
  numbers: Partial<ProposalNumbers>
  progress: { step: string; step_zh: string; step_en: string; done: number; of: number }
  error: ErrorBody | null
}

export interface Preset extends Sides {
  code: string
  low: number
  high: number
  target: number
}

export interface Proposal extends ProposalRow {
  communities: ProposalCommunity[]
  exceptions: ProposalException[]
}

export interface NewProposal {
  name: string
  place_ids: string[]
  low: number
  high: number
  target: number
  mode: 'fast' | 'best'
  emergency: boolean
}

export interface MicroGrid {
  label: number
  name: string
  grid: number
  households: number
  shops: number
  floors: number
  state: 'within' | 'below' | 'above'
  reason_zh: string
  reason_en: string
  accept: string
  kept: boolean
  place_id: string | null
}

export interface BandFloor {
  id: string
  stairwell: string
  floor: number
  top: number
  homes: number
  shops: number
  label: number
}

export interface GridBuilding {
  id: string
  compound_id: string
  compound: string
  name: string
  lon: number | null
  lat: number | null
  floors: BandFloor[]
}

export interface LabelFeature {
  type: 'Feature'
  properties: { label: number }
  geometry: Shape | null
}

export interface CommunityView {
  place_id: string
  name: string
  code: string
  version: number
  low: number
  high: number
  approximate: boolean
  microgrids: MicroGrid[]
  buildings: GridBuilding[]
  polygons: { type: 'FeatureCollection'; features: LabelFeature[] }
  outline: Shape | null
  edits: { n: number; kind: string; zh: string; en: string; by: string; at: string }[]
  can_undo: boolean
}

export interface CommunityEdit {
  version: number
  kind: 'move' | 'split' | 'merge'
  floors: string[]
  to: number | null
  labels: number[]
  accept: string
}

export interface PublishPreview {
  created: number
  kept: number
  closed: { id: string; code: string; name: string }[]
  moved_households: number
}
