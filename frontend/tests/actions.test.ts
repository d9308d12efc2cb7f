import { describe, expect, it } from 'vitest'
import { fieldsOf, narrowed } from '@/desk/cases'
import { bodyOf, dropForm, firstMissing, formFor } from '@/desk/forms'

const action = (requires: string[], takes?: string[]) => ({ verb: 'x', zh: '办', en: 'do', requires, takes })
const names = (requires: string[], takes?: string[]) =>
  fieldsOf(action(requires, takes)).map((field) => `${field.name}${field.required ? '!' : ''}`)

describe('fields of an action', () => {
  it('asks for what is required first and offers the rest', () => {
    expect(names(['note', 'condition_id'], ['note', 'condition_id'])).toEqual(['condition_id!', 'note!'])
    expect(names(['note'], ['note', 'photos'])).toEqual(['note!', 'photos'])
    expect(names([], ['note'])).toEqual(['note'])
  })

  it('offers note and photos where the server does not say', () => {
    expect(names(['unit_id'])).toEqual(['unit_id!', 'photos', 'note'])
  })

  it('leaves out what this page does not know', () => {
    expect(names(['note'], ['note', 'signature'])).toEqual(['note!'])
  })
})

describe('narrowing choices', () => {
  it('wants every word', () => {
    const rules = ['井盖 破损', '井盖 缺失', '路灯 不亮']
    expect(narrowed(rules, '井盖 缺', (rule) => rule)).toEqual(['井盖 缺失'])
    expect(narrowed(rules, '  ', (rule) => rule)).toEqual(rules)
  })
})

describe('forms being filled in', () => {
  it('are kept by case and verb until dropped, with one key', () => {
    const form = formFor('a', 'handle')
    form.note = '已修复'
    expect(formFor('a', 'handle')).toBe(form)
    expect(formFor('a', 'feed_back').note).toBe('')
    const { key } = form
    dropForm('a', 'handle')
    expect(formFor('a', 'handle').note).toBe('')
    expect(formFor('a', 'handle').key).not.toBe(key)
  })

  it('send what the action knows, a day as the end of its office hours', () => {
    const fields = fieldsOf(action(['note', 'until_at'], ['note', 'until_at']))
    const form = formFor('b', 'ask_suspend')
    expect(firstMissing(form, fields)).toBe('until_at')
    form.until_on = '2026-12-01'
    expect(firstMissing(form, fields)).toBe('note')
    form.note = ' 待管线迁改 '
    form.unit_id = 'not asked for'
    expect(firstMissing(form, fields)).toBe('')
    expect(bodyOf(form, fields, 4)).toEqual({
      version: 4,
      note: '待管线迁改',
      until_at: '2026-12-01T10:00:00.000Z',
    })
  })
})
