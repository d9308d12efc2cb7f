/** What is being typed into action forms: kept by case and verb until it is sent. */
import { reactive } from 'vue'
import { newId } from '@/shared/ids'
import { cityInstant } from '@/shared/time'
import type { ActionBody } from '@/shared/types'
import type { Field } from './cases'

export interface FormState {
  note: string
  condition_id: string
  unit_id: string
  master_id: string
  assignee_id: string
  bundle_id: string
  /** A day, as a date input writes it; what is sent is the end of its office hours. */
  until_on: string
  photos: string[]
  /** Names this very submission: sent again after a lost answer, it is done once. */
  key: string
}

export const END_OF_DAY = '18:00'
const open = new Map<string, FormState>()

export function formFor(caseId: string, verb: string): FormState {
  const key = `${caseId}/${verb}`
  let found = open.get(key)
  if (!found) {
    found = reactive({
      note: '',
      condition_id: '',
      unit_id: '',
      master_id: '',
      assignee_id: '',
      bundle_id: '',
      until_on: '',
      photos: [],
      key: newId(),
    })
    open.set(key, found)
  }
  return found
}

export function dropForm(caseId: string, verb: string): void {
  open.delete(`${caseId}/${verb}`)
}

/** What has been given for a field: "" when nothing has. */
export function given(form: FormState, name: string): string {
  if (name === 'photos') return form.photos.join()
  if (name === 'until_at') return form.until_on && cityInstant(`${form.until_on}T${END_OF_DAY}`)
  const value = form[name as 'note']
  return typeof value === 'string' ? value.trim() : ''
}

export function firstMissing(form: FormState, fields: Field[]): string {
  return fields.find((field) => field.required && !given(form, field.name))?.name ?? ''
}

/** What is sent: the fields that the action knows and that were filled in. */
export function bodyOf(form: FormState, fields: Field[], version: number): ActionBody {
  const made: Record<string, unknown> = { version }
  for (const { name } of fields) {
    const value = given(form, name)
    if (value) made[name] = name === 'photos' ? [...form.photos] : value
  }
  return made as unknown as ActionBody
}
