/** What is done at a point waits on the device until the server has it: nothing is deleted before it says so. */
import { sendSamples } from './api-sampling'
import { newId } from './ids'
import type { Store } from './receipts'
import type { Sample, SampleOutcome } from './types-sampling'

const KEY = 'shanzhi.samples'
const MOST = 100

export interface Refused {
  sample: Sample
  zh: string
  en: string
}

export class SampleQueue {
  private sending = false

  constructor(
    private readonly store: Store,
    private readonly owner: string,
    private readonly send: (items: Sample[]) => Promise<SampleOutcome[]> = sendSamples,
  ) {}

  private read<T>(name: string, otherwise: T): T {
    try {
      return (JSON.parse(this.store.getItem(`${KEY}${name}.${this.owner}`) ?? 'null') as T | null) ?? otherwise
    } catch {
      return otherwise
    }
  }

  private write(name: string, value: unknown): void {
    try {
      this.store.setItem(`${KEY}${name}.${this.owner}`, JSON.stringify(value))
    } catch {
      // A device that stores nothing still sends while the page is open.
    }
  }

  /** What the server does not have yet, the oldest first. */
  waiting(): Sample[] {
    return this.read<Sample[]>('', [])
  }

  /** What the server will never take, with the reason, until somebody has read it. */
  refused(): Refused[] {
    return this.read<Refused[]>('.refused', [])
  }

  dismiss(id: string): void {
    this.write(
      '.refused',
      this.refused().filter((one) => one.sample.id !== id),
    )
  }

  add(given: Omit<Sample, 'id' | 'happened_at'>, now = new Date()): Sample {
    const one: Sample = { ...given, id: newId(), happened_at: now.toISOString() }
    this.write('', [...this.waiting(), one])
    return one
  }

  /** Send what waits. Whatever the server stored, knew, or will never take leaves the queue. */
  async flush(): Promise<void> {
    if (this.sending) return
    this.sending = true
    try {
      for (let batch = this.waiting().slice(0, MOST); batch.length; batch = this.waiting().slice(0, MOST)) {
        const outcomes = await this.send(batch)
        const bad = batch.flatMap((sample, at) => {
          const error = outcomes[at]?.error
          return error ? [{ sample, zh: error.message_zh, en: error.message_en }] : []
        })
        if (bad.length) this.write('.refused', [...this.refused(), ...bad])
        const gone = new Set(batch.map((one) => one.id))
        this.write(
          '',
          this.waiting().filter((one) => !gone.has(one.id)),
        )
      }
    } finally {
      this.sending = false
    }
  }
}

const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'

/** A ticket's code as typed or scanned, or "" when it is none: small letters, blanks, O for 0, a whole address. */
export function readTicket(text: string): string {
  const tail = (text.trim().replace(/\/+$/, '').split('/').pop() ?? '')
    .toUpperCase()
    .replace(/[\s-]/g, '')
    .replace(/O/g, '0')
    .replace(/[IL]/g, '1')
  if (tail.length !== 10 || [...tail].some((one) => !ALPHABET.includes(one))) return ''
  const total = [...tail.slice(0, 9)].reduce((sum, one, at) => sum + (at + 2) * ALPHABET.indexOf(one), 0)
  return ALPHABET[total % 31] === tail[9] ? tail : ''
}
