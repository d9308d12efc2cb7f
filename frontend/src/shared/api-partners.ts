/** The endpoints of partner organisations, one function each. */
import { address, ask } from './http'
import type { Partner, PartnerBody, PartnerEvent, Partners } from './types-partners'

const at = encodeURIComponent
const post = <T>(path: string, json: unknown) => ask<T>(path, { method: 'POST', json })
const one = (partner: Partner) => `/api/partners/${at(partner.area)}/${at(partner.id)}`

export const readPartners = (place: string, state: string) =>
  ask<Partners>('/api/partners', { query: { place, state } })
export const addPartner = (body: PartnerBody & { place_id: string }) => post<Partner>('/api/partners', body)
export const changePartner = (partner: Partner, body: PartnerBody & { keep_phone: boolean }) =>
  post<Partner>(one(partner), body)
export const stepPartner = (partner: Partner, verb: string, said: string) =>
  post<Partner>(`${one(partner)}/step/${at(verb)}`, { said })
export const readPartnerHistory = (partner: Partner) => ask<PartnerEvent[]>(`${one(partner)}/history`)
export const revealPartnerPhone = (partner: Partner, reason: string) =>
  post<{ phone: string }>(`${one(partner)}/phone`, { reason })
export const addAgreement = (
  partner: Partner,
  body: { title: string; content: string; from_on: string; last_on: string | null },
) => post<Partner>(`${one(partner)}/agreements`, body)
export const endAgreement = (partner: Partner, agreement: string, said: string) =>
  post<Partner>(`${one(partner)}/agreements/${at(agreement)}/end`, { said })
export const addPartnerTask = (
  partner: Partner,
  body: { what: string; due_on: string; agreement_id: string | null },
) => post<Partner>(`${one(partner)}/tasks`, body)
export const stepPartnerTask = (partner: Partner, task: string, verb: string, said: string) =>
  post<Partner>(`${one(partner)}/tasks/${at(task)}/${at(verb)}`, { said })
export const partnersFile = (query: { place: string; state: string; lang: string }) =>
  address('/api/partners/export', query)
