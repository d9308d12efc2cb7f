import { describe, expect, it } from 'vitest'
import { addDays, clockOf, dayOf, grouped } from '@/desk/parts/duty/days'
import type { Shift } from '@/shared/types-duty'

const ZONE = 'Asia/Shanghai'
const shift = (id: string, place: string, begins_at: string, gap = 0) =>
  ({ id, place: { id: place, name: `示例网格 ${place}` }, begins_at, gap }) as Shift

describe('shifts by the clock of the city', () => {
  it('a night shift belongs to the day on which it begins there', () => {
    expect(dayOf('2026-03-09T16:30:00Z', ZONE)).toBe('2026-03-10')
    expect(clockOf('2026-03-09T16:30:00Z', ZONE)).toBe('00:30')
    expect(clockOf('2026-03-09T16:00:00Z', ZONE)).toBe('00:00')
  })
  it('weeks go over the end of a month and of a leap February', () => {
    expect(addDays('2026-12-29', 7)).toBe('2027-01-05')
    expect(addDays('2028-03-01', -1)).toBe('2028-02-29')
  })
  it('groups by day and by place, adding up what is missing', () => {
    const all = [
      shift('a', '1', '2026-03-09T00:00:00Z', 1),
      shift('b', '2', '2026-03-09T00:00:00Z'),
      shift('c', '1', '2026-03-09T16:00:00Z', 2),
    ]
    expect(grouped(all, 'day', ZONE).map((one) => [one.key, one.shifts.length, one.gap])).toEqual([
      ['2026-03-09', 2, 1],
      ['2026-03-10', 1, 2],
    ])
    expect(grouped(all, 'place', ZONE).map((one) => [one.name, one.gap])).toEqual([
      ['示例网格 1', 3],
      ['示例网格 2', 0],
    ])
  })
})
