/** The endpoints of rosters and stock, one function each. */
import { ask } from './http'
import type {
  Balance,
  Candidate,
  MyShift,
  Roster,
  RosterOptions,
  RosterProposal,
  RosterRow,
  Rosters,
  Shift,
  StockDeed,
  StockEntry,
  StockImport,
  StockOptions,
  StockRequest,
  StockReturn,
  Store,
  Turn,
} from './types-duty'

const at = encodeURIComponent
const post = <T>(path: string, json: unknown) => ask<T>(path, { method: 'POST', json })

export const readRosters = (ended: boolean) =>
  ask<Rosters>('/api/rosters', { query: { ended: ended ? '1' : '' }, background: true })
export const readRosterOptions = () => ask<RosterOptions>('/api/rosters/options')
export const beginRoster = (body: {
  template: string
  place_ids: string[]
  from_on: string
  to_on: string
  name: string
}) => post<RosterRow>('/api/rosters', body)
export interface RosterQuery {
  from_on: string
  days: number
  place: string
  gaps: string
}
export const readRoster = (id: string, query: RosterQuery) =>
  ask<Roster>(`/api/rosters/${at(id)}`, { query: { ...query } })
export const proposeRoster = (id: string) => post<RosterProposal>(`/api/rosters/${at(id)}/propose`, {})
export const confirmRoster = (id: string, token: string) =>
  post<{ made: number }>(`/api/rosters/${at(id)}/confirm`, { token })
export const setTelling = (id: string, on: boolean) => post<RosterRow>(`/api/rosters/${at(id)}/telling`, { on })
export const endRoster = (id: string, reason: string) =>
  post<RosterRow>(`/api/rosters/${at(id)}/end`, { reason })
export const readCandidates = (shift: { area: string; id: string }) =>
  ask<Candidate[]>(`/api/roster-shifts/${at(shift.area)}/${at(shift.id)}/candidates`)
export const assignShift = (shift: { area: string; id: string }, person_id: string) =>
  post<Shift>(`/api/roster-shifts/${at(shift.area)}/${at(shift.id)}/assign`, { person_id })
export const doTurn = (
  turn: { area: string; id: string },
  verb: string,
  body: { reason?: string; note?: string; other?: { area: string; id: string } },
) => post<Turn>(`/api/roster-turns/${at(turn.area)}/${at(turn.id)}/${at(verb.replace('_', '-'))}`, body)
export const readMyShifts = () => ask<MyShift[]>('/api/rosters/mine', { background: true })

export const readStockOptions = () => ask<StockOptions>('/api/stock/options')
export const readBalances = (query: { store: string; item: string }) =>
  ask<Balance[]>('/api/stock/balances', { query })
export const readLedger = (query: { store: string; item: string; offset: number }) =>
  ask<{ items: StockEntry[]; total: number }>('/api/stock/ledger', { query })
export const readStockRequests = (query: { which: string; mine: string }) =>
  ask<StockRequest[]>('/api/stock/requests', { query })
export const readReturns = (activation: string) =>
  ask<StockReturn[]>('/api/stock/returns', { query: { activation } })
export const askForStock = (body: {
  place_id: string
  use: string
  items: { item: string; quantity: number }[]
}) => post<StockRequest[]>('/api/stock/requests', body)
export const doRequest = (
  request: { area: string; id: string },
  verb: string,
  body: { store_id?: string; quantity?: number; reason?: string },
) => post<StockRequest>(`/api/stock/requests/${at(request.area)}/${at(request.id)}/${at(verb)}`, body)
export const bookStock = (store: string, deed: StockDeed) =>
  post<StockEntry[]>(`/api/stock/stores/${at(store)}/book`, deed)
export const setMinimum = (store: string, item: string, quantity: number) =>
  post<unknown>(`/api/stock/stores/${at(store)}/minimum`, { item, quantity })
export const makeStore = (body: { code: string; name: string; place_id: string; address: string }) =>
  post<Store>('/api/stock/stores', body)
export const closeStore = (store: string, reason: string) =>
  post<Store>(`/api/stock/stores/${at(store)}/close`, { reason })
export function importStock(file: File, dryRun: boolean): Promise<StockImport> {
  const form = new FormData()
  form.append('file', file)
  return ask<StockImport>('/api/stock/import', { method: 'POST', form, query: { dry_run: dryRun ? '1' : '' } })
}
