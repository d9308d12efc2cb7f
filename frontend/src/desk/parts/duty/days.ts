/** Shifts by day and by place, as the city's clock has them. */
import { cityTimeZone, dayNumber } from '@/shared/time'
import type { Shift } from '@/shared/types-duty'

export function clockOf(iso: string, zone = cityTimeZone()): string {
  return new Intl.DateTimeFormat('en-GB', {
    timeZone: zone,
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  }).format(new Date(iso))
}

/** The day on which a shift begins, as a date input writes it. */
export function dayOf(iso: string, zone = cityTimeZone()): string {
  return new Date(dayNumber(new Date(iso), zone) * 86400000).toISOString().slice(0, 10)
}

export function addDays(day: string, days: number): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) + days * 86400000).toISOString().slice(0, 10)
}

export interface Group {
  key: string
  name: string
  shifts: Shift[]
  gap: number
}

/** In groups by day of beginning, or by place; each in the order in which the shifts came. */
export function grouped(shifts: Shift[], by: 'day' | 'place', zone = cityTimeZone()): Group[] {
  const found = new Map<string, Group>()
  for (const shift of shifts) {
    const key = by === 'day' ? dayOf(shift.begins_at, zone) : shift.place.id
    const name = by === 'day' ? key : shift.place.name
    const group = found.get(key) ?? { key, name, shifts: [], gap: 0 }
    group.shifts.push(shift)
    group.gap += shift.gap
    found.set(key, group)
  }
  return [...found.values()]
}
