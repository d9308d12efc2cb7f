/** News from the server: a stream where there is one, looking every few seconds where there is none. */
import { readPushConfig } from './api'

export interface News {
  topic: string
  number: string | number
}

const POLL_SECONDS = 5
const QUIET_POLL_SECONDS = 30
const JITTER_MILLISECONDS = 600

/** A frame about an order that has just been issued to this account: its first sentence, at once. */
export interface IssuedFrame {
  topic: 'orders'
  event: 'issued'
  order: string
  order_number: string
  sentence: string
}

export interface LiveOptions {
  onNews: () => void | Promise<void>
  /** Takes an order that was issued by itself; without it, it is news like any other. */
  onIssued?: (frame: IssuedFrame) => void
  onState?: (connected: boolean) => void
}

function issuedIn(text: string): IssuedFrame | null {
  try {
    const found = JSON.parse(text) as Partial<IssuedFrame>
    return found.event === 'issued' && found.order ? (found as IssuedFrame) : null
  } catch {
    return null
  }
}

/** Start listening; returns the function that stops it. */
export function listen(options: LiveOptions): () => void {
  let stream: EventSource | null = null
  let connected = false
  let ended = false
  let timer: ReturnType<typeof setTimeout> | undefined
  let soon: ReturnType<typeof setTimeout> | undefined
  let retry: ReturnType<typeof setTimeout> | undefined
  let failures = 0
  let running = false
  let again = false

  async function pull(): Promise<void> {
    if (running) {
      again = true
      return
    }
    running = true
    try {
      await options.onNews()
    } catch {
      // The next look tries again.
    } finally {
      running = false
      if (again && !ended) {
        again = false
        pullSoon()
      }
    }
  }

  // Many screens hear the same news at the same moment: each waits a little, differently long.
  function pullSoon(): void {
    if (soon || ended) return
    soon = setTimeout(
      () => {
        soon = undefined
        if (!document.hidden) void pull()
      },
      80 + Math.random() * JITTER_MILLISECONDS,
    )
  }

  function schedule(): void {
    clearTimeout(timer)
    if (ended) return
    const seconds = connected ? QUIET_POLL_SECONDS : POLL_SECONDS
    timer = setTimeout(
      () => {
        if (!document.hidden) void pull()
        schedule()
      },
      seconds * 1000 * (0.9 + Math.random() * 0.2),
    )
  }

  function say(now: boolean): void {
    if (connected === now) return
    connected = now
    options.onState?.(now)
    schedule()
  }

  // The address carries a short-lived token: a fresh one is asked for before each connection.
  async function connect(): Promise<void> {
    if (ended || typeof EventSource === 'undefined') return
    const url = await readPushConfig().then(
      (config) => config?.url ?? '',
      () => null,
    )
    if (ended || url === '') return
    if (url === null) return reconnectLater()
    try {
      stream = new EventSource(url)
    } catch {
      return
    }
    stream.onopen = () => {
      failures = 0
      say(true)
      pullSoon()
    }
    stream.onmessage = (event: MessageEvent<string>) => {
      const frame = options.onIssued ? issuedIn(event.data) : null
      if (frame) options.onIssued?.(frame)
      else pullSoon()
    }
    stream.onerror = () => {
      stream?.close()
      stream = null
      say(false)
      reconnectLater()
    }
  }

  function reconnectLater(): void {
    clearTimeout(retry)
    failures += 1
    const seconds = Math.min(60, 2 * 2 ** failures) * (0.7 + Math.random() * 0.6)
    if (!ended) retry = setTimeout(() => void connect(), seconds * 1000)
  }

  const onVisible = () => {
    if (!document.hidden) pullSoon()
  }
  document.addEventListener('visibilitychange', onVisible)
  window.addEventListener('online', pullSoon)
  schedule()
  void connect()

  return () => {
    ended = true
    clearTimeout(timer)
    clearTimeout(soon)
    clearTimeout(retry)
    stream?.close()
    document.removeEventListener('visibilitychange', onVisible)
    window.removeEventListener('online', pullSoon)
  }
}
