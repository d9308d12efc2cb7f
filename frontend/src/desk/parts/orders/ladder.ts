/** The rungs of a ladder in words, and the reach curve as a path. */
import { lang, pick, t } from '@/shared/i18n'
import { lengthInWords } from '@/shared/time'
import type { LadderStep, OrderRung, ReachPoint } from '@/shared/types-orders'

export const PROMISE_SECONDS = 300

/** 90 → 1:30, 3700 → 1:01:40. */
export function clockOf(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds))
  const two = (value: number) => String(value).padStart(2, '0')
  const hours = Math.floor(whole / 3600)
  const rest = `${hours ? two(Math.floor((whole % 3600) / 60)) : Math.floor(whole / 60)}:${two(whole % 60)}`
  return hours ? `${hours}:${rest}` : rest
}

/** 立即 应用内 · 1 分钟后 短信 每秒 300 条. */
export function stepInWords(step: LadderStep): string {
  const seconds = step.after_seconds
  const time = seconds % 60 ? clockOf(seconds) : lengthInWords(seconds, lang.value)
  const when = seconds ? t('ladder.at', { time }) : t('ladder.now')
  const rate = step.per_second ? ` ${t('ladder.rate', { rate: step.per_second })}` : ''
  return `${when} ${pick(step.kind_zh, step.kind_en)}${rate}`
}

const STATES = ['queued', 'sending', 'sent', 'delivered', 'failed', 'cancelled'] as const

/** What became of a rung's messages; the parts add up to those wanted. */
export function messagesInWords(rung: OrderRung): string[] {
  return STATES.filter((state) => rung.messages[state]).map((state) =>
    t(`order.message.${state}`, { count: rung.messages[state]! }),
  )
}

export interface Curve {
  seconds: number
  lines: { name: 'delivered' | 'acknowledged' | 'done'; path: string; last: number }[]
  promise: number
  /** What the planner expected to be delivered, as a path; empty without one. */
  expected: string
}

const LINES = ['delivered', 'acknowledged', 'done'] as const

/** Steps over time in a box of `width` by `height`: x from issue to the last point, y the share of `people`. */
export function curveOf(
  points: ReachPoint[],
  issuedAt: string,
  people: number,
  width: number,
  height: number,
  expected: [number, number][] = [],
  promised = PROMISE_SECONDS,
): Curve | null {
  if ((!points.length && !expected.length) || people <= 0) return null
  const begun = Date.parse(issuedAt)
  const at = points.map((point) => Math.max(0, (Date.parse(point.at) - begun) / 1000))
  const seconds = Math.max(promised * 1.2, at[at.length - 1] ?? 0)
  const x = (value: number) => Math.round((value / seconds) * width * 10) / 10
  const y = (value: number) => Math.round((1 - value / people) * height * 10) / 10
  const lines = LINES.map((name) => {
    let path = `M0 ${y(0)}`
    points.forEach((point, index) => {
      path += `H${x(at[index]!)}V${y(point[name])}`
    })
    return { name, path, last: points[points.length - 1]?.[name] ?? 0 }
  })
  const guess = expected
    .filter(([second]) => second <= seconds)
    .map(([second, reached], n) => `${n ? 'L' : 'M'}${x(second)} ${y(Math.min(reached, people))}`)
    .join('')
  return { seconds, lines, promise: x(promised), expected: guess }
}
