import { t } from '@/shared/i18n'

const ONE_DAY_MS = 86_400_000

/** The days of a need, an offer or a posting, both included: rows keep the first day on which it is over. */
export function daysOf(row: { from_on: string; to_on: string }): string {
  const last = new Date(Date.parse(row.to_on) - ONE_DAY_MS).toISOString().slice(0, 10)
  return t('surge.days', { from: row.from_on, to: last < row.from_on ? row.from_on : last })
}
