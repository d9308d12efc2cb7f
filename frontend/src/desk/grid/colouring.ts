/** Colours for micro-grids: neighbours never share one; numbers say the same without colour. */
import type { LabelFeature } from '@/shared/types-division'
import type { Ring, Shape } from '@/shared/types-grid'

/** Light fills, dark ink on each at least 7:1; hatch-free, so that a printed grey still shows the lines. */
export const FILLS = [
  '#a9d3e8', '#f6cf8b', '#b9dba0', '#e9b5c6', '#cfc0ea', '#f2e58e', '#9fdccb', '#e8c3a0',
] as const

/** A touch within this many degrees (about 10 cm) counts. */
const TOUCH = 1e-6

export function ringsOf(shape: Shape | null): Ring[] {
  if (!shape) return []
  return shape.type === 'Polygon' ? shape.coordinates : shape.coordinates.flat()
}

type Box = [number, number, number, number]

function boxOf(rings: Ring[]): Box {
  const box: Box = [Infinity, Infinity, -Infinity, -Infinity]
  for (const [x, y] of rings.flat()) {
    box[0] = Math.min(box[0], x)
    box[1] = Math.min(box[1], y)
    box[2] = Math.max(box[2], x)
    box[3] = Math.max(box[3], y)
  }
  return box
}

const apart = (one: Box, other: Box) =>
  one[0] > other[2] + TOUCH ||
  other[0] > one[2] + TOUCH ||
  one[1] > other[3] + TOUCH ||
  other[1] > one[3] + TOUCH

function distance([px, py]: [number, number], [ax, ay]: [number, number], [bx, by]: [number, number]): number {
  const [dx, dy] = [bx - ax, by - ay]
  const length = dx * dx + dy * dy
  const along = length ? Math.max(0, Math.min(1, ((px - ax) * dx + (py - ay) * dy) / length)) : 0
  return Math.hypot(px - ax - along * dx, py - ay - along * dy)
}

/** Whether a corner of `one` lies on the boundary of `other`. */
function leans(one: Ring[], other: Ring[], near: Box): boolean {
  for (const point of one.flat()) {
    if (apart([point[0], point[1], point[0], point[1]], near)) continue
    for (const ring of other) {
      for (let at = 1; at < ring.length; at += 1) {
        if (distance(point, ring[at - 1]!, ring[at]!) <= TOUCH) return true
      }
    }
  }
  return false
}

/** Which labels touch which, from the polygons that tile a community. */
export function neighbours(features: LabelFeature[]): Map<number, Set<number>> {
  const found = new Map<number, Set<number>>()
  const shapes = features.map((feature) => {
    const rings = ringsOf(feature.geometry)
    found.set(feature.properties.label, found.get(feature.properties.label) ?? new Set())
    return { label: feature.properties.label, rings, box: boxOf(rings) }
  })
  shapes.forEach((one, at) => {
    for (const other of shapes.slice(at + 1)) {
      if (one.label === other.label || apart(one.box, other.box)) continue
      if (leans(one.rings, other.rings, other.box) || leans(other.rings, one.rings, one.box)) {
        found.get(one.label)!.add(other.label)
        found.get(other.label)!.add(one.label)
      }
    }
  })
  return found
}

/** A colour number for each label, the most constrained first (DSATUR, Brelaz 1979). */
export function colouring(touching: Map<number, Set<number>>): Map<number, number> {
  const chosen = new Map<number, number>()
  const used = (label: number) =>
    new Set([...touching.get(label)!].flatMap((other) => (chosen.has(other) ? [chosen.get(other)!] : [])))
  const open = new Set([...touching.keys()].sort((one, other) => one - other))
  while (open.size) {
    let best = -1
    let rank = [-1, -1]
    for (const label of open) {
      const mine = [used(label).size, touching.get(label)!.size]
      if (mine[0]! > rank[0]! || (mine[0] === rank[0] && mine[1]! > rank[1]!)) [best, rank] = [label, mine]
    }
    const taken = used(best)
    let colour = 0
    while (taken.has(colour)) colour += 1
    chosen.set(best, colour)
    open.delete(best)
  }
  return chosen
}

/** Fill of each label; one that has no polygon takes the next colour in turn. */
export function fillsOf(features: LabelFeature[], labels: number[]): Map<number, string> {
  const colours = colouring(neighbours(features))
  return new Map(
    labels.map((label, at) => [label, FILLS[(colours.get(label) ?? at) % FILLS.length]!] as const),
  )
}

/** Where a number is written: the centroid of the largest ring. */
export function anchorOf(shape: Shape | null): [number, number] | null {
  const rings = shape?.type === 'MultiPolygon' ? shape.coordinates.map((one) => one[0]!) : ringsOf(shape)
  let best: Ring | null = null
  let most = -1
  for (const ring of rings) {
    const box = boxOf([ring])
    const size = (box[2] - box[0]) * (box[3] - box[1])
    if (size > most) [best, most] = [ring, size]
  }
  if (!best) return null
  let [area, x, y] = [0, 0, 0]
  for (let at = 1; at < best.length; at += 1) {
    const [[ax, ay], [bx, by]] = [best[at - 1]!, best[at]!]
    // About the first corner: the products of degrees would lose their last digits otherwise.
    const [ox, oy] = best[0]!
    const cross = (ax - ox) * (by - oy) - (bx - ox) * (ay - oy)
    area += cross
    x += (ax + bx - 2 * ox) * cross
    y += (ay + by - 2 * oy) * cross
  }
  const [ox, oy] = best[0]!
  return area ? [ox + x / (3 * area), oy + y / (3 * area)] : best[0]!
}

/** How much room a shape has: the area of its box, in square degrees. */
export function sizeOf(shape: Shape | null): number {
  const box = boxOf(ringsOf(shape))
  return box[0] > box[2] ? 0 : (box[2] - box[0]) * (box[3] - box[1])
}

/** The polygons of a shape, each by itself. */
export function piecesOf(shape: Shape | null): Shape[] {
  if (!shape) return []
  if (shape.type === 'Polygon') return [shape]
  return shape.coordinates.map((coordinates) => ({ type: 'Polygon', coordinates }))
}
