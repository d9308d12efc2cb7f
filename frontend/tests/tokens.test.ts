import { describe, expect, it } from 'vitest'
import tokens from '@/shared/tokens.css?raw'
import resident from '@/resident/styles/base.css?raw'

const named = (css: string) =>
  Object.fromEntries(
    [...css.matchAll(/--([\w-]+):\s*(#[0-9a-f]{3,6});/g)].map((found) => [found[1]!, found[2]!]),
  )
const base: Record<string, string> = named(tokens)
const elder: Record<string, string> = {
  ...base,
  ...named(resident.slice(resident.indexOf('html.elder {')).split('}')[0]!),
}

function luminance(colour: string): number {
  const hex = colour.length === 4 ? colour.replace(/[0-9a-f]/g, '$&$&') : colour
  const [red, green, blue] = [1, 3, 5].map((at) => {
    const value = parseInt(hex.slice(at, at + 2), 16) / 255
    return value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * red! + 0.7152 * green! + 0.0722 * blue!
}

function contrast(one: string, other: string): number {
  const [dark, light] = [luminance(one), luminance(other)].sort((first, second) => first - second)
  return (light! + 0.05) / (dark! + 0.05)
}

const MOODS = ['normal', 'warn', 'overdue', 'paused', 'urgent']
const PAIRS = [
  ...MOODS.flatMap((mood) => [
    [mood, `${mood}-soft`],
    [mood, 'paper'],
  ]),
  ...['ink', 'ink-2', 'ink-3', 'brand'].flatMap((text) =>
    ['paper', 'paper-2'].map((ground) => [text, ground]),
  ),
  ['ink-2', 'paper-3'],
  ['ink-3', 'paper-3'],
  ['brand', 'brand-soft'],
  ['brand-ink', 'brand'],
] as [string, string][]

describe('contrast of the tokens', () => {
  it('is computed as it should be', () => {
    expect(contrast('#000', '#ffffff')).toBeCloseTo(21, 5)
    expect(contrast('#777777', '#ffffff')).toBeCloseTo(4.48, 2)
  })

  it.each(PAIRS)('%s on %s is at least 4.5:1', (text, ground) => {
    expect(contrast(base[text]!, base[ground]!)).toBeGreaterThanOrEqual(4.5)
    expect(contrast(elder[text]!, elder[ground]!)).toBeGreaterThanOrEqual(4.5)
  })
})
