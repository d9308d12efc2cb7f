import { describe, expect, it } from 'vitest'
import { drawCurves, percent, shadeOf } from '@/desk/parts/board/shares'
import { problemOf } from '@/desk/parts/sweeps/answers'
import { cityInstant, wallOf } from '@/shared/time'
import type { BoardLine } from '@/shared/types-board'
import type { MyDoor, SweepForm, VisitBody } from '@/shared/types-sweeps'
import { VisitQueue } from '@/shared/visits'

class Shelf {
  kept = new Map<string, string>()
  full = false
  get length(): number {
    return this.kept.size
  }
  key = (at: number) => [...this.kept.keys()][at] ?? null
  getItem = (name: string) => this.kept.get(name) ?? null
  removeItem = (name: string) => void this.kept.delete(name)
  setItem = (name: string, value: string) => {
    if (this.full) throw new Error('full')
    this.kept.set(name, value)
  }
}
const door = (number: number): MyDoor => ({
  area: '510107',
  piece: 'p',
  door: number,
  kind: 'home',
  address: `示例小区 ${number}`,
  is_priority: false,
  result: 'open',
  seen_at: null,
  seen_by: '',
  revisit_at: null,
  last: null,
  has_hidden: false,
  day: 0,
  moved_on: null,
  longer_to: null,
})

describe('visits on the device', () => {
  it('stay until the server has each of them, and a bad one holds up no other', async () => {
    const shelf = new Shelf()
    const sent: VisitBody[][] = []
    const queue = new VisitQueue(shelf, 'wangge', async (items) => {
      sent.push(items)
      return items.map((one) =>
        one.door === 1
          ? { id: one.id, status: 'invalid', error: { zh: '不对', en: 'wrong', field: 'result' } }
          : { id: one.id, status: one.door === 2 ? 'known' : 'stored', error: null },
      )
    })
    for (const number of [0, 1, 2, 3]) queue.add(door(number), 0, { result: 'visited' }, new Date(number * 1000))
    await queue.flush()
    expect(sent.flat().map((one) => one.door)).toEqual([0, 1, 2, 3])
    expect(queue.waiting()).toEqual([])
    expect(queue.refused().map((one) => [one.body.door, one.refusal?.zh])).toEqual([[1, '不对']])
    await queue.flush()
    expect(sent).toHaveLength(1)
  })

  it('are all still there when the server is not', async () => {
    const shelf = new Shelf()
    const queue = new VisitQueue(shelf, 'wangge', () => Promise.reject(new Error('offline')))
    for (let number = 0; number < 45; number += 1) queue.add(door(number), 0, { result: 'refused' }, new Date(number))
    await expect(queue.flush()).rejects.toThrow('offline')
    expect(queue.waiting()).toHaveLength(45)
    const again: number[] = []
    const later = new VisitQueue(shelf, 'wangge', async (items) => {
      again.push(items.length)
      return items.map((one) => ({ id: one.id, status: 'stored', error: null }))
    })
    await later.flush()
    expect(again).toEqual([20, 20, 5])
    expect(later.kept()).toEqual([])
  })

  it('are kept apart by who is signed in, and a full device says so', () => {
    const shelf = new Shelf()
    new VisitQueue(shelf, 'wangge').add(door(0), 0, { result: 'visited' })
    expect(new VisitQueue(shelf, 'xuncha').kept()).toEqual([])
    shelf.full = true
    expect(() => new VisitQueue(shelf, 'wangge').add(door(1), 0, { result: 'visited' })).toThrow('full')
  })
})

describe('answers of a form', () => {
  const form: SweepForm = {
    code: 'f',
    zh: '表',
    en: 'Form',
    version: 1,
    sections: [
      {
        code: 's',
        zh: '段',
        en: 'Section',
        questions: [
          { code: 'n', zh: '人数', en: 'People', kind: 'number', required: true, sensitive: false, least: 0, most: 9, choices: [], hint_zh: '', hint_en: '' },
        ],
      },
    ],
  }
  it('name the question that is missing, no number, or out of bounds', () => {
    expect(problemOf(form, {})).toMatchObject({ field: 'n', zh: '请填写“人数”。' })
    expect(problemOf(form, { n: 'x' })?.en).toBe('“People” is a number.')
    expect(problemOf(form, { n: 10 })?.zh).toBe('“人数”应在 0 到 9 之间。')
    expect(problemOf(form, { n: 0 })).toBeNull()
  })
})

describe('shares of the board', () => {
  it('never round up to all, nor down to nothing', () => {
    expect([percent(0, 9), percent(1, 100000), percent(99999, 100000), percent(5, 5), percent(1, 0)]).toEqual([0, 1, 99, 100, 0])
  })
  const line = (change: Partial<BoardLine>): BoardLine => ({
    place_id: 'p', name: '示例', level: 'grid', has_below: false, people: 10, acknowledged: 0, cannot: 0, doors: 0, done: 0, help: 0, ...change,
  })
  it('shade a place by its doors where there is a sweep, else by its people', () => {
    expect(shadeOf(line({}))).toBe('none')
    expect(shadeOf(line({ acknowledged: 10 }))).toBe('all')
    expect(shadeOf(line({ acknowledged: 10, doors: 100, done: 55 }))).toBe('half')
    expect(shadeOf(line({ acknowledged: 9, cannot: 1 }))).toBe('trouble')
  })
  it('draw curves that never fall, over a stretched time', () => {
    const at = (second: number) => new Date(second * 1000).toISOString()
    const points = [
      { at: at(10), delivered: 5, acknowledged: 1, working: 0, doors: 0 },
      { at: at(600), delivered: 10, acknowledged: 8, working: 4, doors: 30 },
    ]
    const curve = drawCurves(points, at(0), 10, 60, 300, 400, 100)
    expect(curve?.lines.map((one) => [one.name, one.share])).toEqual([
      ['delivered', 1], ['acknowledged', 0.8], ['working', 0.4], ['doors', 0.5],
    ])
    expect(curve?.marks.map((one) => one.seconds)).toEqual([60, 300])
    expect(curve!.promise).toBeGreaterThan(200)
    expect(drawCurves([], at(0), 10, 60, 300, 400, 100)).toBeNull()
  })
})

describe('the clock on the wall', () => {
  it('is read back as it was written', () => {
    expect(wallOf(cityInstant('2026-11-28T22:00', 'Asia/Shanghai'), 'Asia/Shanghai')).toBe('2026-11-28T22:00')
  })
})
