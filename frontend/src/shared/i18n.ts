/** Words of the interface: Simplified Chinese first, English complete. */
import { ref } from 'vue'
import { en } from './words/en'
import { zh } from './words/zh'

export type Lang = 'zh' | 'en'
export type WordKey = keyof typeof zh
export type Words = Record<WordKey, string>

export const WORDS: Record<Lang, Words> = { zh, en }
const STORED_AS = 'shanzhi.lang'

function remembered(): Lang {
  try {
    return localStorage.getItem(STORED_AS) === 'en' ? 'en' : 'zh'
  } catch {
    return 'zh'
  }
}

export const lang = ref<Lang>(remembered())

export function setLang(next: Lang): void {
  lang.value = next
  try {
    localStorage.setItem(STORED_AS, next)
  } catch {
    // A browser that stores nothing still changes language for this visit.
  }
  applyLang()
}

export function applyLang(): void {
  if (typeof document !== 'undefined') {
    document.documentElement.lang = lang.value === 'zh' ? 'zh-Hans' : 'en'
  }
}

export function fill(template: string, params: Record<string, string | number> = {}): string {
  return template.replace(/\{(\w+)\}/g, (whole, name: string) =>
    name in params ? String(params[name]) : whole,
  )
}

/** The words for `key` in the chosen language. */
export function t(key: WordKey, params: Record<string, string | number> = {}): string {
  return fill(WORDS[lang.value][key], params)
}

/** The `zh` or `en` side of something the server sent, whichever the reader chose. */
export function side(pair: { zh: string; en: string } | null | undefined): string {
  if (!pair) return ''
  return lang.value === 'en' ? pair.en || pair.zh : pair.zh || pair.en
}

/** The same for `x_zh` / `x_en`. */
export function pick(zhText: string | undefined, enText: string | undefined): string {
  return side({ zh: zhText ?? '', en: enText ?? '' })
}
