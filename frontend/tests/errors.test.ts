import { afterEach, describe, expect, it, vi } from 'vitest'
import { ApiError, asApiError, errorFromAnswer } from '@/shared/errors'
import { address, ask, cookie, onSignedOut } from '@/shared/http'

const body = {
  code: 'missing-input',
  message: 'Please give: a note.',
  message_zh: '请填写“说明”。',
  message_en: 'Please give: a note.',
  field: 'note',
  params: {},
}
const answer = (status: number, payload: unknown) =>
  new Response(payload === undefined ? 'not json <' : JSON.stringify(payload), { status })

afterEach(() => vi.unstubAllGlobals())

describe('an error of the server', () => {
  it('keeps code, field and both sentences', () => {
    const error = errorFromAnswer(422, { error: body })
    expect(error).toBeInstanceOf(ApiError)
    expect([error.status, error.code, error.field]).toEqual([422, 'missing-input', 'note'])
    expect(error.sentence('zh')).toBe('请填写“说明”。')
    expect(error.sentence('en')).toBe('Please give: a note.')
    expect(error.isUnanswered).toBe(false)
  })

  it.each([
    [401, 'sign-in-required', '请先登录。'],
    [403, 'refused', '您的岗位没有这项权限。'],
    [404, 'not-found', '没有找到该内容。'],
    [409, 'conflict', '内容已被他人更新，请重新载入后再试。'],
    [413, 'too-large', '文件过大，请压缩后再试。'],
    [429, 'too-many', '操作过于频繁，请稍后再试。'],
    [502, 'server', '服务器出现问题（502），您填写的内容仍在，请稍后重试。'],
    [418, 'unknown', '操作没有完成，请稍后重试。'],
  ])('%i in another shape still is a sentence', (status, code, sentence) => {
    const error = errorFromAnswer(status, '<html>')
    expect([error.code, error.sentence('zh')]).toEqual([code, sentence])
    expect(error.sentence('en')).not.toMatch(/[\u4e00-\u9fff]/)
  })

  it('falls back to the one message where a language is missing', () => {
    const error = errorFromAnswer(422, { error: { ...body, message_en: '', message: 'plain' } })
    expect(error.sentence('en')).toBe('plain')
  })

  it('turns anything thrown into "cannot be reached"', () => {
    const error = asApiError(new TypeError('fetch failed'))
    expect([error.status, error.code, error.isUnanswered]).toEqual([0, 'unreachable', true])
  })
})

describe('asking the server', () => {
  it('sends token, language and body, and returns what came', async () => {
    const fetched = vi.fn(async (_: string, __: RequestInit) => answer(200, { ok: 1 }))
    vi.stubGlobal('fetch', fetched)
    vi.stubGlobal('document', { cookie: 'a=1; csrftoken=t%20k' })
    expect(await ask('/api/x', { method: 'POST', json: { a: 1 }, query: { q: '井盖', none: '' } })).toEqual({
      ok: 1,
    })
    const [url, sent] = fetched.mock.calls[0]!
    expect(url).toBe(`/api/x?q=${encodeURIComponent('井盖')}`)
    expect(sent.headers).toMatchObject({
      'X-CSRFToken': 't k',
      'Content-Type': 'application/json',
      'Accept-Language': 'zh-CN, zh;q=0.9, en;q=0.5',
    })
    expect(sent.body).toBe('{"a":1}')
  })

  it('takes a new token once when the old one is refused', async () => {
    const csrf = { error: { ...body, code: 'csrf-failed' } }
    const fetched = vi
      .fn()
      .mockResolvedValueOnce(answer(403, csrf))
      .mockResolvedValueOnce(answer(200, {}))
      .mockResolvedValueOnce(answer(200, { done: true }))
    vi.stubGlobal('fetch', fetched)
    expect(await ask('/api/x', { method: 'POST', json: {} })).toEqual({ done: true })
    expect(fetched.mock.calls.map((call) => call[0])).toEqual(['/api/x', '/api/me', '/api/x'])
  })

  it('tells the page when the session has ended, but not for signing in', async () => {
    const told = vi.fn()
    onSignedOut(told)
    vi.stubGlobal('fetch', async () => answer(401, undefined))
    await expect(ask('/api/me')).rejects.toMatchObject({ status: 401 })
    await expect(ask('/api/session', { method: 'POST', json: {} })).rejects.toMatchObject({ status: 401 })
    expect(told).not.toHaveBeenCalled()
    await expect(ask('/api/queues')).rejects.toMatchObject({ code: 'sign-in-required' })
    expect(told).toHaveBeenCalledTimes(1)
  })

  it('says that the server cannot be reached', async () => {
    vi.stubGlobal('fetch', () => Promise.reject(new TypeError('failed')))
    await expect(ask('/api/queues')).rejects.toMatchObject({ status: 0, code: 'unreachable' })
  })

  it('reads cookies and writes addresses', () => {
    expect(cookie('b', 'a=1; b=x=y')).toBe('x=y')
    expect(cookie('c', 'a=1')).toBe('')
    expect(address('/p', { a: null, b: undefined, c: '' })).toBe('/p')
  })
})
