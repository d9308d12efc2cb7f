/** Where an offered action stands on the page. The server says which there are and in which order. */
import type { AllowedAction, CaseRequest } from '@/shared/types'

/** Groups of the menu, in order. `other` takes what this table does not know. */
export const GROUPS = ['return', 'time', 'together', 'press', 'end', 'other'] as const
export type Group = (typeof GROUPS)[number]

const USUAL = new Set([
  'accept', 'file', 'dispatch', 'sign', 'handle', 'feed_back', 'inspect', 'close', 'reject', 'decline',
  'rework', 'reopen', 'ask_verify', 'verify_true', 'verify_untrue', 'self_handle', 'confirm_self', 'doubt_self',
  'pass_sample', 'fail_sample', 'finish_support', 'resume', 'unmerge',
])
const GROUP_OF: Record<string, Group> = {
  ask_return: 'return',
  forward: 'return',
  reassign: 'return',
  ask_extend: 'time',
  ask_suspend: 'time',
  ask_appeal: 'time',
  add_support: 'together',
  release_support: 'together',
  merge: 'together',
  bundle: 'together',
  unbundle: 'together',
  urge: 'press',
  supervise: 'press',
  ask_void: 'end',
  ask_special: 'end',
}
const DECIDING = /^(endorse|approve|uphold|decline|refuse|overrule|answer|withdraw)_(.+)$/
/** The verbs that say no or send back, most particular first. */
const SENDING_BACK = [
  'ask_return', 'rework', 'doubt_self', 'fail_sample', 'verify_untrue', 'reject', 'decline', 'refuse_return',
  'overrule_return', 'reassign',
]
const BESIDE = 3
const FEW = 3

export const pendingOf = (requests: CaseRequest[]) => requests.filter((one) => one.state === 'pending')

/** Which pending request an action decides, answers or withdraws; "" when none. */
export function decides(verb: string, pending: CaseRequest[]): string {
  const kind = DECIDING.exec(verb)?.[2] ?? ''
  return pending.some((one) => one.kind === kind) ? kind : ''
}

export const isWithdrawal = (verb: string) => verb.startsWith('withdraw_')
export const isConsent = (verb: string) => /^(endorse|approve|uphold|answer)_/.test(verb)
export const isUsual = (verb: string) => USUAL.has(verb)
export const groupOf = (verb: string): Group => GROUP_OF[verb] ?? 'other'

export interface Layout {
  /** In the bar; the first is big when it is usual. */
  shown: AllowedAction[]
  /** The big one, if any. */
  primary: AllowedAction | null
  more: { group: Group; actions: AllowedAction[] }[]
  /** On the card of the request of that kind. */
  onCard: Record<string, AllowedAction[]>
  /** What the key A does. */
  first: AllowedAction | null
}

/** A place for each action: a handful in the bar, the rest in groups, decisions on their cards. */
export function layoutOf(actions: AllowedAction[], requests: CaseRequest[]): Layout {
  const pending = pendingOf(requests)
  const onCard: Record<string, AllowedAction[]> = {}
  const rest: AllowedAction[] = []
  for (const action of actions) {
    const kind = decides(action.verb, pending)
    if (kind) (onCard[kind] ??= []).push(action)
    else rest.push(action)
  }
  const usual = rest.filter((action) => isUsual(action.verb))
  const isDecided = Object.values(onCard).flat().some((action) => !isWithdrawal(action.verb))
  const sideways = usual.length || isDecided ? [] : rest.slice(0, 1)
  const shown = rest.length <= FEW ? rest : [...usual.slice(0, 1 + BESIDE), ...sideways]
  const hidden = rest.filter((action) => !shown.includes(action))
  const ready = [...usual, ...Object.values(onCard).flat()].filter((action) => !isWithdrawal(action.verb))
  return {
    shown,
    primary: usual[0] ?? null,
    more: GROUPS.map((group) => ({
      group,
      actions: hidden.filter((action) => groupOf(action.verb) === group),
    })).filter((one) => one.actions.length),
    onCard,
    first: actions.find((one) => ready.includes(one)) ?? actions[0] ?? null,
  }
}

const CHOSEN_BY_KEY = new Set(['condition_id', 'unit_id'])

/** Whether an action may open by itself after the one before: usual, and done without typing a word. */
export const opensByItself = (action: AllowedAction) =>
  isUsual(action.verb) && action.requires.every((name) => CHOSEN_BY_KEY.has(name))

/** What the key R opens: the offered way to say no or to send back. */
export function sendingBack(actions: AllowedAction[]): AllowedAction | null {
  const found = SENDING_BACK.map((verb) => actions.find((action) => action.verb === verb))
  return found.find(Boolean) ?? actions.find((action) => action.verb.startsWith('refuse_')) ?? null
}

/** What the key D opens. */
export function dispatching(actions: AllowedAction[]): AllowedAction | null {
  const found = ['dispatch', 'reassign'].map((verb) => actions.find((one) => one.verb === verb))
  return found.find(Boolean) ?? null
}
