/** What a key means at the desk. */
export type Command =
  | 'down'
  | 'up'
  | 'open'
  | 'act'
  | 'select'
  | 'back'
  | 'dispatch'
  | 'next'
  | 'search'
  | 'help'
  | 'fold'
  | `choose ${number}`

const KEYS: Record<string, Command> = {
  j: 'down',
  k: 'up',
  a: 'act',
  x: 'select',
  r: 'back',
  d: 'dispatch',
  n: 'next',
  '/': 'search',
  '?': 'help',
  Enter: 'open',
  Escape: 'fold',
}

export interface Pressed {
  key: string
  ctrlKey?: boolean
  metaKey?: boolean
  altKey?: boolean
  isComposing?: boolean
  /** Held down: nothing that changes something may happen again and again. */
  repeat?: boolean
}

/** Where the focus was: in a text, on a button or link, on a radio or checkbox, or nowhere in particular. */
export type Place = 'text' | 'control' | 'choice' | 'page'

export function commandOf(pressed: Pressed, place: Place): Command | null {
  if (pressed.ctrlKey || pressed.metaKey || pressed.altKey || pressed.isComposing) return null
  if (place === 'text') return null
  const key = pressed.key.length === 1 ? pressed.key.toLowerCase() : pressed.key
  if (key === 'Enter' && place !== 'page') return null
  if (/^[1-9]$/.test(key)) return `choose ${Number(key)}`
  const command = KEYS[key] ?? null
  return pressed.repeat && command !== 'down' && command !== 'up' ? null : command
}

const TEXT = 'textarea, select, [contenteditable], input:not([type=radio], [type=checkbox])'

export function placeOf(target: Element): Place {
  if (target.closest(TEXT)) return 'text'
  if (target.closest('input')) return 'choice'
  return target.closest('button, a, [role=button]') ? 'control' : 'page'
}

/** The row after the one that was open; when that has left the list, the one that took its place. */
export function nextOf<T extends { id: string }>(rows: T[], openId: string, cursor: number): T | null {
  const at = rows.findIndex((row) => row.id === openId)
  return at >= 0 ? (rows[at + 1] ?? null) : (rows[Math.min(cursor, rows.length - 1)] ?? null)
}
