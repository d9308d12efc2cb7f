/** Time in words. */
import type { Lang } from './i18n'
import type { CaseClock } from './types'

export const MINUTE = 60
export const HOUR = 3600
export const DAY = 86400

function plural(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? '' : 's'}`
}

/** A length of time with its two largest units: `2 天 3 小时`, `3 hours 20 minutes`. */
export function lengthInWords(seconds: number, lang: Lang): string {
  const total = Math.floor(Math.abs(seconds) / MINUTE)
  const days = Math.floor(total / 1440)
  const hours = Math.floor((total % 1440) / 60)
  const minutes = total % 60
  if (total === 0) return lang === 'zh' ? '不到 1 分钟' : 'less than a minute'
  const parts: string[] = []
  if (days) parts.push(lang === 'zh' ? `${days} 天` : plural(days, 'day'))
  if (hours) parts.push(lang === 'zh' ? `${hours} 小时` : plural(hours, 'hour'))
  if (minutes && !days) parts.push(lang === 'zh' ? `${minutes} 分钟` : plural(minutes, 'minute'))
  return parts.join(' ')
}

export type ClockMood = 'normal' | 'warn' | 'overdue' | 'paused' | 'stopped' | 'none'

/** What a clock means to the reader; colour and word both follow from it. */
export function moodOf(clock: CaseClock | null | undefined): ClockMood {
  if (!clock) return 'none'
  if (clock.state === 'paused') return 'paused'
  if (clock.breached) return 'overdue'
  if (clock.state === 'stopped') return 'stopped'
  if ((clock.remaining_seconds ?? 0) < 0) return 'overdue'
  return clock.warn ? 'warn' : 'normal'
}

/** The clock as one phrase: 还剩 3 小时 / 临期 · 还剩 20 分钟 / 已超期 2 天 / 已暂停. */
export function clockInWords(clock: CaseClock | null | undefined, lang: Lang): string {
  const mood = moodOf(clock)
  const seconds = clock?.remaining_seconds ?? null
  const zh = lang === 'zh'
  if (mood === 'none') return zh ? '未计时' : 'No clock yet'
  if (mood === 'paused') return zh ? '已暂停计时' : 'Clock paused'
  if (mood === 'stopped') return zh ? '计时已结束' : 'Clock ended'
  if (mood === 'overdue') {
    if (seconds === null) return zh ? '已超期' : 'Overdue'
    const long = lengthInWords(seconds, lang)
    return zh ? (long.startsWith('不') ? `已超期${long}` : `已超期 ${long}`) : `Overdue by ${long}`
  }
  if (seconds === null) return zh ? '计时中' : 'Clock running'
  const left = lengthInWords(seconds, lang)
  const still = left.startsWith('不') ? `还剩${left}` : `还剩 ${left}`
  if (mood === 'warn') return zh ? `临期 · ${still}` : `Due soon · ${left} left`
  return zh ? still : `${left} left`
}

/** The time zone that the city lives in. */
export function cityTimeZone(): string {
  if (typeof document === 'undefined') return 'Asia/Shanghai'
  const meta = document.querySelector<HTMLMetaElement>('meta[name="shanzhi-time-zone"]')
  return meta?.content || 'Asia/Shanghai'
}

function parts(at: Date, zone: string): Record<string, string> {
  const made = new Intl.DateTimeFormat('en-GB', {
    timeZone: zone,
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  }).formatToParts(at)
  const named = Object.fromEntries(made.map((part) => [part.type, part.value]))
  // Some locales pad what was asked for as plain numbers.
  return { ...named, month: String(Number(named.month)), day: String(Number(named.day)) }
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
const WEEKDAYS_ZH = ['周日', '周一', '周二', '周三', '周四', '周五', '周六']
const WEEKDAYS_EN = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat']

/** Days since 1970 as the city counts them. */
export function dayNumber(at: Date, zone = cityTimeZone()): number {
  const found = parts(at, zone)
  return Math.round(Date.UTC(Number(found.year), Number(found.month) - 1, Number(found.day)) / 86400000)
}

/** A day in words, as the city counts days: 今天, 明天, 11月26日 周四. */
export function dayInWords(iso: string, lang: Lang, now = new Date(), zone = cityTimeZone()): string {
  const at = new Date(iso)
  const found = parts(at, zone)
  const ahead = dayNumber(at, zone) - dayNumber(now, zone)
  const near: Record<string, [string, string]> = {
    '-1': ['昨天', 'yesterday'],
    '0': ['今天', 'today'],
    '1': ['明天', 'tomorrow'],
  }
  const word = near[String(ahead)]
  if (word) return lang === 'zh' ? word[0] : word[1]
  const weekday = (((dayNumber(at, zone) + 4) % 7) + 7) % 7
  const year = found.year === parts(now, zone).year ? '' : found.year
  if (lang === 'zh') return `${year ? `${year}年` : ''}${found.month}月${found.day}日 ${WEEKDAYS_ZH[weekday]}`
  const month = MONTHS[Number(found.month) - 1]
  return `${WEEKDAYS_EN[weekday]} ${found.day} ${month}${year ? ` ${year}` : ''}`
}

/** A moment: 今天 16:30, 11月26日 周四 09:00. */
export function momentInWords(
  iso: string | null | undefined,
  lang: Lang,
  now = new Date(),
  zone = cityTimeZone(),
): string {
  if (!iso) return ''
  const found = parts(new Date(iso), zone)
  const day = dayInWords(iso, lang, now, zone)
  return `${lang === 'en' ? day.charAt(0).toUpperCase() + day.slice(1) : day} ${found.hour}:${found.minute}`
}

const two = (value: string | number) => String(value).padStart(2, '0')

/** The day that lies `ahead` days after today in the city, as a date input writes it. */
export function dayAhead(ahead: number, now = new Date(), zone = cityTimeZone()): string {
  return new Date((dayNumber(now, zone) + ahead) * 86400000).toISOString().slice(0, 10)
}

/** What a clock on the city's wall shows (`2026-11-26T18:00`), as an instant. */
export function cityInstant(wall: string, zone = cityTimeZone()): string {
  const meant = Date.parse(`${wall}:00Z`)
  if (Number.isNaN(meant)) return ''
  const off = (at: number) => {
    const found = parts(new Date(at), zone)
    const shown = `${found.year}-${two(found.month!)}-${two(found.day!)}T${found.hour}:${found.minute}:00Z`
    return Date.parse(shown) - at
  }
  return new Date(meant - off(meant - off(meant))).toISOString()
}

/** What the city's clock shows at an instant, as a datetime input writes it: `cityInstant` the other way. */
export function wallOf(iso: string, zone = cityTimeZone()): string {
  const shift = Date.parse(cityInstant(iso.slice(0, 16), zone)) - Date.parse(`${iso.slice(0, 16)}:00Z`)
  return new Date(Date.parse(iso) - shift).toISOString().slice(0, 16)
}
