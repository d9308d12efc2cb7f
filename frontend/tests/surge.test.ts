import { describe, expect, it } from 'vitest'
import { daysOf } from '@/desk/parts/surge/days'

describe('days of a posting', () => {
  it('are told with the last one, not with the first day on which it is over', () => {
    expect(daysOf({ from_on: '2026-03-09', to_on: '2026-03-23' })).toBe('2026-03-09 至 2026-03-22')
    expect(daysOf({ from_on: '2026-02-27', to_on: '2026-03-01' })).toBe('2026-02-27 至 2026-02-28')
  })
  it('never end before they begin: who was relieved at once was there for no day', () => {
    expect(daysOf({ from_on: '2026-03-09', to_on: '2026-03-09' })).toBe('2026-03-09 至 2026-03-09')
  })
})
