/** What is being typed into action forms: kept by case and verb until it is sent. */
import { reactive } from 'vue'

export interface FormState {
  note: string
  condition_id: string
  unit_id: string
  photos: string[]
  passed: boolean | null
}

const open = new Map<string, FormState>()

export function formFor(caseId: string, verb: string): FormState {
  const key = `${caseId}/${verb}`
  let found = open.get(key)
  if (!found) {
    found = reactive({ note: '', condition_id: '', unit_id: '', photos: [], passed: null })
    open.set(key, found)
  }
  return found
}

export function dropForm(caseId: string, verb: string): void {
  open.delete(`${caseId}/${verb}`)
}
