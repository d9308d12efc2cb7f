/** The endpoints of retention, of the duty log, and of reports and closing of a response. */
import { address, ask } from './http'
import type {
  DutyEntry,
  DutyEntryBody,
  DutyLog,
  Handover,
  LegalHold,
  Reports,
  Retention,
  Run,
  StandDown,
  Timeline,
} from './types-retention'

const at = encodeURIComponent
const post = <T>(path: string, json: unknown) => ask<T>(path, { method: 'POST', json })

export const readRetention = () => ask<Retention>('/api/retention')
export const placeHold = (body: {
  activation_id: string | null
  holding: string
  reason: string
  document: string
  until_on: string | null
}) => post<LegalHold>('/api/retention/holds', body)
export const liftHold = (id: string, reason: string) =>
  post<LegalHold>(`/api/retention/holds/${at(id)}/lift`, { reason })
export const planRun = (body: { activation_id: string; due_on: string; basis: string }) =>
  post<Run>('/api/retention/runs', body)
export const readRun = (id: string, background = false) =>
  ask<Run>(`/api/retention/runs/${at(id)}`, { background })
export const doRun = (id: string, verb: string, reason = '') =>
  post<Run>(`/api/retention/runs/${at(id)}/${at(verb)}`, { reason })
export const certificateAddress = (id: string, lang: string) => `/api/retention/runs/${at(id)}/paper?lang=${lang}`

export type LogQuery = Record<string, string | number | undefined>
export const readDutyLog = (query: LogQuery, background = false) =>
  ask<DutyLog>('/api/duty-log', { query, background })
export const writeDutyEntry = (body: DutyEntryBody) => post<DutyEntry>('/api/duty-log', body)
export const revealCaller = (entry: DutyEntry, reason: string) =>
  post<{ name: string; phone: string }>(`/api/duty-log/${at(entry.area)}/${at(entry.id)}/reveal`, { reason })
export const giveShift = (body: { open_matters: string; from_at: string | null; place_id: string | null }) =>
  post<Handover>('/api/duty-log/handovers', body)
export const settleShift = (id: string, verb: 'take' | 'withdraw') =>
  post<Handover>(`/api/duty-log/handovers/${at(id)}/${verb}`, {})
export const dutyExportAddress = (query: LogQuery) => address('/api/duty-log/export', query)

export const readReports = (response: string, background = false) =>
  ask<Reports>(`/api/records/${at(response)}/reports`, { background })
export const draftReport = (
  response: string,
  body: { kind: string; is_zero?: boolean; corrects?: string | null },
) => post<Reports>(`/api/records/${at(response)}/reports/drafts`, body)
export const writeReport = (id: string, body: { happened_at: string; fields: Record<string, string> }) =>
  post<Reports>(`/api/upward-reports/${at(id)}/content`, body)
export const doReport = (id: string, verb: string, body: { reason?: string; sent_how?: string }) =>
  post<Reports>(`/api/upward-reports/${at(id)}/${at(verb)}`, body)
export const reportAddress = (id: string, form: string, lang: string) =>
  `/api/upward-reports/${at(id)}/file/${form}?lang=${lang}`
export const readTimeline = (response: string) => ask<Timeline>(`/api/records/${at(response)}/timeline`)
export const timelineAddress = (response: string, kinds: string, lang: string) =>
  address(`/api/records/${at(response)}/timeline/paper`, { kinds, lang })
export const readStandDown = (response: string, background = false) =>
  ask<StandDown>(`/api/records/${at(response)}/stand-down`, { background })
export const finishResponse = (response: string) => post<unknown>(`/api/responses/${at(response)}/finish`, {})
