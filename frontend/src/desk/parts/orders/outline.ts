/** A drawn area: corners to a polygon and back, a circle, whether it crosses itself, how large it is. */
import type { Outline } from '@/shared/types-orders'

export type Corner = [number, number]
const METRES = 111_320
const CIRCLE_CORNERS = 36

export function outlineOf(corners: Corner[]): Outline | null {
  return corners.length < 3 ? null : { type: 'Polygon', coordinates: [[...corners, corners[0]!]] }
}
/** The corners of its outer ring, the closing one left out; of several polygons the first. */
export function cornersOf(outline: Outline | null): Corner[] {
  if (!outline) return []
  const rings = (outline.type === 'Polygon'
    ? outline.coordinates
    : (outline.coordinates as unknown[])[0]) as Corner[][]
  return (rings[0] ?? []).slice(0, -1)
}

const six = (value: number) => Math.round(value * 1e6) / 1e6
export function circle(centre: Corner, metres: number): Corner[] {
  const across = metres / (METRES * Math.cos((centre[1] * Math.PI) / 180))
  return Array.from({ length: CIRCLE_CORNERS }, (_, n) => {
    const turn = (2 * Math.PI * n) / CIRCLE_CORNERS
    return [six(centre[0] + across * Math.cos(turn)), six(centre[1] + (metres / METRES) * Math.sin(turn))]
  })
}

/** Corners as typed, one a line; the number of the first line that is none. */
export function readCorners(text: string): { corners: Corner[]; wrong: number } {
  const corners: Corner[] = []
  let number = 0
  for (const line of text.split('\n')) {
    number += 1
    if (!line.trim()) continue
    const corner = readCorner(line)
    if (!corner) return { corners, wrong: number }
    corners.push(corner)
  }
  return { corners, wrong: 0 }
}
export function readCorner(text: string): Corner | null {
  const parts = text.trim().split(/[\s,，]+/)
  const [lon, lat] = parts.map(Number)
  const fine = parts.length === 2 && Math.abs(lon!) <= 180 && Math.abs(lat!) <= 90
  return fine ? [lon!, lat!] : null
}

const side = (a: Corner, b: Corner, c: Corner) => (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
/** Whether two sides that are no neighbours cross. */
export function crosses(corners: Corner[]): boolean {
  const count = corners.length
  for (let i = 0; i < count; i += 1) {
    for (let j = i + 2; j < count; j += 1) {
      if (i === 0 && j === count - 1) continue
      const [a, b, c, d] = [corners[i]!, corners[(i + 1) % count]!, corners[j]!, corners[(j + 1) % count]!]
      if (side(a, b, c) * side(a, b, d) < 0 && side(c, d, a) * side(c, d, b) < 0) return true
    }
  }
  return false
}

/** Square kilometres, good enough to tell a street from a district. */
export function areaOf(corners: Corner[]): number {
  const middle = corners.reduce((sum, one) => sum + one[1], 0) / Math.max(1, corners.length)
  const across = Math.cos((middle * Math.PI) / 180)
  let twice = 0
  corners.forEach((one, n) => {
    const next = corners[(n + 1) % corners.length]!
    twice += one[0] * next[1] - next[0] * one[1]
  })
  return (Math.abs(twice / 2) * across * METRES * METRES) / 1e6
}
