/** What is chosen in a community: floors by id, and the micro-grid that they would go to. */
import type { BandFloor, CommunityView, GridBuilding } from '@/shared/types-division'

export interface Stack {
  stairwells: string[]
  /** From the top down; each with the floor of every stairwell, if it has one there. */
  rows: { floor: number; cells: (BandFloor | null)[] }[]
}

/** Floors of a building as a picture: stairwells side by side, floors above each other. */
export function stackOf(building: GridBuilding): Stack {
  const stairwells = [...new Set(building.floors.map((floor) => floor.stairwell))]
  const heights = [...new Set(building.floors.map((floor) => floor.floor))].sort((one, other) => other - one)
  const at = new Map(building.floors.map((floor) => [`${floor.stairwell}/${floor.floor}`, floor]))
  return {
    stairwells,
    rows: heights.map((floor) => ({
      floor,
      cells: stairwells.map((stairwell) => at.get(`${stairwell}/${floor}`) ?? null),
    })),
  }
}

/** Add what is not all there yet, otherwise take it away. */
export function toggled(chosen: ReadonlySet<string>, ids: string[]): Set<string> {
  const next = new Set(chosen)
  const all = ids.every((id) => next.has(id))
  for (const id of ids) {
    if (all) next.delete(id)
    else next.add(id)
  }
  return next
}

/** The floors of one stairwell from one row to another, both included. */
export function between(stack: Stack, stairwell: string, from: number, to: number): string[] {
  const column = stack.stairwells.indexOf(stairwell)
  const [low, high] = [Math.min(from, to), Math.max(from, to)]
  return stack.rows
    .filter((row) => row.floor >= low && row.floor <= high)
    .flatMap((row) => row.cells[column]?.id ?? [])
}

export interface Tally {
  floors: number
  homes: number
  shops: number
  labels: number[]
}

/** What the chosen floors come to, and which micro-grids they belong to now. */
export function tally(view: CommunityView, chosen: ReadonlySet<string>): Tally {
  const found: Tally = { floors: 0, homes: 0, shops: 0, labels: [] }
  const labels = new Set<number>()
  for (const building of view.buildings) {
    for (const floor of building.floors) {
      if (!chosen.has(floor.id)) continue
      found.floors += 1
      found.homes += floor.homes
      found.shops += floor.shops
      labels.add(floor.label)
    }
  }
  found.labels = [...labels].sort((one, other) => one - other)
  return found
}

/** Floors that still exist: an edit may have replaced some. */
export function kept(view: CommunityView, chosen: ReadonlySet<string>): Set<string> {
  const there = new Set(view.buildings.flatMap((building) => building.floors.map((floor) => floor.id)))
  return new Set([...chosen].filter((id) => there.has(id)))
}

/** Labels of a building, most homes first: the first one colours its point. */
export function labelsOf(building: GridBuilding): number[] {
  const homes = new Map<number, number>()
  for (const floor of building.floors) {
    homes.set(floor.label, (homes.get(floor.label) ?? 0) + floor.homes + floor.shops)
  }
  return [...homes].sort((one, other) => other[1] - one[1] || one[0] - other[0]).map(([label]) => label)
}

/** Which cell an arrow key leads to; null when there is none that way. */
export function stepped(stack: Stack, id: string, key: string): BandFloor | null {
  const moves: Record<string, [number, number]> = {
    ArrowUp: [-1, 0],
    ArrowDown: [1, 0],
    ArrowLeft: [0, -1],
    ArrowRight: [0, 1],
  }
  const move = moves[key]
  const row = stack.rows.findIndex((one) => one.cells.some((cell) => cell?.id === id))
  if (!move || row < 0) return null
  const column = stack.rows[row]!.cells.findIndex((cell) => cell?.id === id)
  for (let step = 1; step <= stack.rows.length + stack.stairwells.length; step += 1) {
    const cells = stack.rows[row + move[0] * step]?.cells
    const at = column + move[1] * step
    if (!cells || at < 0 || at >= cells.length) return null
    if (cells[at]) return cells[at]
  }
  return null
}
