/** What is wrong with the answers to a form, before they are kept: the server checks the same again. */
import { fill, WORDS } from '@/shared/i18n'
import type { Answers, SweepForm } from '@/shared/types-sweeps'

export interface AnswerProblem {
  field: string
  zh: string
  en: string
}
type Key = keyof (typeof WORDS)['zh']
function told(field: string, key: Key, params: Record<string, string | number> = {}, names = { zh: '', en: '' }): AnswerProblem {
  return {
    field,
    zh: fill(WORDS.zh[key], { ...params, name: names.zh }),
    en: fill(WORDS.en[key], { ...params, name: names.en }),
  }
}

/** The first question that is not answered as it should be; null when all are. */
export function problemOf(form: SweepForm, answers: Answers): AnswerProblem | null {
  for (const one of form.sections.flatMap((section) => section.questions)) {
    const value = answers[one.code]
    if (value === undefined || value === '') {
      if (one.required) return told(one.code, 'doors.error.missing', {}, one)
      continue
    }
    if (one.kind !== 'number' && one.kind !== 'temperature') continue
    const number = Number(value)
    const [least, most] = [one.least ?? -Infinity, one.most ?? Infinity]
    if (!Number.isFinite(number) || (one.kind === 'number' && !Number.isInteger(number)))
      return told(one.code, 'doors.error.number', {}, one)
    if (number < least || number > most) return told(one.code, 'doors.error.range', { least, most }, one)
  }
  return null
}
