/** The endpoints, one function each. */
import { address, ask } from './http'
import type {
  ActionBody,
  CaseDetail,
  CasePage,
  CatalogueImportReport,
  Condition,
  ConditionPage,
  Follow,
  ImportReport,
  KindGroup,
  LinkedCase,
  ManyAnswer,
  ManyBody,
  Me,
  Place,
  PlaceDetail,
  Queue,
  ReportBody,
  ReportReceipt,
  StoredPhoto,
} from './types'

const at = encodeURIComponent

/** Some lists come bare, some in a page: both are fine. */
function listOf<T>(answer: T[] | { items: T[] }): T[] {
  return Array.isArray(answer) ? answer : answer.items
}

export const readMe = () => ask<Me>('/api/me')
export const signIn = (username: string, password: string) =>
  ask<unknown>('/api/session', { method: 'POST', json: { username, password } })
export const signOut = () => ask<unknown>('/api/session', { method: 'DELETE' })

export const readQueues = async (background = false) =>
  listOf(await ask<Queue[] | { items: Queue[] }>('/api/queues', { background }))
export const readCases = (
  query: { queue: string; q?: string; place?: string; cursor?: string; limit?: number },
  background = false,
) => ask<CasePage>('/api/cases', { query, background })
export const readCase = (area: string, id: string, background = false) =>
  ask<CaseDetail>(`/api/cases/${at(area)}/${at(id)}`, { background })
export const act = (area: string, id: string, verb: string, body: ActionBody, key: string) =>
  ask<CaseDetail>(`/api/cases/${at(area)}/${at(id)}/actions/${at(verb)}`, {
    method: 'POST',
    json: body,
    headers: { 'Idempotency-Key': key },
  })
export const actMany = (verb: string, body: ManyBody) =>
  ask<ManyAnswer>(`/api/cases/many/${at(verb)}`, { method: 'POST', json: body })
export const makeBundle = (body: { area: string; cases: string[]; name: string; due_at: string }) =>
  ask<{ id: string; cases: number }>('/api/bundles', { method: 'POST', json: body })
export const readByNumber = (number: string) => ask<LinkedCase[]>(`/api/cases/numbers/${at(number)}`)
export const caseFileAddress = (area: string, id: string) => `/api/cases/${at(area)}/${at(id)}/file`
export const exportAddress = (queue: string, q: string, place: string) =>
  address('/api/cases/export', { queue, q, place })
export const revealPhone = (area: string, id: string, reason: string) =>
  ask<{ phone: string }>(`/api/cases/${at(area)}/${at(id)}/reveal`, { method: 'POST', json: { reason } })

export const uploadPhoto = (photo: Blob) => ask<StoredPhoto>('/api/media', { method: 'POST', raw: photo })
export const photoAddress = (sha256: string, variant: 'shown' | 'thumbnail') =>
  `/api/media/${at(sha256)}/${variant}`

export const readPlaces = async (query: { parent?: string; q?: string }) =>
  listOf(await ask<Place[] | { items: Place[] }>('/api/places', { query }))
export const readWhere = (parent: string) => ask<Place[]>('/api/where', { query: parent ? { parent } : {} })
export const readPlace = (id: string) => ask<PlaceDetail>(`/api/places/${at(id)}`)
export const importPlaces = (file: File, dryRun: boolean) => {
  const form = new FormData()
  form.set('file', file)
  return ask<ImportReport>('/api/places/import', {
    method: 'POST',
    form,
    query: { dry_run: dryRun ? 1 : '' },
  })
}

export const readConditions = (query: { kind?: string; q?: string; cursor?: string }) =>
  ask<ConditionPage>('/api/catalogue/conditions', { query })
export const importCatalogue = (file: File, dryRun: boolean) => {
  const form = new FormData()
  form.set('file', file)
  return ask<CatalogueImportReport>('/api/catalogue/import', {
    method: 'POST',
    form,
    query: { dry_run: dryRun ? 1 : '' },
  })
}
export const answerLimit = (id: string, amount: number, unit: string) =>
  ask<Condition>(`/api/catalogue/conditions/${at(id)}/limit`, { method: 'POST', json: { amount, unit } })

/** Kinds to choose from; with a place or a point also those of a response that goes on there. */
export const readKinds = (where: { place?: string | null; lon?: number | null; lat?: number | null } = {}) =>
  ask<KindGroup[]>('/api/kinds', { query: where })
export const report = (body: ReportBody, key: string) =>
  ask<ReportReceipt>('/api/reports', { method: 'POST', json: body, headers: { 'Idempotency-Key': key } })
export const readFollow = (number: string, secret: string, background = false) =>
  ask<Follow>(`/api/follow/${at(number)}`, { headers: { 'X-Follow-Secret': secret }, background })
export const rate = (
  number: string,
  secret: string,
  body: { solved: boolean; stars: number; text: string },
  key: string,
) =>
  ask<Follow>(`/api/follow/${at(number)}/rate`, {
    method: 'POST',
    json: body,
    headers: { 'X-Follow-Secret': secret, 'Idempotency-Key': key },
  })

export const readPushConfig = () => ask<{ url: string; intake: string; token: string }>('/api/push/config')
