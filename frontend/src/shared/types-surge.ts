/** Shapes of the notice board and of surge posting. */
import type { Place } from './types'

export interface BoardRole {
  role: string
  role_zh: string
  role_en: string
  duties_zh: string
  duties_en: string
}

export interface BoardPerson extends BoardRole {
  name: string
  phone: string
  photo: string | null
}

export interface KeptPerson extends BoardPerson {
  post_id: string
  /** Where the post stands, when that is not here. */
  place_name: string
  is_shown: boolean
  may_change: boolean
  phone_masked: string
  kept_photo: string | null
}

export interface PublicBoard {
  place: Place
  community: string
  street: string
  roles: string[]
  people: BoardPerson[]
  missing: BoardRole[]
  hotline: string
}

export interface Board extends PublicBoard {
  people: KeptPerson[]
  resident_url: string
}

export interface Named {
  id: string
  name: string
}

export interface SurgeSkill {
  code: string
  zh: string
  en: string
}

export interface CompoundRef {
  area: string
  id: string
  name: string
}

export interface SurgeNeed {
  area: string
  id: string
  place: Named
  compound: CompoundRef | null
  people: number
  met: number
  skills: string[]
  skills_zh: string
  skills_en: string
  from_on: string
  to_on: string
  task: string
  note: string
  stated_by: string
  may_manage: boolean
}

export interface SurgeOffer {
  id: string
  unit: Named
  name: string
  phone_masked: string
  skills: string[]
  skills_zh: string
  skills_en: string
  home: string
  from_on: string
  to_on: string
  state: string
  state_zh: string
  state_en: string
  may_withdraw: boolean
}

export interface SurgeState {
  state: string
  zh: string
  en: string
  count: number
}

export interface Surge {
  may_manage: boolean
  units: Named[]
  skills: SurgeSkill[]
  needed: number
  met: number
  states: SurgeState[]
  needs: SurgeNeed[]
  offers: SurgeOffer[]
  offers_total: number
}

export interface SurgeStep {
  verb: string
  zh: string
  en: string
  requires: string[]
}

export interface SurgePosting {
  area: string
  id: string
  offer_id: string
  name: string
  phone_masked: string
  unit: Named
  place: Named
  compound: CompoundRef | null
  task: string
  from_on: string
  to_on: string
  state: string
  state_zh: string
  state_en: string
  why_zh: string
  why_en: string
  reported_at: string | null
  ended_at: string | null
  end_reason: string
  allowed_actions: SurgeStep[]
  /** Whether a text message told the person of the posting, or of its end; null where nothing is to be told. */
  told: { code: string; zh: string; en: string; call: boolean } | null
}

export interface SurgeHistory {
  at: string
  verb: string
  zh: string
  en: string
  actor_name: string
  reason: string
  place: string
}

export interface ProposedPosting {
  offer_id: string
  name: string
  unit: string
  need_area: string
  need_id: string
  place: string
  compound: string
  task: string
  from_on: string
  to_on: string
  why_zh: string
  why_en: string
}

export interface Assignment {
  items: ProposedPosting[]
  token: string
  assigned: number
  unmet: number
  left_over: number
  seconds: number
}

export interface SurgeHome {
  id: string
  name: string
  above: string
}

export interface NeedBody {
  people: number
  from_on: string
  to_on: string
  task: string
  note: string
  skills: string[]
  place_id: string | null
  compound: { area: string; id: string } | null
}

export interface OffersBody {
  unit_id: string
  from_on: string
  to_on: string
  people: { name: string; phone: string; skills: string[]; home: { place_id: string } | null }[]
}
