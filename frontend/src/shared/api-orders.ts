/** The endpoints of orders, one function each. */
import { readPushConfig } from './api'
import { ask } from './http'
import type {
  Inbox,
  MyOrder,
  Order,
  OrderBoard,
  OrderDraft,
  OrderOptions,
  OrderPerson,
  OrderPreview,
  OrderRow,
  ReceiptBody,
  ReceiptOutcome,
} from './types-orders'

const at = encodeURIComponent
const post = <T>(path: string, json: unknown) => ask<T>(path, { method: 'POST', json })

export const readOrders = (query: { state?: string; drills?: string }) =>
  ask<OrderRow[]>('/api/orders', { query })
export const readOrderOptions = () => ask<OrderOptions>('/api/orders/options')
export const previewOrder = (draft: OrderDraft) => post<OrderPreview>('/api/orders/preview', draft)
export const draftOrder = (draft: OrderDraft) => post<Order>('/api/orders/drafts', draft)
export const editOrder = (id: string, draft: OrderDraft) => post<Order>(`/api/orders/${at(id)}/draft`, draft)
export const readOrder = (id: string) => ask<Order>(`/api/orders/${at(id)}`)
export const doOrder = (id: string, verb: string, body: { reason?: string; seen?: number }) =>
  post<Order>(`/api/orders/${at(id)}/${at(verb.replace('_', '-'))}`, body)
export const stopRung = (id: string, position: number, reason: string) =>
  post<Order>(`/api/orders/${at(id)}/rungs/${position}/stop`, { reason })
export const readOrderBoard = (id: string, place: string) =>
  ask<OrderBoard>(`/api/orders/${at(id)}/board`, { query: { place }, background: true })
export const readOrderPeople = (id: string, query: { which: string; place: string; offset: number }) =>
  ask<{ people: OrderPerson[]; has_more: boolean }>(`/api/orders/${at(id)}/people`, { query, background: true })
export const noteCall = (person: OrderPerson, outcome: string, note: string) =>
  post<unknown>(`/api/order-people/${at(person.area)}/${at(person.id)}/call`, { outcome, note })
export const revealOrderPhone = (person: OrderPerson, reason: string) =>
  post<{ phone: string }>(`/api/order-people/${at(person.area)}/${at(person.id)}/phone`, { reason })
export const readInbox = () => ask<Inbox>('/api/orders/mine', { background: true })
/** The full text of one order, from the door that many phones use at once; null when there is none to be asked. */
export async function pullText(order: string): Promise<Partial<MyOrder>[] | null> {
  const config = await readPushConfig()
  if (!config?.intake) return null
  const response = await fetch(`${config.intake}/texts/${at(order)}`, {
    headers: { authorization: `Bearer ${config.token}` },
    cache: 'no-store',
    credentials: 'omit',
  })
  if (!response.ok) return null
  return ((await response.json()) as { orders: Partial<MyOrder>[] }).orders
}
export const sendReceipts = (items: ReceiptBody[]) =>
  ask<ReceiptOutcome[]>('/api/orders/receipts', { method: 'POST', json: { items }, background: true })
export const orderExportAddress = (id: string, lang: string) => `/api/orders/${at(id)}/export?lang=${lang}`
