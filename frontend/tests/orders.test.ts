import { describe, expect, it } from 'vitest'
import { clockOf, curveOf, messagesInWords, stepInWords } from '@/desk/parts/orders/ladder'
import { ReceiptQueue } from '@/shared/receipts'
import type { MyOrder, OrderRung, ReceiptBody, ReceiptOutcome } from '@/shared/types-orders'

class Shelf {
  readonly kept = new Map<string, string>()
  getItem = (key: string) => this.kept.get(key) ?? null
  setItem = (key: string, value: string) => void this.kept.set(key, value)
}
const order = { area: '510107', recipient: 'r1' } as MyOrder
const stored = (items: ReceiptBody[]): ReceiptOutcome[] =>
  items.map(() => ({ status: 'stored', code: '', zh: '', en: '', field: '' }))

describe('receipts on the device', () => {
  it('stay until the server has them, and survive a reload', async () => {
    const shelf = new Shelf()
    const offline = new ReceiptQueue(shelf, 'wang', () => Promise.reject(new Error('offline')))
    offline.add(order, 'acknowledged', {}, new Date('2026-03-09T02:00:00Z'))
    await expect(offline.flush()).rejects.toThrow('offline')
    const sent: ReceiptBody[] = []
    const again = new ReceiptQueue(shelf, 'wang', (items) => {
      sent.push(...items)
      return Promise.resolve(stored(items))
    })
    expect(again.pending('r1')).toBe('acknowledged')
    expect(await again.flush()).toBe(0)
    expect(sent).toMatchObject([
      { area: '510107', recipient: 'r1', answer: 'acknowledged', happened_at: '2026-03-09T02:00:00.000Z' },
    ])
    expect(again.waiting()).toEqual([])
  })
  it('keep what was added while others were on their way', async () => {
    let calls = 0
    const queue: ReceiptQueue = new ReceiptQueue(new Shelf(), 'wang', (items) => {
      calls += 1
      if (calls === 1) queue.add(order, 'done')
      if (calls === 2) return Promise.reject(new Error('offline'))
      return Promise.resolve(stored(items))
    })
    queue.add(order, 'acknowledged')
    await expect(queue.flush()).rejects.toThrow('offline')
    expect(queue.waiting().map((one) => one.answer)).toEqual(['done'])
  })
  it('belong to one person, and tell delivered once', () => {
    const shelf = new Shelf()
    const mine = new ReceiptQueue(shelf, 'wang', (items) => Promise.resolve(stored(items)))
    mine.addOnce(order, 'delivered')
    mine.addOnce(order, 'delivered')
    expect(mine.waiting().map((one) => one.answer)).toEqual(['delivered'])
    expect(mine.pending('r1')).toBe('')
    expect(new ReceiptQueue(shelf, 'li').waiting()).toEqual([])
  })
  it('count what the server will never take', async () => {
    const queue = new ReceiptQueue(new Shelf(), 'wang', (items) =>
      Promise.resolve(items.map(() => ({ status: 'invalid' as const, code: 'x', zh: '', en: '', field: '' }))),
    )
    queue.add(order, 'done')
    expect(await queue.flush()).toBe(1)
    expect(queue.waiting()).toEqual([])
  })
})

describe('the board in words and lines', () => {
  it('tells time since issue', () => {
    expect([0, 65, 3700, -5].map(clockOf)).toEqual(['0:00', '1:05', '1:01:40', '0:00'])
  })
  it('tells a rung and its messages, which add up', () => {
    const rung = {
      kind: 'channel',
      kind_zh: '短信',
      kind_en: 'text message',
      channel: 'sms',
      after_seconds: 60,
      per_second: 300,
      wanted: 7,
      messages: { sent: 4, delivered: 2, cancelled: 1 } as Record<string, number>,
    } as OrderRung
    expect(stepInWords(rung)).toBe('1 分钟后 短信 每秒 300 条')
    expect(stepInWords({ ...rung, after_seconds: 90, per_second: null })).toBe('1:30后 短信')
    expect(messagesInWords(rung)).toEqual(['已发 4', '送达 2', '取消 1'])
    expect(Object.values(rung.messages).reduce((a, b) => a + b, 0)).toBe(rung.wanted)
  })
  it('draws steps within the box, the promised line in it', () => {
    const point = (at: string, acknowledged: number) => ({
      at,
      sent: 10,
      delivered: 10,
      acknowledged,
      done: 0,
      cannot: 0,
    })
    const curve = curveOf(
      [point('2026-03-09T02:01:00Z', 5), point('2026-03-09T02:10:00Z', 10)],
      '2026-03-09T02:00:00Z',
      10,
      600,
      100,
    )!
    expect(curve.seconds).toBe(600)
    expect(curve.promise).toBe(300)
    expect(curve.lines.find((one) => one.name === 'acknowledged')).toEqual({
      name: 'acknowledged',
      path: 'M0 100H60V50H600V0',
      last: 10,
    })
    expect(curveOf([], '2026-03-09T02:00:00Z', 10, 600, 100)).toBeNull()
  })
})
