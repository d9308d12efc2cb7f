/** Dated changes of the tree: from what is typed to what is sent. */
import type { Change, ChangeKind, DatedPlace } from '@/shared/types-grid'

/** From the top down; a new place lies right under the one that is open. */
export const TREE_LEVELS = [
  'province', 'city', 'county', 'street', 'community', 'grid', 'microgrid',
] as const

export interface PartForm {
  name: string
  code: string
  keeps: boolean
}

export interface ChangeForm {
  on: string
  reason: string
  name: string
  code: string
  level: string
  /** Move: the new parent. Merge: the other places. */
  places: DatedPlace[]
  survives: boolean
  parts: PartForm[]
  /** Split: which part each child goes to, by the child's id. */
  goes: Record<string, number>
}

export function emptyForm(place: DatedPlace, on: string): ChangeForm {
  const below = TREE_LEVELS[TREE_LEVELS.indexOf(place.level as 'grid') + 1] ?? 'microgrid'
  return {
    on,
    reason: '',
    name: '',
    code: '',
    level: below,
    places: [],
    survives: true,
    parts: [
      { name: place.name, code: place.code, keeps: true },
      { name: '', code: '', keeps: false },
    ],
    goes: {},
  }
}

/** What is sent: only what belongs to this kind of change. */
export function changeOf(kind: ChangeKind, form: ChangeForm, place: DatedPlace, children: DatedPlace[]): Change {
  const base = { kind, on: form.on, reason: form.reason.trim() }
  const name = form.name.trim()
  const code = form.code.trim()
  switch (kind) {
    case 'create':
      return { ...base, parent_id: place.id, name, code, level: form.level }
    case 'rename':
      return { ...base, place_id: place.id, name }
    case 'recode':
      return { ...base, place_id: place.id, code }
    case 'move':
      return { ...base, place_id: place.id, parent_id: form.places[0]?.id ?? '', ...(code ? { code } : {}) }
    case 'merge':
      return {
        ...base,
        places: [place.id, ...form.places.map((one) => one.id)],
        into: form.survives ? { id: place.id } : { name, code },
      }
    case 'split':
      return {
        ...base,
        place_id: place.id,
        parts: form.parts.map((part, at) => ({
          name: part.name.trim(),
          code: part.code.trim(),
          ...(part.keeps ? { id: place.id } : {}),
          children: children.filter((child) => (form.goes[child.id] ?? 0) === at).map((child) => child.id),
        })),
      }
    case 'close':
      return { ...base, place_id: place.id }
  }
}

/** The field that has to be filled before a preview makes sense; "" when nothing is missing. */
export function missing(kind: ChangeKind, form: ChangeForm): string {
  const needsName = kind === 'create' || kind === 'rename' || (kind === 'merge' && !form.survives)
  if (needsName && !form.name.trim()) return 'name'
  if (kind === 'recode' && !form.code.trim()) return 'code'
  if ((kind === 'move' || kind === 'merge') && !form.places.length) return 'places'
  if (kind === 'split' && form.parts.some((part) => !part.name.trim())) return 'parts'
  return form.on ? '' : 'on'
}
