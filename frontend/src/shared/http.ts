/** The one way to the server: language, CSRF token, typed errors. */
import { asApiError, errorFromAnswer, unreachable } from './errors'
import { lang } from './i18n'

export interface Ask {
  method?: 'GET' | 'POST' | 'DELETE'
  query?: Record<string, string | number | null | undefined>
  json?: unknown
  raw?: Blob
  form?: FormData
  headers?: Record<string, string>
  /** A look nobody asked for (a poll): the server need not count it as activity. */
  background?: boolean
  signal?: AbortSignal
}

let whenSignedOut: (() => void) | null = null

/** What to do when the server no longer knows who we are. */
export function onSignedOut(listener: () => void): void {
  whenSignedOut = listener
}

export function cookie(name: string, jar = typeof document === 'undefined' ? '' : document.cookie): string {
  for (const piece of jar.split(';')) {
    const [key, ...rest] = piece.trim().split('=')
    if (key === name) return decodeURIComponent(rest.join('='))
  }
  return ''
}

export function address(path: string, query: Ask['query'] = {}): string {
  const search = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) {
    if (value !== null && value !== undefined && value !== '') search.set(name, String(value))
  }
  const text = search.toString()
  return text ? `${path}?${text}` : path
}

async function send(path: string, asked: Ask): Promise<Response> {
  const headers: Record<string, string> = {
    Accept: 'application/json',
    'Accept-Language': lang.value === 'en' ? 'en, zh;q=0.5' : 'zh-CN, zh;q=0.9, en;q=0.5',
    ...asked.headers,
  }
  const token = cookie('csrftoken')
  if (token) headers['X-CSRFToken'] = token
  if (asked.background) headers['X-Background'] = '1'
  let body: BodyInit | undefined
  if (asked.json !== undefined) {
    headers['Content-Type'] = 'application/json'
    body = JSON.stringify(asked.json)
  } else if (asked.raw) {
    headers['Content-Type'] = asked.raw.type || 'application/octet-stream'
    body = asked.raw
  } else if (asked.form) {
    body = asked.form
  }
  try {
    return await fetch(address(path, asked.query), {
      method: asked.method ?? 'GET',
      headers,
      body,
      credentials: 'same-origin',
      cache: 'no-store',
      signal: asked.signal,
    })
  } catch (thrown) {
    if (asked.signal?.aborted) throw thrown
    throw unreachable()
  }
}

async function payloadOf(answer: Response): Promise<unknown> {
  try {
    const text = await answer.text()
    return text ? JSON.parse(text) : null
  } catch {
    return null
  }
}

/** Ask the server. Raises ApiError. */
export async function ask<T>(path: string, asked: Ask = {}): Promise<T> {
  let answer = await send(path, asked)
  let payload = await payloadOf(answer)
  if (answer.status === 403 && asked.method && asked.method !== 'GET') {
    // An old token: take a new one and ask once more; what was typed stays with the caller.
    if (errorFromAnswer(403, payload).code.startsWith('csrf')) {
      await send('/api/me', {}).catch(() => null)
      answer = await send(path, asked)
      payload = await payloadOf(answer)
    }
  }
  if (answer.ok) return payload as T
  const error = errorFromAnswer(answer.status, payload)
  if (error.status === 401 && path !== '/api/session' && path !== '/api/me') whenSignedOut?.()
  throw error
}

const wait = (milliseconds: number) => new Promise<void>((done) => setTimeout(done, milliseconds))

/**
 * Run `attempt` until the server has answered. Only for requests that carry an idempotency key: an
 * unanswered one may have been done, and the key makes the second a repetition, not a second deed.
 */
export async function untilAnswered<T>(
  attempt: () => Promise<T>,
  pauses: number[] = [800, 2500, 6000],
  sleep: (milliseconds: number) => Promise<void> = wait,
): Promise<T> {
  for (const pause of pauses) {
    try {
      return await attempt()
    } catch (thrown) {
      if (!asApiError(thrown).isUnanswered) throw thrown
      await sleep(pause)
    }
  }
  return attempt()
}
