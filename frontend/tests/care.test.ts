import { describe, expect, it } from 'vitest'
import { CareQueue } from '@/shared/care-queue'

class Shelf {
  readonly kept = new Map<string, string>()
  getItem = (key: string) => this.kept.get(key) ?? null
  setItem = (key: string, value: string) => void this.kept.set(key, value)
  removeItem = (key: string) => void this.kept.delete(key)
}
const REPORT = { id: 'one', temperature: 36.5, symptoms: [], note: '' }

describe('the report that waits on the phone', () => {
  it('survives a closed page with the same id, and goes when the server has it', () => {
    const shelf = new Shelf()
    const queue = new CareQueue(shelf, 'GL1')
    expect(queue.waiting()).toBeNull()
    queue.put(REPORT)
    expect(new CareQueue(shelf, 'GL1').waiting()).toEqual(REPORT)
    expect(new CareQueue(shelf, 'GL2').waiting()).toBeNull()
    queue.done()
    expect(queue.waiting()).toBeNull()
    expect(shelf.kept.size).toBe(0)
  })

  it('takes nothing for a report that is none', () => {
    const shelf = new Shelf()
    for (const text of ['{', '3', '{"a":1}', '']) {
      shelf.setItem('shanzhi.care.GL1', text)
      expect(new CareQueue(shelf, 'GL1').waiting()).toBeNull()
    }
  })
})
