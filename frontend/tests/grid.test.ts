import { describe, expect, it } from 'vitest'
import { FILLS, anchorOf, colouring, fillsOf, neighbours, piecesOf, sizeOf } from '@/desk/grid/colouring'
import { clamped, pathOf, planeOf, shaped, zoomed } from '@/desk/grid/plan'
import type { Frame } from '@/desk/grid/plan'
import { between, kept, labelsOf, stackOf, stepped, tally, toggled } from '@/desk/grid/selection'
import type { BandFloor, CommunityView, GridBuilding, LabelFeature } from '@/shared/types-division'
import type { Ring } from '@/shared/types-grid'

const square = (x: number, y: number, size = 1): Ring => [
  [x, y], [x + size, y], [x + size, y + size], [x, y + size], [x, y],
]
const cell = (label: number, ...rings: Ring[]): LabelFeature => ({
  type: 'Feature',
  properties: { label },
  geometry: { type: 'Polygon', coordinates: rings },
})

describe('neighbours', () => {
  it('finds shared edges, corners that lean on an edge, and nothing across a gap', () => {
    const found = neighbours([
      cell(0, square(0, 0)),
      cell(1, square(1, 0.5, 0.25)),
      cell(2, square(1.5, 0)),
      cell(3, square(0, 1)),
    ])
    expect([...found.get(0)!].sort()).toEqual([1, 3])
    expect([...found.get(1)!]).toEqual([0])
    expect([...found.get(2)!]).toEqual([])
  })

  it('counts a label with two polygons once, and one without a polygon', () => {
    const found = neighbours([
      cell(0, square(0, 0)),
      cell(1, square(1, 0)),
      cell(0, square(2, 0)),
      { type: 'Feature', properties: { label: 5 }, geometry: null },
    ])
    expect([...found.get(0)!]).toEqual([1])
    expect(found.get(5)!.size).toBe(0)
  })
})

describe('colours', () => {
  const board = Array.from({ length: 8 }, (_, row) =>
    Array.from({ length: 8 }, (_, column) => cell(row * 8 + column, square(column, row))),
  ).flat()

  it('never give neighbours the same one, corners included', () => {
    const touching = neighbours(board)
    const colours = colouring(touching)
    expect(touching.get(9)!.size).toBe(8)
    for (const [label, others] of touching) {
      for (const other of others) expect(colours.get(label)).not.toBe(colours.get(other))
    }
    expect(new Set(colours.values()).size).toBe(4)
  })

  it('never wrap round to the first on a wheel of neighbours', () => {
    const hub = new Map<number, Set<number>>([[0, new Set([1, 2, 3, 4, 5])]])
    for (let at = 1; at <= 5; at += 1) {
      hub.set(at, new Set([0, (at % 5) + 1, ((at + 3) % 5) + 1]))
    }
    expect(Math.max(...colouring(hub).values())).toBeLessThan(FILLS.length)
  })

  it('fill every label, also one without a polygon', () => {
    const fills = fillsOf(board.slice(0, 3), [0, 1, 2, 99])
    expect(fills.size).toBe(4)
    expect(fills.get(99)).toMatch(/^#/)
  })
})

describe('numbers on the map', () => {
  it('stand in the middle of the largest ring', () => {
    const [x, y] = anchorOf({
      type: 'MultiPolygon',
      coordinates: [[square(0, 0, 1)], [square(104.03, 30.63, 4)]],
    })!
    expect(x).toBeCloseTo(106.03, 9)
    expect(y).toBeCloseTo(32.63, 9)
    expect(anchorOf(null)).toBeNull()
    const pieces = piecesOf({ type: 'MultiPolygon', coordinates: [[square(0, 0)], [square(5, 5)]] })
    expect(pieces.map((piece) => anchorOf(piece))).toEqual([[0.5, 0.5], [5.5, 5.5]])
    expect(piecesOf(null)).toEqual([])
    expect([sizeOf(null), sizeOf({ type: 'Polygon', coordinates: [square(1, 1, 3)] })]).toEqual([0, 9])
  })
})

const floor = (id: string, stairwell: string, at: number, label: number, homes = 4): BandFloor => ({
  id, stairwell, floor: at, top: at, homes, shops: 0, label,
})
const building: GridBuilding = {
  id: 'b1',
  compound_id: 'c1',
  compound: '样板园',
  name: '1栋',
  lon: 104.031,
  lat: 30.631,
  floors: [
    floor('a1', '1单元', 1, 0), floor('a2', '1单元', 2, 0), floor('a3', '1单元', 3, 1, 9),
    floor('b1', '2单元', 1, 0), floor('b3', '2单元', 3, 1),
  ],
}
const view: CommunityView = {
  place_id: 'p', name: '样板社区', code: '1', version: 1, low: 30, high: 100, approximate: false,
  microgrids: [], buildings: [building], edits: [], can_undo: false, outline: null,
  polygons: { type: 'FeatureCollection', features: [cell(0, square(104.03, 30.63, 0.002))] },
}

describe('floors of a building', () => {
  const stack = stackOf(building)

  it('stand in columns of stairwells, the top floor first, gaps left open', () => {
    expect(stack.stairwells).toEqual(['1单元', '2单元'])
    expect(stack.rows.map((row) => row.floor)).toEqual([3, 2, 1])
    expect(stack.rows[1]!.cells.map((one) => one?.id ?? null)).toEqual(['a2', null])
  })

  it('are walked with arrow keys over gaps, and not out of the picture', () => {
    expect(stepped(stack, 'b3', 'ArrowDown')?.id).toBe('b1')
    expect(stepped(stack, 'a3', 'ArrowRight')?.id).toBe('b3')
    expect(stepped(stack, 'a2', 'ArrowRight')).toBeNull()
    expect(stepped(stack, 'a1', 'ArrowDown')).toBeNull()
    expect(stepped(stack, 'a1', 'Enter')).toBeNull()
  })

  it('are chosen one by one, all at once and from one to another', () => {
    const some = toggled(new Set(['a1']), ['a1', 'a2'])
    expect([...some].sort()).toEqual(['a1', 'a2'])
    expect([...toggled(some, ['a1', 'a2'])]).toEqual([])
    expect(between(stack, '1单元', 3, 2)).toEqual(['a3', 'a2'])
    expect(between(stack, '2单元', 1, 3)).toEqual(['b3', 'b1'])
  })

  it('are counted with their homes and micro-grids', () => {
    expect(tally(view, new Set(['a1', 'a3', 'gone']))).toEqual({ floors: 2, homes: 13, shops: 0, labels: [0, 1] })
    expect([...kept(view, new Set(['a1', 'gone']))]).toEqual(['a1'])
    expect(labelsOf(building)).toEqual([1, 0])
  })
})

describe('the plan', () => {
  const plane = planeOf(view)
  const whole: Frame = plane.view

  it('is in metres, north up', () => {
    expect(plane.y(30.63) - plane.y(30.632)).toBeCloseTo(222.64, 1)
    expect(plane.x(104.032) - plane.x(104.03)).toBeCloseTo(191.57, 0)
    expect(pathOf(view.polygons.features[0]!.geometry, plane)).toMatch(/^M[-\d.]+ [-\d.]+L.*Z$/)
    expect(pathOf(null, plane)).toBe('')
  })

  it('takes the shape of the window and begins at the buildings', () => {
    const wide = shaped(whole, 3)
    expect(wide[2] / wide[3]).toBeCloseTo(3, 9)
    expect(wide[0] + wide[2] / 2).toBeCloseTo(whole[0] + whole[2] / 2, 9)
    expect(shaped([0, 0, 10, 10], 0.5)).toEqual([0, -5, 10, 20])
    expect(plane.home[2]).toBeLessThan(whole[2])
    expect(plane.home[0] + plane.home[2] / 2).toBeCloseTo(plane.x(104.031), 0)
  })

  it('zooms about a point and never leaves the whole', () => {
    const near = zoomed(whole, whole, 0.5, [whole[0], whole[1]])
    expect(near[0]).toBeCloseTo(whole[0], 9)
    expect(near[2]).toBeCloseTo(whole[2] / 2, 9)
    expect(zoomed(near, whole, 100, [0, 0])).toEqual(whole)
    expect(clamped([1e6, -1e6, near[2], near[3]], whole)[0]).toBeCloseTo(whole[0] + whole[2] - near[2], 9)
    expect(zoomed(whole, whole, 0.0001, [0, 0])[2]).toBe(20)
  })
})
