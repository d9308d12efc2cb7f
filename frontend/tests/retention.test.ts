/** What is typed into the duty log survives a reload, and is nobody else's. */
import { describe, expect, it } from 'vitest'
import { dropEntry, emptyEntry, keepEntry, readEntry } from '../src/desk/parts/retention/entry'
import { wallTime } from '../src/desk/parts/retention/wall'

function store() {
  const kept = new Map<string, string>()
  return {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
    removeItem: (key: string) => void kept.delete(key),
  }
}

describe('an entry being typed', () => {
  it('is read again with the same id, so that saving twice is saving once', () => {
    const kept = store()
    const entry = { ...emptyEntry(), content: '示例', caller_phone: '13800000000' }
    keepEntry(kept, 'zhiban', entry)
    expect(readEntry(kept, 'zhiban')).toEqual(entry)
  })
  it('is not shown to the next person at this desk', () => {
    const kept = store()
    keepEntry(kept, 'zhiban', { ...emptyEntry(), caller_phone: '13800000000' })
    expect(readEntry(kept, 'zhihui').caller_phone).toBe('')
  })
  it('begins anew when what was kept is damaged or saved', () => {
    const kept = store()
    kept.setItem('shanzhi.duty.entry', '{')
    expect(readEntry(kept, 'zhiban').content).toBe('')
    keepEntry(kept, 'zhiban', { ...emptyEntry(), content: '示例' })
    dropEntry(kept)
    expect(readEntry(kept, 'zhiban').content).toBe('')
  })
})

describe('the wall of the city', () => {
  it('shows an instant as a field of date and time', () => {
    expect(wallTime('2026-03-09T02:05:00Z', 'Asia/Shanghai')).toBe('2026-03-09T10:05')
    expect(wallTime('2026-03-08T16:00:00Z', 'Asia/Shanghai')).toBe('2026-03-09T00:00')
    expect(wallTime(null)).toBe('')
  })
})
