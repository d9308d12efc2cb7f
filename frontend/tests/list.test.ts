import { describe, expect, it } from 'vitest'
import { batchVerbs, stillThere, toggled, told } from '@/desk/batch'
import { dueGroup, goesByDay, grouped } from '@/desk/due'
import { commandOf, nextOf } from '@/desk/keys'
import type { CaseRow, Queue } from '@/shared/types'

const ZONE = 'Asia/Shanghai'
// A Tuesday, 10:00 in the city.
const NOW = new Date('2026-11-24T02:00:00Z')

function row(id: string, due: string | null, clock: Partial<NonNullable<CaseRow['clock']>> = {}): CaseRow {
  return {
    area: '510107',
    id,
    number: `N${id}`,
    kind_zh: '',
    kind_en: '',
    state: '',
    state_zh: '',
    state_en: '',
    place_name: '',
    address: '',
    text: '',
    due_at: due,
    clock: due
      ? {
          name: 'handle',
          state: 'running',
          due_at: due,
          remaining_seconds: 1,
          warn: false,
          breached: false,
          ...clock,
        }
      : null,
    created_at: '2026-11-23T01:00:00Z',
    version: 1,
    closing_rule: '',
    unit_name: '',
    open_requests: 0,
  }
}
const queue = (code: string, work: boolean): Queue => ({ code, zh: '', en: '', count: 0, urgent: 0, work })

describe('the inbox by due day', () => {
  it.each([
    ['2026-11-24T01:59:00Z', 'overdue'],
    ['2026-11-24T02:01:00Z', 'today'],
    ['2026-11-24T15:59:00Z', 'today'],
    ['2026-11-24T16:00:00Z', 'week'],
    ['2026-11-29T15:59:00Z', 'week'],
    ['2026-11-29T16:00:00Z', 'later'],
  ])('%s is %s', (due, group) => {
    expect(dueGroup(row('1', due), NOW, ZONE)).toBe(group)
  })

  it('has no week left on a Sunday', () => {
    const sunday = new Date('2026-11-29T02:00:00Z')
    expect(dueGroup(row('1', '2026-11-29T10:00:00Z'), sunday, ZONE)).toBe('today')
    expect(dueGroup(row('1', '2026-11-30T10:00:00Z'), sunday, ZONE)).toBe('later')
  })

  it('rests where no clock of handling runs', () => {
    expect(dueGroup(row('1', null), NOW, ZONE)).toBe('paused')
    expect(dueGroup(row('1', '2026-12-24T02:00:00Z', { name: 'suspend' }), NOW, ZONE)).toBe('paused')
  })

  it('keeps the order within groups and drops empty ones', () => {
    const rows = [row('a', null), row('b', '2026-11-24T03:00:00Z'), row('c', '2026-11-24T02:30:00Z')]
    const found = grouped(rows, true, NOW, ZONE)
    expect(found.map((one) => [one.group, one.rows.map((each) => each.id)])).toEqual([
      ['today', ['b', 'c']],
      ['paused', ['a']],
    ])
    expect(grouped(rows, false, NOW, ZONE)).toEqual([{ group: '', rows }])
  })

  it('is for whoever works at a unit', () => {
    const unit = [queue('dispatched', true), queue('open', false)]
    expect(goesByDay('open', unit)).toBe(true)
    expect(goesByDay('closed', unit)).toBe(false)
    expect(goesByDay('open', [queue('filed', true), queue('dispatched', false)])).toBe(false)
  })
})

describe('taking rows together', () => {
  const ids = ['a', 'b', 'c', 'd']

  it('chooses, drops, and fills a range', () => {
    const one = toggled(new Set(), ids, 'b')
    expect([...one]).toEqual(['b'])
    expect([...toggled(one, ids, 'b')]).toEqual([])
    expect([...toggled(one, ids, 'd', 'b', true)].sort()).toEqual(['b', 'c', 'd'])
    expect([...toggled(one, ids, 'a', 'gone', true)].sort()).toEqual(['a', 'b'])
  })

  it('forgets rows that have left the list', () => {
    expect([...stillThere(new Set(['a', 'z']), ids)]).toEqual(['a'])
  })

  it('offers what suits the list and the post', () => {
    const all = () => true
    expect(batchVerbs('reported', all)).toEqual(['accept'])
    expect(batchVerbs('filed', all)).toEqual(['dispatch', 'bundle'])
    expect(batchVerbs('dispatched', (capability) => capability === 'case.sign')).toEqual(['sign'])
    expect(batchVerbs('signed', (capability) => capability === 'case.handle')).toEqual([])
    expect(batchVerbs('closed', all)).toEqual([])
  })

  it('tells of refusals by number', () => {
    const refused = [{ area: '510107', id: 'a', code: 'x', message_zh: '不行', message_en: 'no' }]
    expect(told({ done: 2, refused }, [row('a', null)])).toEqual({
      done: 2,
      refused: [{ number: 'Na', zh: '不行', en: 'no' }],
    })
  })
})

describe('keys', () => {
  it('mean what the help says', () => {
    const meant = ['j', 'K', 'Enter', 'a', 'x', 'r', 'd', 'n', '/', '?', 'Escape', '3', 'q'].map((key) =>
      commandOf({ key }, 'page'),
    )
    expect(meant).toEqual([
      'down', 'up', 'open', 'act', 'select', 'back', 'dispatch', 'next', 'search', 'help', 'fold', 'choose 3',
      null,
    ])
  })

  it('mean nothing while somebody types, and Enter nothing on a button', () => {
    expect(commandOf({ key: 'a' }, 'text')).toBeNull()
    expect(commandOf({ key: 'a', ctrlKey: true }, 'page')).toBeNull()
    expect(commandOf({ key: 'a', isComposing: true }, 'page')).toBeNull()
    expect(commandOf({ key: 'Enter' }, 'control')).toBeNull()
    expect(commandOf({ key: 'Enter' }, 'choice')).toBeNull()
    expect(commandOf({ key: '2' }, 'choice')).toBe('choose 2')
  })

  it('repeat only to move', () => {
    expect(commandOf({ key: 'j', repeat: true }, 'page')).toBe('down')
    expect(commandOf({ key: 'a', repeat: true }, 'page')).toBeNull()
  })

  it('find the next case, also after this one has left the list', () => {
    const rows = [{ id: 'a' }, { id: 'b' }]
    expect(nextOf(rows, 'a', 0)?.id).toBe('b')
    expect(nextOf(rows, 'b', 1)).toBeNull()
    expect(nextOf(rows, 'gone', 1)?.id).toBe('b')
    expect(nextOf(rows, 'gone', 5)?.id).toBe('b')
    expect(nextOf([], 'gone', 0)).toBeNull()
  })
})
