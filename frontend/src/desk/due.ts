/** A unit's inbox: rows under the day on which they are due. */
import { cityTimeZone, dayNumber } from '@/shared/time'
import type { CaseRow, Queue } from '@/shared/types'

export const DUE_GROUPS = ['overdue', 'today', 'week', 'later', 'paused'] as const
export type DueGroup = (typeof DUE_GROUPS)[number]

/** Queues that a unit works through by due day. */
const BY_DAY = new Set(['dispatched', 'signed', 'handled', 'open', 'mine'])
const OF_UNITS = new Set(['dispatched', 'signed', 'handled'])

/** Whether this person's work is a unit's: then lists go by due day. */
export function goesByDay(queue: string, queues: Queue[]): boolean {
  return BY_DAY.has(queue) && queues.some((one) => one.work && OF_UNITS.has(one.code))
}

export function dueGroup(row: CaseRow, now = new Date(), zone = cityTimeZone()): DueGroup {
  const clock = row.clock
  if (!clock || !clock.due_at || clock.state === 'paused' || clock.name === 'suspend') return 'paused'
  const due = new Date(clock.due_at)
  if (clock.breached || due <= now) return 'overdue'
  const today = dayNumber(now, zone)
  const ahead = dayNumber(due, zone) - today
  if (ahead <= 0) return 'today'
  // Day 0 was a Thursday; a week ends with its Sunday.
  const leftOfWeek = 6 - ((today + 3) % 7)
  return ahead <= leftOfWeek ? 'week' : 'later'
}

export interface RowGroup {
  group: DueGroup | ''
  rows: CaseRow[]
}

/** The rows in groups; each keeps its order. Without grouping all are in one without a name. */
export function grouped(
  rows: CaseRow[],
  byDay: boolean,
  now = new Date(),
  zone = cityTimeZone(),
): RowGroup[] {
  if (!byDay) return [{ group: '', rows }]
  return DUE_GROUPS.map((group) => ({
    group,
    rows: rows.filter((row) => dueGroup(row, now, zone) === group),
  })).filter((one) => one.rows.length)
}
