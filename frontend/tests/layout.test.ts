import { describe, expect, it } from 'vitest'
import { decides, dispatching, layoutOf, opensByItself, sendingBack } from '@/desk/actions'
import type { AllowedAction, CaseRequest } from '@/shared/types'

const action = (verb: string): AllowedAction => ({ verb, zh: verb, en: verb, requires: [], takes: [] })
const actions = (...verbs: string[]) => verbs.map(action)
const request = (kind: string, state = 'pending'): CaseRequest => ({
  kind,
  zh: kind,
  en: kind,
  state,
  state_zh: '',
  state_en: '',
  asked_name: '',
  asked_at: '2026-11-23T01:00:00Z',
  note: '',
  until_at: null,
  due_at: null,
  cited: null,
  consents: 0,
  consents_needed: 1,
  decided_name: '',
  decided_at: null,
  answer: '',
})
const verbs = (found: AllowedAction[]) => found.map((one) => one.verb)

describe('a place for each action', () => {
  it('keeps few actions as buttons', () => {
    const layout = layoutOf(actions('accept', 'reject', 'merge'), [])
    expect(verbs(layout.shown)).toEqual(['accept', 'reject', 'merge'])
    expect(layout.primary?.verb).toBe('accept')
    expect(layout.first?.verb).toBe('accept')
    expect(layout.more).toEqual([])
  })

  it('puts the rest in groups, and what it does not know under other', () => {
    const layout = layoutOf(
      actions(
        'handle', 'ask_return', 'forward', 'ask_extend', 'ask_suspend', 'add_support', 'urge', 'ask_void',
        'sing',
      ),
      [],
    )
    expect(verbs(layout.shown)).toEqual(['handle'])
    expect(layout.more.map((one) => [one.group, verbs(one.actions)])).toEqual([
      ['return', ['ask_return', 'forward']],
      ['time', ['ask_extend', 'ask_suspend']],
      ['together', ['add_support']],
      ['press', ['urge']],
      ['end', ['ask_void']],
      ['other', ['sing']],
    ])
  })

  it('loses no action, whatever the server offers', () => {
    const offered = actions(
      'accept', 'file', 'dispatch', 'sign', 'handle', 'inspect', 'close', 'merge', 'reassign', 'urge',
      'new_one', 'approve_void', 'withdraw_extend',
    )
    const layout = layoutOf(offered, [request('void')])
    const placed = [
      ...layout.shown,
      ...layout.more.flatMap((one) => one.actions),
      ...Object.values(layout.onCard).flat(),
    ]
    expect(verbs(placed).sort()).toEqual(verbs(offered).sort())
    expect(layout.shown.length).toBeLessThanOrEqual(4)
  })

  it('puts decisions on the card of the request that waits', () => {
    const offered = actions(
      'reassign', 'add_support', 'approve_extend', 'refuse_extend', 'ask_void', 'urge', 'bundle',
    )
    const layout = layoutOf(offered, [request('extend'), request('suspend', 'refused')])
    expect(verbs(layout.onCard.extend!)).toEqual(['approve_extend', 'refuse_extend'])
    expect(layout.first?.verb).toBe('approve_extend')
    expect(layout.primary).toBeNull()
    expect(layout.shown).toEqual([])
  })

  it('does not make a withdrawal or a side road the big button', () => {
    expect(layoutOf(actions('withdraw_return'), [request('return')]).first?.verb).toBe('withdraw_return')
    const layout = layoutOf(actions('ask_void', 'urge'), [])
    expect([layout.primary, layout.first?.verb]).toEqual([null, 'ask_void'])
    expect(layoutOf([], []).first).toBeNull()
  })

  it('takes a decision only for a request that waits', () => {
    expect(decides('approve_void', [])).toBe('')
    expect(decides('overrule_return', [request('return')])).toBe('return')
    expect(decides('decline', [request('return')])).toBe('')
  })
})

describe('the next step', () => {
  it('opens by itself only when no word has to be typed', () => {
    const step = (verb: string, ...requires: string[]) => opensByItself({ ...action(verb), requires })
    expect(step('file', 'condition_id')).toBe(true)
    expect(step('close')).toBe(true)
    expect(step('handle', 'note')).toBe(false)
    expect(step('reassign', 'unit_id')).toBe(false)
  })
})

describe('the keys R and D', () => {
  it('find the offered way back and the offered dispatch', () => {
    expect(sendingBack(actions('handle', 'ask_return'))?.verb).toBe('ask_return')
    expect(sendingBack(actions('accept', 'reject'))?.verb).toBe('reject')
    expect(sendingBack(actions('approve_extend', 'refuse_extend'))?.verb).toBe('refuse_extend')
    expect(sendingBack(actions('accept'))).toBeNull()
    expect(dispatching(actions('reassign', 'urge'))?.verb).toBe('reassign')
    expect(dispatching(actions('sign'))).toBeNull()
  })
})
