/** Visits wait on the device, one record each, until the server has them: nothing goes before its receipt. */
import { sendVisits } from './api-sweeps'
import { asApiError } from './errors'
import { newId } from './ids'
import type { MyDoor, MyLists, VisitBody, VisitOutcome } from './types-sweeps'

export type Store = Pick<Storage, 'getItem' | 'setItem' | 'removeItem' | 'key' | 'length'>
/** A visit on the device. `refusal` is why the server will never take it: it stays until its holder has seen that. */
export interface Kept {
  body: VisitBody
  address: string
  refusal?: { zh: string; en: string }
}
const MOST = 20
const KEY = 'shanzhi.visit'
const LISTS = 'shanzhi.doors'

export const doorKey = (one: { area: string; piece: string; door: number }) => `${one.area}/${one.piece}/${one.door}`

export class VisitQueue {
  private sending = false

  constructor(
    private readonly store: Store,
    private readonly owner: string,
    private readonly send: (items: VisitBody[]) => Promise<VisitOutcome[]> = sendVisits,
  ) {}

  private get prefix(): string {
    return `${KEY}.${this.owner}.`
  }

  private parse<T>(name: string): T | null {
    try {
      return JSON.parse(this.store.getItem(name) ?? 'null') as T | null
    } catch {
      return null
    }
  }

  /** Everything on the device, in the order in which it happened. */
  kept(): Kept[] {
    const names: string[] = []
    for (let at = 0; at < this.store.length; at += 1) {
      const name = this.store.key(at)
      if (name?.startsWith(this.prefix)) names.push(name)
    }
    return names
      .map((name) => this.parse<Kept>(name))
      .filter((one): one is Kept => Boolean(one?.body?.id))
      .sort((one, other) => one.body.happened_at.localeCompare(other.body.happened_at))
  }

  /** What the server does not have yet. */
  waiting(): Kept[] {
    return this.kept().filter((one) => !one.refusal)
  }

  refused(): Kept[] {
    return this.kept().filter((one) => one.refusal)
  }

  /** Keep a visit. Raises where the device stores nothing: then it must not look as if it were kept. */
  add(door: MyDoor, turn: number, more: Omit<VisitBody, 'id' | 'area' | 'piece' | 'door' | 'turn' | 'happened_at'>, now = new Date()): VisitBody {
    const body: VisitBody = {
      id: newId(),
      area: door.area,
      piece: door.piece,
      door: door.door,
      turn,
      happened_at: now.toISOString(),
      ...more,
    }
    this.write({ body, address: door.address })
    return body
  }

  private write(one: Kept): void {
    this.store.setItem(this.prefix + one.body.id, JSON.stringify(one))
  }

  drop(id: string): void {
    this.store.removeItem(this.prefix + id)
  }

  /** Send what waits, a bad one never before the next. Raises ApiError when the server is not there. */
  async flush(): Promise<void> {
    if (this.sending) return
    this.sending = true
    try {
      const all = this.waiting()
      for (let at = 0; at < all.length; at += MOST) {
        const batch = all.slice(at, at + MOST)
        const outcomes = await this.send(batch.map((one) => one.body))
        batch.forEach((one, index) => this.settle(one, outcomes[index]))
      }
    } finally {
      this.sending = false
    }
  }

  private settle(one: Kept, outcome: VisitOutcome | undefined): void {
    if (!outcome) return
    if (outcome.status === 'stored' || outcome.status === 'known') this.drop(one.body.id)
    else if (outcome.status !== 'busy') this.write({ ...one, refusal: outcome.error ?? { zh: outcome.status, en: outcome.status } })
  }

  /** The lists as they were when there was a network last. */
  lists(): MyLists | null {
    return this.parse<MyLists>(`${LISTS}.${this.owner}`)
  }

  keepLists(lists: MyLists): void {
    try {
      this.store.setItem(`${LISTS}.${this.owner}`, JSON.stringify(lists))
    } catch {
      // A full device: visits are worth more than the list.
    }
  }
}

/** Whether a failure means "not now": what waits is to be tried again. */
export const isAway = (thrown: unknown): boolean => {
  const error = asApiError(thrown)
  return error.isUnanswered || error.status >= 500 || error.status === 429
}
