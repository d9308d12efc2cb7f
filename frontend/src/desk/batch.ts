/** Acting on many rows of a list together. */
import type { CaseRow, ManyAnswer } from '@/shared/types'

export type BatchVerb = 'accept' | 'sign' | 'dispatch' | 'bundle'

/** What suits which list, and the capability that it takes. The server decides about each case by itself. */
const SUITING: Record<string, [BatchVerb, string][]> = {
  reported: [['accept', 'case.accept']],
  filed: [
    ['dispatch', 'case.dispatch'],
    ['bundle', 'case.dispatch'],
  ],
  dispatched: [
    ['sign', 'case.sign'],
    ['bundle', 'case.dispatch'],
  ],
  signed: [['bundle', 'case.dispatch']],
}

export function batchVerbs(queue: string, can: (capability: string) => boolean): BatchVerb[] {
  return (SUITING[queue] ?? []).filter(([, capability]) => can(capability)).map(([verb]) => verb)
}

/** The ids chosen after a click on `id`; with `range`, all between the last one clicked and this one. */
export function toggled(
  chosen: ReadonlySet<string>,
  ids: string[],
  id: string,
  from = '',
  range = false,
): Set<string> {
  const next = new Set(chosen)
  const [here, there] = [ids.indexOf(id), ids.indexOf(from)]
  if (range && here >= 0 && there >= 0) {
    for (const one of ids.slice(Math.min(here, there), Math.max(here, there) + 1)) next.add(one)
  } else if (!next.delete(id)) next.add(id)
  return next
}

/** Those of the chosen that are still in the list. */
export function stillThere(chosen: ReadonlySet<string>, ids: string[]): Set<string> {
  return new Set(ids.filter((id) => chosen.has(id)))
}

export interface Told {
  done: number
  refused: { number: string; zh: string; en: string }[]
}

/** The answer in words of the list: numbers instead of ids. */
export function told(answer: ManyAnswer, rows: CaseRow[]): Told {
  return {
    done: answer.done,
    refused: answer.refused.map((one) => ({
      number: rows.find((row) => row.id === one.id)?.number ?? one.id,
      zh: one.message_zh,
      en: one.message_en,
    })),
  }
}
