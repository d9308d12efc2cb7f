/** The endpoints of sampling and distribution, one function each. */
import { address, ask } from './http'
import type {
  Campaign,
  CampaignBoard,
  CampaignDraft,
  CampaignRow,
  MissingDoors,
  PointPlan,
  GridSlot,
  ResidentSlots,
  ResultsReport,
  Retest,
  Sample,
  SampleOutcome,
  SamplingOptions,
  SamplingPoint,
  SamplingPreview,
  WorkPoint,
  WorkPointPage,
} from './types-sampling'

const at = encodeURIComponent
const post = <T>(path: string, json: unknown = {}) => ask<T>(path, { method: 'POST', json })
const one = (id: string, tail = '') => `/api/sampling/campaigns/${at(id)}${tail}`

export const readCampaigns = (query: { state?: string; kind?: string }) =>
  ask<CampaignRow[]>('/api/sampling/campaigns', { query })
export const readSamplingOptions = () => ask<SamplingOptions>('/api/sampling/options')
export const previewCampaign = (draft: CampaignDraft) => post<SamplingPreview>('/api/sampling/preview', draft)
export const draftCampaign = (draft: CampaignDraft) => post<Campaign>('/api/sampling/drafts', draft)
export const editCampaign = (id: string, draft: CampaignDraft) => post<Campaign>(one(id, '/draft'), draft)
export const readCampaign = (id: string) => ask<Campaign>(one(id))
export const doCampaign = (id: string, verb: string, reason = '') =>
  post<Campaign>(one(id, `/${verb.replace(/_/g, '-')}`), { reason })
export const readPoints = (id: string) => ask<SamplingPoint[]>(one(id, '/points'))
export const readPointPlan = (id: string, point: string) => ask<PointPlan>(one(id, `/points/${at(point)}`))
export const openPoint = (id: string, given: Record<string, unknown>) => post<Campaign>(one(id, '/points/open'), given)
export const changePoint = (id: string, point: string, given: Record<string, unknown>) =>
  post<PointPlan>(one(id, `/points/${at(point)}/change`), given)
export const moveGrid = (id: string, place: string, point: string | null) =>
  post<Campaign>(one(id, '/moves'), { place_id: place, point_id: point })
export const replanCampaign = (id: string, anew: boolean) => post<Campaign>(one(id, '/replan'), { anew })
export const readCampaignBoard = (id: string, place: string) =>
  ask<CampaignBoard>(one(id, '/board'), { query: { place }, background: true })
export const readMissing = (id: string, place: string, offset: number) =>
  ask<MissingDoors>(one(id, '/missing'), { query: { place, offset } })
export const readRetests = (id: string) => ask<Retest[]>(one(id, '/retests'))
export const importResults = (id: string, file: File, dryRun: boolean) => {
  const form = new FormData()
  form.append('file', file)
  return ask<ResultsReport>(one(id, '/results'), { method: 'POST', form, query: { dry_run: dryRun ? '1' : '' } })
}
export const correctResult = (id: string, barcode: string, result: string, reason: string) =>
  post<{ retests: number }>(one(id, '/results/correct'), { barcode, result, reason })
export const campaignExportAddress = (id: string, lang: string) => address(one(id, '/export'), { lang })
export const retestsExportAddress = (id: string, lang: string) => address(one(id, '/retests/export'), { lang })
export const slipsAddress = (id: string, place: string) => address(one(id, '/slips'), { place })
export const RESULTS_TEMPLATE = '/api/sampling/results/template'

export const readWorkPoints = () => ask<WorkPoint[]>('/api/sampling/mine', { background: true })
export const readWorkPoint = (area: string, id: string) =>
  ask<WorkPointPage>(`/api/sampling/duty/${at(area)}/${at(id)}`, { background: true })
export const sendSamples = (items: Sample[]) =>
  ask<SampleOutcome[]>('/api/sampling/samples', { method: 'POST', json: { items }, background: true })
export const readSlots = (code: string) => ask<ResidentSlots>(`/api/public/slots/${at(code)}`)
export const readGridSlots = (code: string) => ask<GridSlot[]>(`/api/public/grids/${at(code)}/slots`)
export const readPositives = () => ask<Retest[]>('/api/sampling/positives')
