import { describe, expect, it } from 'vitest'
import { areaOf, circle, cornersOf, crosses, outlineOf, readCorner, readCorners } from '@/desk/parts/orders/outline'
import type { Corner } from '@/desk/parts/orders/outline'
import { curveOf } from '@/desk/parts/orders/ladder'

const SQUARE: Corner[] = [
  [104, 30],
  [104.01, 30],
  [104.01, 30.01],
  [104, 30.01],
]

describe('a drawn area', () => {
  it('is closed when it is sent, and open again when it is changed', () => {
    const made = outlineOf(SQUARE)
    expect((made!.coordinates as Corner[][])[0]).toHaveLength(5)
    expect(cornersOf(made)).toEqual(SQUARE)
    expect(outlineOf(SQUARE.slice(0, 2))).toBeNull()
    expect(cornersOf({ type: 'MultiPolygon', coordinates: [[[...SQUARE, SQUARE[0]]]] })).toEqual(SQUARE)
    expect(cornersOf(null)).toEqual([])
  })
  it('is refused when its sides cross', () => {
    expect(crosses(SQUARE)).toBe(false)
    expect(crosses([SQUARE[0]!, SQUARE[2]!, SQUARE[1]!, SQUARE[3]!])).toBe(true)
    expect(crosses(SQUARE.slice(0, 3))).toBe(false)
  })
  it('has about the size that it has', () => {
    // 0.01 degrees: 1.1132 km north, 0.964 km east at 30 degrees.
    expect(areaOf(SQUARE)).toBeCloseTo(1.073, 2)
    expect(areaOf(circle([104, 30], 500))).toBeCloseTo(Math.PI * 0.25, 1)
    expect(crosses(circle([104, 30], 500))).toBe(false)
  })
  it('is read from lines as people type them, and says which line is none', () => {
    expect(readCorners('104.1,30.2\n\n 104.3，30.4 \n104.5 30.6')).toEqual({
      corners: [
        [104.1, 30.2],
        [104.3, 30.4],
        [104.5, 30.6],
      ],
      wrong: 0,
    })
    expect(readCorners('104,30\n天府广场').wrong).toBe(2)
    expect(readCorner('30,104')).toBeNull()
    expect(readCorner('104')).toBeNull()
  })
})

describe('the curve that was expected', () => {
  it('stands beside what came, on the same axes, also before anything came', () => {
    const expected: [number, number][] = [
      [0, 0],
      [150, 50],
      [300, 100],
      [900, 100],
    ]
    const none = curveOf([], '2026-03-09T02:00:00Z', 100, 360, 100, expected, 300)
    expect(none).toMatchObject({ seconds: 360, promise: 300, expected: 'M0 100L150 50L300 0' })
    expect(curveOf([], '2026-03-09T02:00:00Z', 100, 360, 100)).toBeNull()
  })
})
