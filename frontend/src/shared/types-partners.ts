/** Shapes of partner organisations. */
export interface PartnerStep {
  verb: string
  zh: string
  en: string
  requires: string[]
}

export interface PartnerAgreement {
  id: string
  title: string
  content: string
  from_on: string
  last_on: string | null
  state: string
  state_zh: string
  state_en: string
  allowed_actions: PartnerStep[]
}

export interface PartnerTask {
  id: string
  agreement_id: string | null
  what: string
  due_on: string
  state: string
  state_zh: string
  state_en: string
  overdue: boolean
  result: string
  done_on: string | null
  allowed_actions: PartnerStep[]
}

export interface Partner {
  area: string
  id: string
  place: { id: string; name: string; level_zh: string; level_en: string }
  name: string
  kind: string
  kind_zh: string
  kind_en: string
  contact_name: string
  phone_masked: string
  note: string
  since_on: string
  state: string
  state_zh: string
  state_en: string
  agreements: PartnerAgreement[]
  tasks: PartnerTask[]
  may_manage: boolean
  allowed_actions: PartnerStep[]
}

export interface PartnerKind {
  code: string
  zh: string
  en: string
}

export interface Partners {
  total: number
  in_force: number
  open_tasks: number
  overdue_tasks: number
  may_add: boolean
  kinds: PartnerKind[]
  items: Partner[]
}

export interface PartnerEvent {
  at: string
  what: string
  title: string
  verb_zh: string
  verb_en: string
  by: string
  said: string
}

export interface PartnerBody {
  name: string
  kind: string
  contact_name: string
  contact_phone: string
  note: string
}
