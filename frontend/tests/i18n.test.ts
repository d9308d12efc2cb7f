import { describe, expect, it } from 'vitest'
import { WORDS, fill, lang, pick, setLang, side, t } from '@/shared/i18n'
import type { WordKey } from '@/shared/i18n'

const placeholders = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map((found) => found[1]).sort()

const SOURCES: Record<string, string> = import.meta.glob('../src/**/*.{vue,ts}', {
  query: '?raw',
  import: 'default',
  eager: true,
})
const code = Object.entries(SOURCES).filter(([file]) => !file.includes('/words/'))

describe('words', () => {
  const keys = Object.keys(WORDS.zh) as WordKey[]

  it('has every Chinese key in English and no other', () => {
    expect(Object.keys(WORDS.en).sort()).toEqual([...keys].sort())
  })

  it('has no empty words and the same placeholders on both sides', () => {
    for (const key of keys) {
      expect(WORDS.zh[key].trim(), key).not.toBe('')
      expect(WORDS.en[key].trim(), key).not.toBe('')
      expect(placeholders(WORDS.en[key]), key).toEqual(placeholders(WORDS.zh[key]))
    }
  })

  it('has no Chinese in English except the name of the other language', () => {
    const mixed = keys.filter((key) => /[\u4e00-\u9fff]/.test(WORDS.en[key]))
    expect(mixed).toEqual(['language.other'])
  })

  it('leaves no Chinese outside the words of the interface', () => {
    const told = code
      .filter(([file]) => !file.endsWith('/time.ts'))
      .filter(([, text]) =>
        /[\u4e00-\u9fff]/.test(text.replace(/\/\*[\s\S]*?\*\/|\/\/.*|<!--[\s\S]*?-->/g, '')),
      )
      .map(([file]) => file)
    expect(told).toEqual([])
  })

  it('has each key in one file: of two the later would silently win', () => {
    for (const side of ['zh', 'en']) {
      const found = Object.entries(SOURCES)
        .filter(([file]) => file.includes(`/words/${side}`))
        .flatMap(([, text]) => [...text.matchAll(/^  '?([a-zA-Z][\w.]*)'?:/gm)].map((line) => line[1]!))
      expect(found.length, side).toBeGreaterThan(keys.length * 0.95)
      expect(found.filter((key, at) => found.indexOf(key) !== at), side).toEqual([])
    }
  })

  it('uses each key somewhere', () => {
    expect(code.length).toBeGreaterThan(30)
    const all = code.map(([, text]) => text).join('\n')
    // `orders.state.${state}`: whatever begins so may be used.
    const built = [...new Set([...all.matchAll(/`([a-zA-Z.]+\.)\$\{/g)].map((found) => found[1]!))]
    const unused = keys.filter(
      (key) => !built.some((begin) => key.startsWith(begin)) && !all.includes(`'${key}'`),
    )
    expect(unused).toEqual([])
  })
})

describe('language', () => {
  it('fills what it knows and leaves the rest', () => {
    expect(fill('{n} 件，{other}', { n: 3 })).toBe('3 件，{other}')
  })

  it('switches words and the sides of what the server sends', () => {
    setLang('zh')
    expect(t('queues.urgent', { n: 2 })).toBe('其中 2 件已超期')
    expect(side({ zh: '受理', en: 'Accept' })).toBe('受理')
    setLang('en')
    expect(lang.value).toBe('en')
    expect(t('queues.urgent', { n: 2 })).toBe('2 of them overdue')
    expect(pick('受理', 'Accept')).toBe('Accept')
    expect(pick('受理', '')).toBe('受理')
    expect(side(null)).toBe('')
    setLang('zh')
  })
})
