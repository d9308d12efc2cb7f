/** The endpoints of the notice board and of surge posting, one function each. */
import { address, ask } from './http'
import type { ImportReport } from './types'
import type {
  Assignment,
  Board,
  NeedBody,
  OffersBody,
  PublicBoard,
  Surge,
  SurgeHistory,
  SurgeHome,
  SurgePosting,
} from './types-surge'

const at = encodeURIComponent
const post = <T>(path: string, json: unknown) => ask<T>(path, { method: 'POST', json })

export const readBoard = (place: string) => ask<Board>(`/api/places/${at(place)}/card`)
export const readPublicBoard = (code: string) => ask<PublicBoard>(`/api/where/${at(code)}/card`)
export const setContact = (
  place: string,
  body: { post_id: string; shown: boolean; phone?: string; photo?: string },
) => post<Board>(`/api/places/${at(place)}/card/people`, body)
export const boardAddress = (
  place: string,
  query: { size: string; whole?: number | ''; level?: string; lang: string },
) => address(`/api/places/${at(place)}/card.pdf`, query)

export const readSurge = (query: { unit?: string; state?: string }) => ask<Surge>('/api/surge', { query })
export const readHomes = (q: string) => ask<SurgeHome[]>('/api/surge/homes', { query: { q } })
export const stateNeed = (body: NeedBody) => post<unknown>('/api/surge/needs', body)
export const withdrawNeed = (area: string, id: string, reason: string) =>
  post<unknown>(`/api/surge/needs/${at(area)}/${at(id)}/withdraw`, { reason })
export const offerPeople = (body: OffersBody) => post<{ made: number }>('/api/surge/offers', body)
export const withdrawOffer = (id: string, reason: string) =>
  post<unknown>(`/api/surge/offers/${at(id)}/withdraw`, { reason })
export const readOfferHistory = (id: string) => ask<SurgeHistory[]>(`/api/surge/offers/${at(id)}/history`)
export const revealOfferPhone = (id: string, reason: string) =>
  post<{ phone: string }>(`/api/surge/offers/${at(id)}/phone`, { reason })
export const importOffers = (file: File, dryRun: boolean, days: { from_on: string; to_on: string }) => {
  const form = new FormData()
  form.set('file', file)
  return ask<ImportReport>('/api/surge/offers/import', {
    method: 'POST',
    form,
    query: { ...days, dry_run: dryRun ? 1 : '' },
  })
}
export const offersTemplateAddress = '/api/surge/offers/template'
export const previewAssignment = (on: string, needs: { area: string; id: string }[]) =>
  post<Assignment>('/api/surge/assign/preview', { on, needs })
export const assign = (on: string, needs: { area: string; id: string }[], token: string) =>
  post<Assignment>('/api/surge/assign', { on, needs, token })
export const readPostings = (query: { unit?: string; place?: string; on?: string }) =>
  ask<{ items: SurgePosting[]; total: number }>('/api/surge/postings', { query })
export const readMyPostings = () => ask<SurgePosting[]>('/api/surge/mine')
export const takeStep = (posting: SurgePosting, verb: string, reason: string) =>
  post<SurgePosting>(
    `/api/surge/postings/${at(posting.area)}/${at(posting.id)}/${at(verb.replace('_', '-'))}`,
    { reason },
  )
export const needsFile = (query: { format: string; lang: string }) => address('/api/surge/needs/export', query)
export const offersFile = (query: { unit: string; state: string; lang: string }) =>
  address('/api/surge/offers/export', query)
export const surgeExportAddress = (query: { by: string; unit?: string; on?: string; lang: string }) =>
  address('/api/surge/export', query)
