/** The orders of whoever is signed in, and the answers on their way. One inbox for the whole desk. */
import { computed, ref, shallowRef } from 'vue'
import { pullText, readInbox } from '@/shared/api-orders'
import { listen } from '@/shared/live'
import type { IssuedFrame } from '@/shared/live'
import { ReceiptQueue } from '@/shared/receipts'
import type { Inbox, MyOrder, ReceiptBody } from '@/shared/types-orders'
import { me } from './session'

const RETRY_SECONDS = 20
/** A whole city hears of an order in the same second: each pulls its text at a moment of its own. */
const PULL_SECONDS = 20
export const inbox = shallowRef<Inbox | null>(null)
export const refused = ref(false)
/** Changes whenever the queue does. */
const turn = ref(0)
/** What was answered here: the server folds receipts a moment later than it stores them. */
const said = ref(new Map<string, string>())
let queue: ReceiptQueue | null = null
let owner = ''

function mine(): ReceiptQueue {
  const name = me.value?.username ?? ''
  if (!queue || owner !== name) {
    owner = name
    queue = new ReceiptQueue(localStorage, name)
  }
  return queue
}

export const pendingOf = (order: MyOrder) => {
  void turn.value
  return mine().pending(order.recipient)
}
/** Whether nobody has said 收到 yet, here or elsewhere. */
export const isUnanswered = (order: MyOrder) =>
  ['queued', 'sent', 'delivered', 'read'].includes(order.reach) &&
  !pendingOf(order) &&
  !said.value.has(order.recipient)
const isOpen = (order: MyOrder) => order.state === 'issued' && isUnanswered(order)
export const unanswered = computed(() => (inbox.value?.orders ?? []).filter(isOpen))
export const waiting = computed(() => unanswered.value.length)

export async function flush(): Promise<void> {
  try {
    if (await mine().flush()) {
      refused.value = true
      said.value = new Map()
    }
  } catch {
    // Not now: it waits on the device.
  }
  turn.value += 1
}
export async function refresh(): Promise<void> {
  await flush()
  const found = await readInbox()
  inbox.value = found
  for (const order of found.orders) if (order.state === 'issued') mine().addOnce(order, 'delivered')
  await flush()
}
export async function answer(
  order: MyOrder,
  what: string,
  more: Pick<ReceiptBody, 'reason' | 'answers'> = {},
): Promise<void> {
  refused.value = false
  mine().add(order, what, more)
  said.value = new Map([...said.value, [order.recipient, what]])
  turn.value += 1
  await flush()
  await refresh().catch(() => undefined)
}
export function opened(order: MyOrder): void {
  mine().addOnce(order, 'read')
  void flush()
}

/** Orders of which the first sentence has come and the text not yet. */
export const arriving = ref<IssuedFrame[]>([])
const pulls = new Map<string, ReturnType<typeof setTimeout>>()
const EMPTY = { state_zh: '', state_en: '', reach_zh: '', reach_en: '', instead_of: '', corrected_by: '', reason: '' }

function arrived(frame: IssuedFrame): void {
  if (pulls.has(frame.order) || inbox.value?.orders.some((one) => one.order === frame.order)) return
  arriving.value = [...arriving.value, frame]
  pulls.set(frame.order, setTimeout(() => void pullNow(frame.order), Math.random() * PULL_SECONDS * 1000))
}
/** Pull the text of an order that has come, now: somebody wants to answer. */
export async function pullNow(order: string): Promise<MyOrder | undefined> {
  clearTimeout(pulls.get(order))
  const found = await pullText(order).catch(() => null)
  if (found) {
    const orders = found.map((one) => ({ ...EMPTY, ...one }) as MyOrder)
    const others = (inbox.value?.orders ?? []).filter((one) => one.order !== order)
    inbox.value = { waiting: (inbox.value?.waiting ?? 0) + orders.length, orders: [...orders, ...others] }
    for (const one of orders) mine().addOnce(one, 'delivered')
    await flush()
  } else {
    await refresh().catch(() => undefined)
  }
  pulls.delete(order)
  arriving.value = arriving.value.filter((one) => one.order !== order)
  return inbox.value?.orders.find((one) => one.order === order)
}

/** Keep the inbox fresh until the returned function is called. */
export function watchInbox(): () => void {
  const deaf = listen({ onNews: refresh, onIssued: arrived })
  const again = () => void flush()
  const timer = setInterval(again, RETRY_SECONDS * 1000)
  window.addEventListener('online', again)
  window.addEventListener('focus', again)
  void refresh().catch(() => undefined)
  return () => {
    for (const timer of pulls.values()) clearTimeout(timer)
    pulls.clear()
    arriving.value = []
    deaf()
    clearInterval(timer)
    window.removeEventListener('online', again)
    window.removeEventListener('focus', again)
  }
}
