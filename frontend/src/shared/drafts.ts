/** What a resident has typed, kept on the device until the server has it. */
import { newId } from './ids'
import type { ReportBody, ReportReceipt } from './types'

export interface Draft {
  kind: string | null
  text: string
  address: string
  phone: string
  lon: number | null
  lat: number | null
  place_id: string | null
  place_name: string
  photos: string[]
}

export interface Attempt {
  key: string
  body: ReportBody
}

export interface MyReport {
  number: string
  secret: string
  text: string
  at: string
}

export type Store = Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>

const DRAFT = 'shanzhi.report.draft'
const ATTEMPT = 'shanzhi.report.attempt'
const MINE = 'shanzhi.report.mine'
const MOST_REMEMBERED = 50

export function emptyDraft(): Draft {
  return {
    kind: null,
    text: '',
    address: '',
    phone: '',
    lon: null,
    lat: null,
    place_id: null,
    place_name: '',
    photos: [],
  }
}

function read(store: Store, key: string): unknown {
  try {
    return JSON.parse(store.getItem(key) ?? 'null')
  } catch {
    return null
  }
}

function write(store: Store, key: string, value: unknown): void {
  try {
    store.setItem(key, JSON.stringify(value))
  } catch {
    // A full or forbidden store: the page itself still holds what was typed.
  }
}

function drop(store: Store, key: string): void {
  try {
    store.removeItem(key)
  } catch {
    // Nothing to drop then.
  }
}

const text = (value: unknown) => (typeof value === 'string' ? value : '')
const number = (value: unknown) => (typeof value === 'number' && Number.isFinite(value) ? value : null)

export function readDraft(store: Store): Draft {
  const found = read(store, DRAFT)
  if (typeof found !== 'object' || found === null) return emptyDraft()
  const kept = found as Record<string, unknown>
  return {
    kind: typeof kept.kind === 'string' ? kept.kind : null,
    text: text(kept.text),
    address: text(kept.address),
    phone: text(kept.phone),
    lon: number(kept.lon),
    lat: number(kept.lat),
    place_id: typeof kept.place_id === 'string' ? kept.place_id : null,
    place_name: text(kept.place_name),
    photos: Array.isArray(kept.photos) ? kept.photos.filter((one) => typeof one === 'string') : [],
  }
}

export function writeDraft(store: Store, draft: Draft): void {
  write(store, DRAFT, draft)
}

export function clearDraft(store: Store): void {
  drop(store, DRAFT)
  drop(store, ATTEMPT)
}

function sameContent(one: ReportBody, draft: Draft): boolean {
  return (
    one.kind === (draft.kind ?? '') &&
    one.text === draft.text.trim() &&
    one.address === draft.address.trim() &&
    one.phone === draft.phone.trim() &&
    one.lon === draft.lon &&
    one.lat === draft.lat &&
    one.place_id === draft.place_id &&
    one.photos.join() === draft.photos.join()
  )
}

/**
 * What to send for this draft. The same content always gets the same key, id and time, so sending it
 * again after a lost answer (even after closing the page) can never make a second report.
 */
export function attemptFor(store: Store, draft: Draft, now = new Date()): Attempt {
  const earlier = read(store, ATTEMPT) as Attempt | null
  if (earlier?.key && earlier.body && sameContent(earlier.body, draft)) return earlier
  const id = newId()
  const made: Attempt = {
    key: id,
    body: {
      id,
      kind: draft.kind ?? '',
      text: draft.text.trim(),
      lon: draft.lon,
      lat: draft.lat,
      place_id: draft.place_id,
      address: draft.address.trim(),
      photos: [...draft.photos],
      phone: draft.phone.trim(),
      happened_at: now.toISOString(),
    },
  }
  write(store, ATTEMPT, made)
  return made
}

export function myReports(store: Store): MyReport[] {
  const found = read(store, MINE)
  if (!Array.isArray(found)) return []
  return found.filter((one) => typeof one?.number === 'string' && typeof one?.secret === 'string')
}

/** Newest first; one number is kept once. */
export function rememberReport(store: Store, receipt: ReportReceipt, body: ReportBody): MyReport[] {
  const mine: MyReport = {
    number: receipt.number,
    secret: receipt.secret,
    text: body.text.slice(0, 60),
    at: body.happened_at,
  }
  const list = [mine, ...myReports(store).filter((one) => one.number !== mine.number)]
  write(store, MINE, list.slice(0, MOST_REMEMBERED))
  return list.slice(0, MOST_REMEMBERED)
}

/** The browser's own store, or one that forgets when the page closes. */
export function deviceStore(): Store {
  try {
    localStorage.setItem('shanzhi.probe', '1')
    localStorage.removeItem('shanzhi.probe')
    return localStorage
  } catch {
    const kept = new Map<string, string>()
    return {
      getItem: (key) => kept.get(key) ?? null,
      setItem: (key, value) => void kept.set(key, value),
      removeItem: (key) => void kept.delete(key),
    }
  }
}
