/** Shares, their colours by meaning, and the four curves over a time that is stretched at its beginning. */
import type { BoardLine, BoardPoint } from '@/shared/types-board'

export const CURVES = ['delivered', 'acknowledged', 'working', 'doors'] as const
export type CurveName = (typeof CURVES)[number]
/** Seconds that get a mark below the curve. */
export const MARKS = [60, 300, 900, 3600, 10800, 43200, 86400, 259200, 864000] as const

export const share = (part: number, all: number): number => (all > 0 ? Math.min(1, part / all) : 0)
/** 99.96 % is not yet all: a share never rounds up to 100, and what has begun is never 0. */
export function percent(part: number, all: number): number {
  if (all <= 0) return 0
  if (part >= all) return 100
  return Math.min(99, Math.max(part > 0 ? 1 : 0, Math.round((100 * part) / all)))
}
export const whole = (value: number): string => value.toLocaleString('zh-CN')

export type Shade = 'none' | 'begun' | 'half' | 'most' | 'all' | 'trouble'
/** What a place is shaded as: doors where there is a sweep, else people who acknowledged. */
export function shadeOf(line: BoardLine): Shade {
  const [part, all] = line.doors ? [line.done, line.doors] : [line.acknowledged, line.people]
  if (!all) return 'none'
  if (line.cannot > 0 && share(line.cannot, line.people) >= 0.05) return 'trouble'
  const found = part / all
  if (found >= 1) return 'all'
  if (found >= 0.9) return 'most'
  if (found >= 0.5) return 'half'
  return found > 0 ? 'begun' : 'none'
}
export const SHADES: Shade[] = ['none', 'begun', 'half', 'most', 'all', 'trouble']
export const SHADE_COLOURS: Record<Shade, string> = {
  none: '#c4ccd0',
  begun: '#f3d9a4',
  half: '#b7d8e0',
  most: '#7fb9a0',
  all: '#1b6a43',
  trouble: '#b3231b',
}

export interface DrawnCurve {
  seconds: number
  lines: { name: CurveName; path: string; share: number }[]
  marks: { seconds: number; x: number }[]
  promise: number
}

/** The first minutes count most: time is drawn by the logarithm of the minutes that have passed. */
export function drawCurves(
  points: BoardPoint[],
  begun: string,
  people: number,
  doors: number,
  promiseSeconds: number,
  width: number,
  height: number,
): DrawnCurve | null {
  if (!points.length || people + doors <= 0) return null
  const start = Date.parse(begun)
  const at = points.map((point) => Math.max(0, (Date.parse(point.at) - start) / 1000))
  const seconds = Math.max(promiseSeconds * 1.5, at[at.length - 1]!)
  const stretch = (value: number) => Math.log1p(value / 30)
  const x = (value: number) => Math.round((stretch(value) / stretch(seconds)) * width * 10) / 10
  const y = (value: number) => Math.round((1 - value) * height * 10) / 10
  const lines = CURVES.filter((name) => (name === 'doors' ? doors > 0 : people > 0)).map((name) => {
    const all = name === 'doors' ? doors : people
    let [path, most] = [`M0 ${y(0)}`, 0]
    points.forEach((point, index) => {
      most = Math.max(most, share(point[name], all))
      path += `H${x(at[index]!)}V${y(most)}`
    })
    return { name, path, share: most }
  })
  return {
    seconds,
    lines,
    marks: MARKS.filter((mark) => mark <= seconds).map((mark) => ({ seconds: mark, x: x(mark) })),
    promise: x(promiseSeconds),
  }
}
