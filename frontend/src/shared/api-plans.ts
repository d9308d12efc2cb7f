/** The endpoints of plans, responses, notices and objections, one function each. */
import { address, ask } from './http'
import type {
  Banner,
  Notice,
  NoticeRow,
  Objection,
  ObjectionFollow,
  ObjectionReceipt,
  Plan,
  PlanChange,
  PlanDoc,
  PlanOptions,
  PlanRow,
  ProposalBody,
  ProposalPreview,
  Response,
  ResponsePreview,
  ResponseRow,
  ResponseStep,
} from './types-plans'

const at = encodeURIComponent
const post = <T>(path: string, json: unknown) => ask<T>(path, { method: 'POST', json })

export const readPlans = () =>
  ask<{ plans: PlanRow[]; may_edit: boolean; may_propose: boolean }>('/api/plans')
export const readPlanOptions = () => ask<PlanOptions>('/api/plans/options')
export const readPlan = (code: string, number = 0) =>
  ask<Plan>(`/api/plans/${at(code)}${number ? `/versions/${number}` : ''}`)
export const newPlan = (body: Record<string, string>) => post<Plan>('/api/plans/new', body)
export const beginDraft = (code: string) => post<Plan>(`/api/plans/${at(code)}/draft`, {})
export const savePlan = (code: string, content: PlanDoc, note: string, seen: number) =>
  post<Plan>(`/api/plans/${at(code)}/save`, { content, note, seen })
export const savePlanText = (code: string, text: string, note: string, seen: number) =>
  post<Plan>(`/api/plans/${at(code)}/save-yaml`, { text, note, seen })
export const doPlan = (code: string, number: number, verb: string, body: { reason?: string; seen?: number }) =>
  post<Plan>(`/api/plans/${at(code)}/versions/${number}/${at(verb.replace('_', '-'))}`, body)
export const comparePlans = (code: string, number: number, old: number) =>
  ask<{ old: number; new: number; changes: PlanChange[] }>(`/api/plans/${at(code)}/versions/${number}/diff`, {
    query: { old: String(old) },
  })
export const planPaperAddress = (code: string, number: number, lang: string) =>
  `/api/plans/${at(code)}/versions/${number}/paper?lang=${lang}`
export const planTextAddress = (code: string, number: number) =>
  `/api/plans/${at(code)}/versions/${number}/yaml`
export async function readPlanText(code: string, number: number): Promise<string> {
  const answer = await fetch(planTextAddress(code, number))
  if (!answer.ok) throw new Error(String(answer.status))
  return answer.text()
}
export const previewProposal = (code: string, body: ProposalBody) =>
  post<ProposalPreview>(`/api/plans/${at(code)}/preview`, body)
export const proposeResponse = (code: string, body: ProposalBody) =>
  post<{ id: string; number: string }>(`/api/plans/${at(code)}/propose`, body)

export const readResponses = (query: { state?: string; drills?: string }) =>
  ask<ResponseRow[]>('/api/responses', { query })
export const responsesExportAddress = (query: { state?: string; lang: string }) =>
  address('/api/responses/export', query)
export const plansExportAddress = (lang: string) => address('/api/plans/export', { lang })
export const readResponse = (id: string) => ask<Response>(`/api/responses/${at(id)}`)
export const previewResponse = (id: string, level?: number) =>
  ask<ResponsePreview>(`/api/responses/${at(id)}/preview`, { query: level ? { level: String(level) } : {} })
export const doResponse = (id: string, verb: string, body: ResponseStep) =>
  post<Response>(`/api/responses/${at(id)}/${at(verb)}`, body)
export const readBanners = () => ask<Banner[]>('/api/responses/banners', { background: true })

export const readNotices = (query: { place?: string; lon?: string; lat?: string } = {}) =>
  ask<NoticeRow[]>('/api/notices', { query })
export const readNotice = (number: string) => ask<Notice>(`/api/notices/${at(number)}`)
export const objectTo = (number: string, body: { id: string; text: string; phone: string }) =>
  post<ObjectionReceipt>(`/api/notices/${at(number)}/objections`, body)
export const followObjection = (number: string, secret: string) =>
  ask<ObjectionFollow>(`/api/objections/follow/${at(number)}`, { headers: { 'X-Follow-Secret': secret } })
export const readObjections = (state: string) =>
  ask<{ items: Objection[]; waiting: number; overdue: number }>('/api/objections', { query: { state } })
export const answerObjection = (one: Objection, outcome: string, answer: string) =>
  post<Objection>(`/api/objections/${at(one.area)}/${at(one.id)}/answer`, { outcome, answer })
export const revealObjectionPhone = (one: Objection, reason: string) =>
  post<{ phone: string }>(`/api/objections/${at(one.area)}/${at(one.id)}/phone`, { reason })
