/** An instant as a field of date and time shows it, on the city's wall. */
import { cityTimeZone } from '@/shared/time'

export function wallTime(iso: string | null, zone = cityTimeZone()): string {
  if (!iso) return ''
  const found = Object.fromEntries(
    new Intl.DateTimeFormat('en-GB', {
      timeZone: zone,
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      hourCycle: 'h23',
    })
      .formatToParts(new Date(iso))
      .map((part) => [part.type, part.value]),
  )
  return `${found.year}-${found.month}-${found.day}T${found.hour}:${found.minute}`
}
