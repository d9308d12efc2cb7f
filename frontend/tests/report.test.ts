import { describe, expect, it, vi } from 'vitest'
import {
  attemptFor,
  clearDraft,
  emptyDraft,
  myReports,
  readDraft,
  rememberReport,
  writeDraft,
} from '@/shared/drafts'
import type { Draft, Store } from '@/shared/drafts'
import { errorFromAnswer, unreachable } from '@/shared/errors'
import { untilAnswered } from '@/shared/http'
import { newId } from '@/shared/ids'
import { fitted } from '@/shared/photos'

function memory(): Store & { kept: Map<string, string> } {
  const kept = new Map<string, string>()
  return {
    kept,
    getItem: (key) => kept.get(key) ?? null,
    setItem: (key, value) => void kept.set(key, value),
    removeItem: (key) => void kept.delete(key),
  }
}
const typed = (): Draft => ({
  ...emptyDraft(),
  kind: '0123',
  text: '井盖松动',
  address: '人民路',
  photos: ['a', 'b'],
})
const receipt = (number: string) => ({ number, area: '370203', id: newId(), secret: 's', follow_url: '' })

describe('the draft', () => {
  it('comes back as it was typed', () => {
    const store = memory()
    writeDraft(store, typed())
    expect(readDraft(store)).toEqual(typed())
  })

  it('tells "not sure" from "not chosen yet"', () => {
    const store = memory()
    writeDraft(store, { ...typed(), kind: '' })
    expect(readDraft(store).kind).toBe('')
    writeDraft(store, { ...typed(), kind: null })
    expect(readDraft(store).kind).toBeNull()
  })

  it('is empty where there is none or where it is broken', () => {
    const store = memory()
    expect(readDraft(store)).toEqual(emptyDraft())
    store.setItem('shanzhi.report.draft', '{"text": 5, "lon": "x", "photos": [1, "a"]')
    expect(readDraft(store)).toEqual(emptyDraft())
    store.setItem('shanzhi.report.draft', '{"text": 5, "lon": "x", "photos": [1, "a"]}')
    expect(readDraft(store)).toEqual({ ...emptyDraft(), photos: ['a'] })
  })

  it('survives a store that refuses', () => {
    const refusing: Store = {
      getItem: () => {
        throw new Error('no')
      },
      setItem: () => {
        throw new Error('full')
      },
      removeItem: () => {
        throw new Error('no')
      },
    }
    expect(() => writeDraft(refusing, typed())).not.toThrow()
    expect(readDraft(refusing)).toEqual(emptyDraft())
    expect(() => clearDraft(refusing)).not.toThrow()
    expect(attemptFor(refusing, typed()).body.text).toBe('井盖松动')
  })
})

describe('an attempt to send', () => {
  it('is the same for the same content, also after the page was closed', () => {
    const store = memory()
    const first = attemptFor(store, typed(), new Date('2026-11-23T01:00:00Z'))
    const second = attemptFor(store, { ...typed(), text: ' 井盖松动 ' }, new Date('2026-11-23T02:00:00Z'))
    expect(second).toEqual(first)
    expect(first.key).toBe(first.body.id)
    expect(first.body.happened_at).toBe('2026-11-23T01:00:00.000Z')
  })

  it.each([
    ['text', { text: '井盖不见了' }],
    ['kind', { kind: '' }],
    ['photos', { photos: ['a'] }],
    ['place', { place_id: 'p' }],
    ['position', { lon: 120.3, lat: 36.1 }],
    ['phone', { phone: '053288888888' }],
  ] as [string, Partial<Draft>][])('is another one after a change of %s', (_, change) => {
    const store = memory()
    const first = attemptFor(store, typed())
    expect(attemptFor(store, { ...typed(), ...change }).key).not.toBe(first.key)
  })

  it('is another one after the draft was cleared', () => {
    const store = memory()
    const first = attemptFor(store, typed())
    clearDraft(store)
    expect(store.kept.size).toBe(0)
    expect(attemptFor(store, typed()).key).not.toBe(first.key)
  })
})

describe('sending until answered', () => {
  const noWait = async () => undefined

  it('repeats the very same request while nobody answers', async () => {
    const store = memory()
    const sent: string[] = []
    const pauses: number[] = []
    const got = await untilAnswered(
      async () => {
        sent.push(JSON.stringify(attemptFor(store, typed())))
        if (sent.length === 1) throw unreachable()
        if (sent.length === 2) throw errorFromAnswer(503, null)
        return receipt('37020300000001')
      },
      [10, 20, 30],
      async (pause) => void pauses.push(pause),
    )
    expect(got.number).toBe('37020300000001')
    expect(sent).toHaveLength(3)
    expect(new Set(sent).size).toBe(1)
    expect(pauses).toEqual([10, 20])
  })

  it.each([400, 401, 403, 409, 422, 429])('does not repeat an answer of %i', async (status) => {
    const attempt = vi.fn(() => Promise.reject(errorFromAnswer(status, null)))
    await expect(untilAnswered(attempt, [1, 1], noWait)).rejects.toMatchObject({ status })
    expect(attempt).toHaveBeenCalledTimes(1)
  })

  it('gives up with the last error', async () => {
    const attempt = vi.fn(() => Promise.reject(unreachable()))
    await expect(untilAnswered(attempt, [1, 1], noWait)).rejects.toMatchObject({ code: 'unreachable' })
    expect(attempt).toHaveBeenCalledTimes(3)
  })
})

describe('my reports', () => {
  it('lists the newest first and each number once', () => {
    const store = memory()
    const body = attemptFor(store, typed(), new Date('2026-11-23T01:00:00Z')).body
    rememberReport(store, receipt('1'), body)
    rememberReport(store, receipt('2'), body)
    rememberReport(store, receipt('1'), body)
    expect(myReports(store).map((one) => one.number)).toEqual(['1', '2'])
    expect(myReports(store)[0]).toEqual({
      number: '1',
      secret: 's',
      text: '井盖松动',
      at: '2026-11-23T01:00:00.000Z',
    })
  })

  it('keeps the newest fifty', () => {
    const store = memory()
    const body = attemptFor(store, typed()).body
    for (let n = 0; n < 60; n += 1) rememberReport(store, receipt(String(n)), body)
    expect(myReports(store)).toHaveLength(50)
    expect(myReports(store)[0]!.number).toBe('59')
  })
})

describe('small things', () => {
  it('makes identifiers also where the browser has no randomUUID', () => {
    const form = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/
    expect(newId()).toMatch(form)
    vi.stubGlobal('crypto', { getRandomValues: (bytes: Uint8Array) => bytes.fill(255) })
    expect(newId()).toBe('ffffffff-ffff-4fff-bfff-ffffffffffff')
    vi.unstubAllGlobals()
  })

  it.each([
    [4000, 3000, 1600, 1200],
    [3000, 4000, 1200, 1600],
    [1600, 900, 1600, 900],
    [640, 480, 640, 480],
    [8000, 2, 1600, 1],
  ])('fits %i x %i', (width, height, toWidth, toHeight) => {
    expect(fitted(width, height)).toEqual([toWidth, toHeight])
  })
})
