/** The endpoints of sweeps, one function each. */
import { ask } from './http'
import type { ImportReport } from './types'
import type {
  Correction,
  Coverage,
  Forecast,
  ListLine,
  MissedDoor,
  MyDoor,
  MyLists,
  Sweep,
  SweepDraft,
  SweepOptions,
  SweepPreview,
  SweepRow,
  VisitBody,
  VisitOutcome,
} from './types-sweeps'

const at = encodeURIComponent
const post = <T>(path: string, json: unknown = {}) => ask<T>(path, { method: 'POST', json })

export const readSweeps = (query: { state?: string; activation?: string }) => ask<SweepRow[]>('/api/sweeps', { query })
export const readSweepOptions = () => ask<SweepOptions>('/api/sweeps/options')
export const previewSweep = (draft: SweepDraft) => post<SweepPreview>('/api/sweeps/preview', draft)
export const draftSweep = (draft: SweepDraft) => post<Sweep>('/api/sweeps/drafts', draft)
export const editSweep = (id: string, draft: SweepDraft) => post<Sweep>(`/api/sweeps/${at(id)}/draft`, draft)
export const readSweep = (id: string) => ask<Sweep>(`/api/sweeps/${at(id)}`)
export const doSweep = (id: string, verb: string, body: { reason?: string; seen?: number }) =>
  post<Sweep>(`/api/sweeps/${at(id)}/${at(verb.replace('_', '-'))}`, body)
export const revisitSweep = (id: string) => post<Sweep>(`/api/sweeps/${at(id)}/revisit`)
export function importSweepGroup(
  id: string,
  file: File,
  query: { purpose: string; basis: string; dry_run: string },
): Promise<ImportReport> {
  const form = new FormData()
  form.append('file', file)
  return ask<ImportReport>(`/api/sweeps/${at(id)}/group/import`, { method: 'POST', form, query })
}
export const clearSweepGroup = (id: string) => post<{ count: number }>(`/api/sweeps/${at(id)}/group/clear`)
export const sweepGroupAddress = (id: string) => `/api/sweeps/${at(id)}/group/export`
export const restartSweep = (id: string, body: { area: string; compound_id: string; reason: string }) =>
  post<{ count: number }>(`/api/sweeps/${at(id)}/restart`, body)
export const readCoverage = (id: string, query: { place: string; turn: string }) =>
  ask<Coverage>(`/api/sweeps/${at(id)}/coverage`, { query, background: true })
export const readMissed = (id: string, query: { place: string; turn: string; after: number }) =>
  ask<{ doors: MissedDoor[]; next: number | null }>(`/api/sweeps/${at(id)}/missed`, { query, background: true })
export const readSweepLists = (id: string, query: { place: string; turn: string; after: number }) =>
  ask<ListLine[]>(`/api/sweeps/${at(id)}/lists`, { query, background: true })
export const readForecast = (id: string, more: string) =>
  ask<Forecast>(`/api/sweeps/${at(id)}/forecast`, { query: { more } })
export const sweepExportAddress = (id: string, place: string, turn: string, lang: string) =>
  `/api/sweeps/${at(id)}/export?lang=${lang}${place ? `&place=${at(place)}` : ''}${turn ? `&turn=${at(turn)}` : ''}`
export const readMyDoors = () => ask<MyLists>('/api/sweeps/mine', { background: true })
export const sendVisits = (items: VisitBody[]) =>
  ask<VisitOutcome[]>('/api/sweeps/visits', { method: 'POST', json: { items }, background: true })
export const sayAway = (away: boolean) => post<null>('/api/sweeps/away', { away })
export const revealAnswers = (door: MyDoor, reason: string) =>
  post<{ answers: Record<string, unknown> }>(
    `/api/sweeps/doors/${at(door.area)}/${at(door.piece)}/${door.door}/answers`,
    { reason },
  )
export const readCorrections = (state: string) => ask<Correction[]>('/api/sweeps/corrections', { query: { state } })
export const settleCorrection = (
  one: Correction,
  decision: 'accept' | 'dismiss',
  body: { doors?: number; reason?: string },
) => post<Correction>(`/api/sweeps/corrections/${at(one.area)}/${at(one.id)}/${decision}`, body)
