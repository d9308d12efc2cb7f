/** The table "column of the file → field" of an import, and its errors as a file. */
import type { GridRowError } from '@/shared/types-grid'

export interface MappedColumn {
  column: string
  field: string
}

/** Columns as the server read them: guessed ones first in their order, then those it did not know. */
export function columnsOf(mapping: Record<string, string>, unmapped: string[]): MappedColumn[] {
  const guessed = Object.entries(mapping).map(([column, field]) => ({ column, field }))
  const known = new Set(guessed.map((one) => one.column))
  return [
    ...guessed,
    ...unmapped.filter((column) => !known.has(column)).map((column) => ({ column, field: '' })),
  ]
}

/** What is sent: columns with a field; "" when nothing differs from what was guessed. */
export function mappingText(columns: MappedColumn[], guessed: Record<string, string>): string {
  const given = Object.fromEntries(columns.filter((one) => one.field).map((one) => [one.column, one.field]))
  const same =
    Object.keys(given).length === Object.keys(guessed).length &&
    Object.entries(given).every(([column, field]) => guessed[column] === field)
  return same ? '' : JSON.stringify({ columns: given })
}

/** Fields that two columns claim. */
export function twice(columns: MappedColumn[]): string[] {
  const seen = new Map<string, number>()
  for (const { field } of columns) if (field) seen.set(field, (seen.get(field) ?? 0) + 1)
  return [...seen].filter(([, count]) => count > 1).map(([field]) => field)
}

/** One cell of CSV; a leading sign is defused, so that a spreadsheet does not run it. */
function cell(value: string | number): string {
  const text = String(value)
  const safe = /^[=+\-@\t\r]/.test(text) && Number.isNaN(Number(text)) ? `'${text}` : text
  return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}

/** Errors as CSV, with a mark that spreadsheets need to see UTF-8. */
export function csvOf(heads: string[], rows: (string | number)[][]): string {
  return `\ufeff${[heads, ...rows].map((row) => row.map(cell).join(',')).join('\r\n')}\r\n`
}

export function errorsAsCsv(
  heads: string[],
  groups: { name: string; errors: GridRowError[] }[],
  say: (error: GridRowError) => string,
  named: (field: string) => string = (field) => field,
): string {
  return csvOf(
    heads,
    groups.flatMap(({ name, errors }) => errors.map((error) => [name, error.row, named(error.field), say(error)])),
  )
}

/** What a column can be read as, in the order of the template; their words are `field.<name>`. */
export const FIELD_NAMES = [
  'source', 'key', 'code', 'name', 'kind', 'city', 'county', 'county_code', 'street', 'street_code', 'community',
  'community_code', 'place_code', 'address', 'lon', 'lat', 'households', 'buildings', 'building', 'stairwells',
  'floors', 'stairwell', 'floor', 'top', 'homes', 'shops', 'number', 'use',
] as const
export type FieldName = (typeof FIELD_NAMES)[number]
