/** What is being typed into the duty log, kept in the tab until the server has it. */
import { newId } from '@/shared/ids'
import type { Store } from '@/shared/drafts'
import type { DutyEntryBody } from '@/shared/types-retention'

const KEPT = 'shanzhi.duty.entry'

export function emptyEntry(kind: DutyEntryBody['kind'] = 'call'): DutyEntryBody {
  return {
    id: newId(),
    kind,
    content: '',
    called_at: null,
    caller_unit: '',
    caller_name: '',
    caller_phone: '',
    proposal: '',
    instruction: '',
    result: '',
    about_id: null,
    activation_id: null,
    subject_kind: '',
    subject_number: '',
    place_id: null,
  }
}

/** This tab alone: a caller's telephone is not left on the machine. */
export function tabStore(): Store {
  try {
    sessionStorage.setItem('shanzhi.probe', '1')
    sessionStorage.removeItem('shanzhi.probe')
    return sessionStorage
  } catch {
    return { getItem: () => null, setItem: () => undefined, removeItem: () => undefined }
  }
}

/** What was typed before a reload; of somebody else, or damaged, it counts as nothing. */
export function readEntry(store: Store, account: string): DutyEntryBody {
  try {
    const kept: unknown = JSON.parse(store.getItem(KEPT) ?? 'null')
    if (typeof kept === 'object' && kept && (kept as { account?: unknown }).account === account) {
      const found = (kept as { entry?: Partial<DutyEntryBody> }).entry
      if (found && typeof found.id === 'string') return { ...emptyEntry(), ...found }
    }
  } catch {
    // Damaged: begin anew.
  }
  return emptyEntry()
}

export function keepEntry(store: Store, account: string, entry: DutyEntryBody): void {
  try {
    store.setItem(KEPT, JSON.stringify({ account, entry }))
  } catch {
    // The page itself still holds it.
  }
}

export function dropEntry(store: Store): void {
  store.removeItem(KEPT)
}
