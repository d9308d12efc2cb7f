/** The endpoints of home isolation and of the store of contacts, one function each. */
import { errorFromAnswer, unreachable } from './errors'
import { ask } from './http'
import type {
  CareBegun,
  CareNew,
  CareOptions,
  CarePerson,
  CareRegime,
  CareReport,
  CareReveal,
  CareRow,
  CareTask,
  CareToday,
  CareWish,
  ContactBody,
  ContactFactBody,
  ContactLink,
  ContactPerson,
  ContactSelf,
  ResidentCare,
  TracingLead,
  TracingPage,
  TracingTask,
  TracingTasks,
} from './types-care'

const at = encodeURIComponent
const post = <T>(path: string, json: unknown = {}) => ask<T>(path, { method: 'POST', json })
export interface CareKey {
  area: string
  id: string
}
const one = (key: CareKey) => `/api/isolation/${at(key.area)}/${at(key.id)}`

export const readCareOptions = () => ask<CareOptions>('/api/isolation/options')
export const readCareRegimes = (place: string) => ask<CareRegime[]>('/api/isolation/regimes', { query: { place } })
export const readCareToday = (place: string) =>
  ask<CareToday>('/api/isolation/today', { query: { place }, background: true })
export const readCarePeople = (query: { which: string; place: string; q: string; offset: number }) =>
  ask<{ people: CareRow[]; has_more: boolean }>('/api/isolation/people', { query, background: true })
export const beginIsolation = (body: CareNew) => post<CareBegun>('/api/isolation', body)
export const beginReferred = (key: CareKey, body: CareNew) => post<CareBegun>(`${one(key)}/begin`, body)
export const readCarePerson = (key: CareKey) => ask<CarePerson>(one(key))
export const stepCare = (key: CareKey, verb: string, reason: string) =>
  post<CarePerson>(`${one(key)}/steps/${at(verb.replaceAll('_', '-'))}`, { reason })
export const revealCare = (key: CareKey, reason: string) => post<CareReveal>(`${one(key)}/reveal`, { reason })
export const noteCareCall = (key: CareKey, outcome: string) => post<CarePerson>(`${one(key)}/call`, { outcome })
export const noteCheckIn = (key: CareKey, body: CareReport) =>
  post<{ created: boolean; transfer_asked: boolean }>(`${one(key)}/check-in`, body)
export const noteTest = (key: CareKey, body: { taken_on: string; result: string }) =>
  post<CarePerson>(`${one(key)}/test`, body)
export const askTransfer = (key: CareKey, reason: string) => post<CarePerson>(`${one(key)}/transfer`, { reason })
export const stepTransfer = (key: CareKey, verb: string, reason: string) =>
  post<CarePerson>(`/api/isolation-transfers/${at(key.area)}/${at(key.id)}/${at(verb.replaceAll('_', '-'))}`, { reason })
export const orderService = (key: CareKey, body: CareWish) => post<CarePerson>(`${one(key)}/services`, body)
export const stepService = (key: CareKey, verb: string, reason: string) =>
  post<null>(`/api/isolation-services/${at(key.area)}/${at(key.id)}/${at(verb.replaceAll('_', '-'))}`, { reason })
export const careNoteAddress = (key: CareKey, lang: string) => `${one(key)}/note?lang=${lang}`
export const readCareTasks = () => ask<{ tasks: CareTask[] }>('/api/isolation/mine', { background: true })

/** Somebody's own page: the number stands in the address, the secret in a header. */
export function ownPage(number: string, secret: string) {
  const base = `/api/care/${at(number)}`
  const headers = { 'X-Follow-Secret': secret }
  const send = (path: string, json: unknown = {}) =>
    ask<ResidentCare>(`${base}/${path}`, { method: 'POST', json, headers })
  return {
    read: () => ask<ResidentCare>(base, { headers, background: true }),
    checkIn: (body: CareReport) => send('check-in', body),
    medical: () => send('medical'),
    takeBack: (id: string) => send(`transfers/${at(id)}/take-back`),
    order: (body: CareWish) => send('services', body),
    service: (id: string, verb: string) => send(`services/${at(id)}/${at(verb.replaceAll('_', '-'))}`),
    fine: (id: string, wasFine: boolean) => send(`services/${at(id)}/fine`, { was_fine: wasFine }),
    messages: (wanted: boolean) => send('messages', { wanted }),
    leave: () => send('leave'),
    note: async (lang: string): Promise<Blob> => {
      const answer = await fetch(`${base}/note?lang=${lang}`, { method: 'POST', headers }).catch(() => {
        throw unreachable()
      })
      if (!answer.ok) throw errorFromAnswer(answer.status, await answer.json().catch(() => null))
      return answer.blob()
    },
  }
}

const task = (key: CareKey) => `/api/tracing/${at(key.area)}/${at(key.id)}`
const person = (key: CareKey) => `/api/tracing-people/${at(key.area)}/${at(key.id)}`
export const readTracing = () => ask<TracingTasks>('/api/tracing')
export const readLeads = () => ask<TracingLead[]>('/api/tracing/leads')
export const dismissLead = (key: CareKey, reason: string) =>
  post<null>(`/api/tracing/leads/${at(key.area)}/${at(key.id)}/dismiss`, { reason })
export const openTracing = (body: { community_id: string; case: ContactBody; lead?: { area: string; id: string } }) =>
  post<TracingTask>('/api/tracing', body)
export const readTracingTask = (key: CareKey) => ask<TracingPage>(task(key))
export const addContact = (key: CareKey, body: ContactBody) => post<ContactPerson>(`${task(key)}/people`, body)
export const closeTracing = (key: CareKey) => post<null>(`${task(key)}/close`)
export const addFacts = (key: CareKey, facts: ContactFactBody[]) => post<ContactPerson>(`${person(key)}/facts`, { facts })
export const readLinks = (key: CareKey) => ask<ContactLink[]>(`${person(key)}/links`)
export const revealContact = (key: CareKey, body: { purpose: string; reason: string }) =>
  post<{ name: string; phone: string; link: string }>(`${person(key)}/reveal`, body)
export const informContact = (key: CareKey) => post<ContactPerson>(`${person(key)}/inform`)
export const referContact = (key: CareKey) => post<{ number: string }>(`${person(key)}/refer`)
export const takeOutContact = (key: CareKey, reason: string) => post<null>(`${person(key)}/take-out`, { reason })
export const readContactSelf = (number: string, secret: string) =>
  ask<ContactSelf>(`/api/contact/${at(number)}`, { headers: { 'X-Follow-Secret': secret } })
