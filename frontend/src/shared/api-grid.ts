/** The endpoints of places in time, compounds, imports, proposals and maps, one function each. */
import { address, ask } from './http'
import type { ImportReport } from './types'
import type {
  CommunityEdit,
  CommunityView,
  NewProposal,
  Preset,
  Proposal,
  ProposalRow,
  PublishPreview,
} from './types-division'
import type {
  BoundaryFeature,
  BoundaryReport,
  Change,
  ChangePreview,
  CompoundDetail,
  CompoundEdit,
  CompoundPage,
  CompoundReport,
  DatedPlace,
  DrawReport,
  GridPage,
  PersonBelow,
  MapsAnswer,
  PastChange,
  SuccessionReport,
} from './types-grid'

const at = encodeURIComponent
const post = <T>(path: string, json: unknown = {}) => ask<T>(path, { method: 'POST', json })

export const readTree = (query: { parent?: string; q?: string; on?: string }) =>
  ask<DatedPlace[]>('/api/places', { query })
export const readPlaceOn = (id: string, on: string) =>
  ask<DatedPlace & { ancestors: DatedPlace[] }>(`/api/places/${at(id)}`, { query: { on } })
export const readBoundary = (id: string, on: string) =>
  ask<BoundaryFeature>(`/api/places/${at(id)}/boundary`, { query: { on } })
export const placesExportAddress = (query: { under: string; on: string; format: string }) =>
  address('/api/places/export', query)
export const previewChange = (change: Change) => post<ChangePreview>('/api/places/changes/preview', change)
export const makeChange = (change: Change) =>
  post<ChangePreview & { change_id: string }>('/api/places/changes', change)
export const readChanges = (query: { place: string; cursor?: string }) =>
  ask<{ items: PastChange[]; next: string | null }>('/api/places/changes', { query })
export const changesExportAddress = (query: { place: string; format: string; lang: string }) =>
  address('/api/places/changes/export', query)
export const undoChange = (id: string, reason: string) =>
  post<unknown>(`/api/places/changes/${at(id)}/undo`, { reason })
export const readGridPage = (id: string, on: string) => ask<GridPage>(`/api/grids/${at(id)}`, { query: { on } })

export const readPeopleBelow = (id: string, kind: string, on: string) =>
  ask<{ total: number; items: PersonBelow[] }>(`/api/grids/${at(id)}/people`, { query: { kind, on } })
export const microgridsFile = (id: string, query: { on: string; lang: string }) =>
  address(`/api/grids/${at(id)}/microgrids/export`, query)
export const peopleBelowFile = (id: string, query: { kind: string; on: string; lang: string }) =>
  address(`/api/grids/${at(id)}/people/export`, query)

export const readCompounds = (query: {
  place: string
  q?: string
  kind?: string
  cursor?: string
  on?: string
}) => ask<CompoundPage>('/api/compounds', { query })
export const readCompound = (area: string, id: string) =>
  ask<CompoundDetail>(`/api/compounds/${at(area)}/${at(id)}`)
export const putInForce = (
  area: string,
  id: string,
  body: { source: string; key: string; field: string; reason: string },
) => post<CompoundDetail>(`/api/compounds/${at(area)}/${at(id)}/in-force`, body)
export const editCompound = (area: string, id: string, body: CompoundEdit) =>
  post<CompoundDetail>(`/api/compounds/${at(area)}/${at(id)}/edit`, body)
export const compoundsExportAddress = (query: { place: string; on: string; format: string }) =>
  address('/api/compounds/export', query)
export const TEMPLATE_ADDRESS = '/api/compounds/template'

export type Given = Record<string, string>
function sendFile<T>(path: string, file: File, dryRun: boolean, fields: Given, query: Given = {}): Promise<T> {
  const form = new FormData()
  for (const [name, value] of Object.entries(fields)) if (value) form.set(name, value)
  form.set('file', file)
  return ask<T>(path, { method: 'POST', form, query: { dry_run: dryRun ? 1 : '', ...query } })
}
export const importDivisions = (file: File, dryRun: boolean, on: string) =>
  sendFile<ImportReport>('/api/places/import', file, dryRun, {}, { on })
export const importSuccessions = (file: File, dryRun: boolean) =>
  sendFile<SuccessionReport>('/api/places/successions', file, dryRun, {})
export const importCompounds = (file: File, dryRun: boolean, fields: Given) =>
  sendFile<CompoundReport>('/api/compounds/import', file, dryRun, fields)
export const importBoundaries = (file: File, dryRun: boolean, fields: Given) =>
  sendFile<BoundaryReport>('/api/places/boundaries/import', file, dryRun, fields)
export const drawBoundaries = (body: { place_id: string; level: string; dry_run: boolean }) =>
  post<DrawReport>('/api/places/boundaries/draw', body)

export const readProposals = () => ask<{ items: ProposalRow[]; presets: Preset[] }>('/api/proposals')
export const propose = (body: NewProposal) => post<ProposalRow>('/api/proposals', body)
export const readProposal = (id: string, background = false) =>
  ask<Proposal>(`/api/proposals/${at(id)}`, { background })
export const readCommunity = (id: string, place: string) =>
  ask<CommunityView>(`/api/proposals/${at(id)}/communities/${at(place)}`)
export const editCommunity = (id: string, place: string, edit: CommunityEdit) =>
  post<CommunityView>(`/api/proposals/${at(id)}/communities/${at(place)}/edits`, edit)
export const undoEdit = (id: string, place: string, version: number) =>
  post<CommunityView>(`/api/proposals/${at(id)}/communities/${at(place)}/undo`, { version })
export const previewPublish = (id: string, on: string) =>
  post<PublishPreview>(`/api/proposals/${at(id)}/preview`, { on })
export const publishProposal = (id: string, body: { version: number; on: string; reason: string }) =>
  post<ProposalRow>(`/api/proposals/${at(id)}/publish`, body)
export const discardProposal = (id: string, version: number) =>
  post<ProposalRow>(`/api/proposals/${at(id)}/discard`, { version })
export const proposalExportAddress = (id: string, format: string, place = '') =>
  address(`/api/proposals/${at(id)}/export`, { format, place })
export const proposalsExportAddress = (lang: string) => address('/api/proposals/export', { lang })

export const readMaps = (on: string) => ask<MapsAnswer>('/api/maps', { query: { on } })
