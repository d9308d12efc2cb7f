/** What is being typed into action forms: kept by case and verb until it is sent. */
import { reactive } from 'vue'
import { newId } from '@/shared/ids'

export interface FormState {
  note: string
  condition_id: string
  unit_id: string
  photos: string[]
  passed: boolean | null
  /** Names this very submission: sent again after a lost answer, it is done once. */
  key: string
}

const open = new Map<string, FormState>()

export function formFor(caseId: string, verb: string): FormState {
  const key = `${caseId}/${verb}`
  let found = open.get(key)
  if (!found) {
    found = reactive({ note: '', condition_id: '', unit_id: '', photos: [], passed: null, key: newId() })
    open.set(key, found)
  }
  return found
}

export function dropForm(caseId: string, verb: string): void {
  open.delete(`${caseId}/${verb}`)
}
