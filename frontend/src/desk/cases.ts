/** Small readings of what the server sends about cases. */
import { side } from '@/shared/i18n'
import type { AllowedAction, CaseRow, KindName } from '@/shared/types'

/** The kind in the reader's words, however much of it the server sent. */
export function kindInWords(row: { kind: string | KindName | null; kind_zh?: string; kind_en?: string }): string {
  if (row.kind_zh || row.kind_en) return side({ zh: row.kind_zh ?? '', en: row.kind_en ?? '' })
  if (row.kind && typeof row.kind === 'object') return side(row.kind)
  return row.kind ?? ''
}

/** Least remaining time first; what has no due time comes last. The order of equals is kept. */
export function byRemainingTime(rows: CaseRow[]): CaseRow[] {
  const due = (row: CaseRow) => (row.due_at ? Date.parse(row.due_at) : Number.POSITIVE_INFINITY)
  return [...rows].sort((one, other) => {
    const [first, second] = [due(one), due(other)]
    return first === second ? 0 : first - second
  })
}

/** Rows that hold every word of `wanted` in number, text, place or address. */
export function matching(rows: CaseRow[], wanted: string): CaseRow[] {
  const words = wanted.toLowerCase().split(/\s+/).filter(Boolean)
  if (!words.length) return rows
  return rows.filter((row) => {
    const text = [row.number, row.text, row.place_name, row.address, kindInWords(row)].join(' ').toLowerCase()
    return words.every((word) => text.includes(word))
  })
}

export interface Field {
  name: string
  required: boolean
}

const ORDER = ['passed', 'condition_id', 'unit_id', 'photos', 'note']
const WITHOUT_WORD = ['note', 'photos']

/** What an action asks for: the required first, then what may be added. */
export function fieldsOf(action: AllowedAction): Field[] {
  const required = new Set(action.requires)
  const optional = (action.takes ?? WITHOUT_WORD).filter((name) => !required.has(name))
  const known = (name: string) => ORDER.includes(name)
  return [
    ...ORDER.filter((name) => required.has(name)).map((name) => ({ name, required: true })),
    ...ORDER.filter((name) => optional.includes(name) && known(name)).map((name) => ({ name, required: false })),
  ]
}
