/** Receipts wait on the device until the server has them: nothing is deleted before it says so. */
import { sendReceipts } from './api-orders'
import { newId } from './ids'
import type { MyOrder, ReceiptBody } from './types-orders'

export type Store = Pick<Storage, 'getItem' | 'setItem'>
const KEY = 'shanzhi.order.receipts'
const TOLD = 'shanzhi.order.told'
const MOST = 100
const MOST_TOLD = 400

export class ReceiptQueue {
  private sending = false

  constructor(
    private readonly store: Store,
    private readonly owner: string,
    private readonly send = sendReceipts,
  ) {}

  private read<T>(name: string, otherwise: T): T {
    try {
      return (JSON.parse(this.store.getItem(`${name}.${this.owner}`) ?? 'null') as T | null) ?? otherwise
    } catch {
      return otherwise
    }
  }

  private write(name: string, value: unknown): void {
    try {
      this.store.setItem(`${name}.${this.owner}`, JSON.stringify(value))
    } catch {
      // A device that stores nothing still sends while the page is open.
    }
  }

  /** What the server does not have yet, the oldest first. */
  waiting(): ReceiptBody[] {
    return this.read<ReceiptBody[]>(KEY, [])
  }

  /** The answer of an order that is still on its way, if there is one. */
  pending(recipient: string): string {
    return (
      this.waiting()
        .filter((one) => one.recipient === recipient && one.answer !== 'delivered' && one.answer !== 'read')
        .at(-1)?.answer ?? ''
    )
  }

  add(order: MyOrder, answer: string, more: Pick<ReceiptBody, 'reason' | 'answers'> = {}, now = new Date()): void {
    const one: ReceiptBody = {
      id: newId(),
      area: order.area,
      recipient: order.recipient,
      answer,
      happened_at: now.toISOString(),
      ...more,
    }
    this.write(KEY, [...this.waiting(), one])
  }

  /** `delivered` and `read` are told once for each order. */
  addOnce(order: MyOrder, answer: 'delivered' | 'read'): void {
    const told = this.read<string[]>(TOLD, [])
    const mark = `${order.recipient} ${answer}`
    if (told.includes(mark)) return
    this.write(TOLD, [...told, mark].slice(-MOST_TOLD))
    this.add(order, answer)
  }

  /** Send what waits. Whatever the server stored, knew, or will never take leaves the device; how many were refused. */
  async flush(): Promise<number> {
    if (this.sending) return 0
    this.sending = true
    let refused = 0
    try {
      for (let batch = this.waiting().slice(0, MOST); batch.length; batch = this.waiting().slice(0, MOST)) {
        const outcomes = await this.send(batch)
        refused += outcomes.filter((one) => one.status !== 'stored' && one.status !== 'known').length
        const gone = new Set(batch.map((one) => one.id))
        this.write(
          KEY,
          this.waiting().filter((one) => !gone.has(one.id)),
        )
      }
    } finally {
      this.sending = false
    }
    return refused
  }
}
