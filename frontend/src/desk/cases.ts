/** What an action asks for, read from what the server says about it. */
import type { AllowedAction } from '@/shared/types'

export interface Field {
  name: string
  required: boolean
}

const ORDER = [
  'master_id',
  'bundle_id',
  'condition_id',
  'unit_id',
  'assignee_id',
  'until_at',
  'photos',
  'note',
] as const
const UNLESS_SAID = ['note', 'photos']

/** The required fields first, then those that may be added. A field this page does not know is left out. */
export function fieldsOf(action: AllowedAction): Field[] {
  const optional = (action.takes ?? UNLESS_SAID).filter((name) => !action.requires.includes(name))
  return [
    ...ORDER.filter((name) => action.requires.includes(name)).map((name) => ({ name, required: true })),
    ...ORDER.filter((name) => optional.includes(name)).map((name) => ({ name, required: false })),
  ]
}

/** Choices that hold every word of `wanted`. */
export function narrowed<T>(choices: T[], wanted: string, textOf: (choice: T) => string): T[] {
  const words = wanted.toLowerCase().split(/\s+/).filter(Boolean)
  return choices.filter((choice) => {
    const text = textOf(choice).toLowerCase()
    return words.every((word) => text.includes(word))
  })
}
