import { describe, expect, it } from 'vitest'
import { clockInWords, dayInWords, lengthInWords, momentInWords, moodOf } from '@/shared/time'
import type { CaseClock } from '@/shared/types'

const HOUR = 3600
const DAY = 24 * HOUR
const ZONE = 'Asia/Shanghai'
const clock = (change: Partial<CaseClock>): CaseClock => ({
  name: 'handle',
  state: 'running',
  due_at: '2026-11-23T08:00:00Z',
  remaining_seconds: 2 * HOUR,
  warn: false,
  breached: false,
  ...change,
})

describe('a length of time in words', () => {
  it.each([
    [0, '不到 1 分钟', 'less than a minute'],
    [59, '不到 1 分钟', 'less than a minute'],
    [60, '1 分钟', '1 minute'],
    [HOUR - 1, '59 分钟', '59 minutes'],
    [HOUR, '1 小时', '1 hour'],
    [3 * HOUR + 20 * 60, '3 小时 20 分钟', '3 hours 20 minutes'],
    [DAY - 1, '23 小时 59 分钟', '23 hours 59 minutes'],
    [DAY, '1 天', '1 day'],
    [2 * DAY + 3 * HOUR + 59 * 60, '2 天 3 小时', '2 days 3 hours'],
    [-90 * 60, '1 小时 30 分钟', '1 hour 30 minutes'],
  ])('%i seconds', (seconds, zh, en) => {
    expect(lengthInWords(seconds, 'zh')).toBe(zh)
    expect(lengthInWords(seconds, 'en')).toBe(en)
  })
})

describe('a clock in words', () => {
  it.each([
    [null, 'none', '未计时', 'No clock yet'],
    [clock({}), 'normal', '还剩 2 小时', '2 hours left'],
    [
      clock({ warn: true, remaining_seconds: 1200 }),
      'warn',
      '临期 · 还剩 20 分钟',
      'Due soon · 20 minutes left',
    ],
    [clock({ breached: true, remaining_seconds: -DAY }), 'overdue', '已超期 1 天', 'Overdue by 1 day'],
    [clock({ remaining_seconds: -60 }), 'overdue', '已超期 1 分钟', 'Overdue by 1 minute'],
    [
      clock({ remaining_seconds: 30, warn: true }),
      'warn',
      '临期 · 还剩不到 1 分钟',
      'Due soon · less than a minute left',
    ],
    [clock({ remaining_seconds: -30 }), 'overdue', '已超期不到 1 分钟', 'Overdue by less than a minute'],
    [clock({ breached: true, remaining_seconds: null }), 'overdue', '已超期', 'Overdue'],
    [clock({ state: 'paused', breached: true }), 'paused', '已暂停计时', 'Clock paused'],
    [clock({ state: 'stopped' }), 'stopped', '计时已结束', 'Clock ended'],
    [clock({ remaining_seconds: null }), 'normal', '计时中', 'Clock running'],
  ] as const)('%#', (given, mood, zh, en) => {
    expect(moodOf(given)).toBe(mood)
    expect(clockInWords(given, 'zh')).toBe(zh)
    expect(clockInWords(given, 'en')).toBe(en)
  })
})

describe('a day in words', () => {
  const now = new Date('2026-11-23T15:30:00Z') // 23:30 in Shanghai

  it.each([
    ['2026-11-23T15:59:00Z', '今天', 'today'],
    ['2026-11-23T16:00:00Z', '明天', 'tomorrow'],
    ['2026-11-22T15:59:59Z', '昨天', 'yesterday'],
    ['2026-11-26T02:00:00Z', '11月26日 周四', 'Thu 26 Nov'],
    ['2027-01-04T02:00:00Z', '2027年1月4日 周一', 'Mon 4 Jan 2027'],
  ])('%s', (iso, zh, en) => {
    expect(dayInWords(iso, 'zh', now, ZONE)).toBe(zh)
    expect(dayInWords(iso, 'en', now, ZONE)).toBe(en)
  })

  it('adds the time of day', () => {
    expect(momentInWords('2026-11-23T16:05:00Z', 'zh', now, ZONE)).toBe('明天 00:05')
    expect(momentInWords('2026-11-23T16:05:00Z', 'en', now, ZONE)).toBe('Tomorrow 00:05')
    expect(momentInWords(null, 'zh', now, ZONE)).toBe('')
  })
})
