import { describe, expect, it } from 'vitest'
import { changeOf, emptyForm, missing } from '@/desk/grid/changes'
import { columnsOf, csvOf, errorsAsCsv, mappingText, twice } from '@/desk/grid/mapping'
import { LEVELS, boundsOf, finest, styleOf } from '@/desk/grid/mapstyle'
import type { DatedPlace, MapScope } from '@/shared/types-grid'

const place = (id: string, name = id, level = 'street'): DatedPlace => ({
  id, name, code: `code-${id}`, level, level_zh: '', level_en: '', has_children: true,
})

describe('columns of a file', () => {
  const guessed = { 小区: 'name', 户数: 'households' }

  it('begin as they were guessed, then those nobody knew', () => {
    expect(columnsOf(guessed, ['备注', '小区'])).toEqual([
      { column: '小区', field: 'name' },
      { column: '户数', field: 'households' },
      { column: '备注', field: '' },
    ])
  })

  it('are sent only when somebody put them right', () => {
    const columns = columnsOf(guessed, ['备注'])
    expect(mappingText(columns, guessed)).toBe('')
    columns[1]!.field = 'homes'
    expect(JSON.parse(mappingText(columns, guessed))).toEqual({ columns: { 小区: 'name', 户数: 'homes' } })
    columns[1]!.field = ''
    expect(JSON.parse(mappingText(columns, guessed))).toEqual({ columns: { 小区: 'name' } })
    expect(mappingText([], {})).toBe('')
  })

  it('tell which field two of them claim', () => {
    expect(twice([{ column: 'a', field: 'name' }, { column: 'b', field: '' }, { column: 'c', field: '' }])).toEqual([])
    expect(twice([{ column: 'a', field: 'name' }, { column: 'b', field: 'name' }])).toEqual(['name'])
  })
})

describe('problems as CSV', () => {
  it('quotes, keeps numbers and defuses formulas', () => {
    expect(csvOf(['a'], [['x,"y"'], [-3], ['=1+1'], ['two\nlines']])).toBe(
      '\ufeffa\r\n"x,""y"""\r\n-3\r\n\'=1+1\r\n"two\nlines"\r\n',
    )
  })

  it('names the group of each row', () => {
    const error = { row: 7, field: 'lon', message_zh: '在海里' }
    expect(errorsAsCsv(['类', '行', '列', '问题'], [{ name: '点', errors: [error] }], (one) => one.message_zh!)).toBe(
      '\ufeff类,行,列,问题\r\n点,7,lon,在海里\r\n',
    )
  })
})

describe('a dated change', () => {
  const here = place('s1', '样板街道')
  const form = emptyForm(here, '2026-03-01')

  it('sends only what belongs to its kind', () => {
    const filled = { ...form, reason: ' 批复 ', name: ' 新名 ', code: '9', places: [place('s2')] }
    const base = { on: '2026-03-01', reason: '批复' }
    expect(changeOf('rename', filled, here, [])).toEqual({ kind: 'rename', ...base, place_id: 's1', name: '新名' })
    expect(changeOf('create', filled, here, [])).toEqual({
      kind: 'create', ...base, parent_id: 's1', name: '新名', code: '9', level: 'community',
    })
    expect(changeOf('move', filled, here, [])).toMatchObject({ place_id: 's1', parent_id: 's2', code: '9' })
    expect(changeOf('merge', filled, here, [])).toMatchObject({ places: ['s1', 's2'], into: { id: 's1' } })
    expect(changeOf('merge', { ...filled, survives: false }, here, [])).toMatchObject({
      into: { name: '新名', code: '9' },
    })
    expect(changeOf('close', filled, here, [])).toEqual({ kind: 'close', ...base, place_id: 's1' })
  })

  it('hands out every child once when it splits', () => {
    const children = [place('c1'), place('c2'), place('c3')]
    const change = changeOf('split', { ...form, goes: { c2: 1 } }, here, children)
    expect(change.parts?.map((part) => [part.id, part.children])).toEqual([
      ['s1', ['c1', 'c3']],
      [undefined, ['c2']],
    ])
  })

  it('asks for what is missing', () => {
    expect(missing('rename', form)).toBe('name')
    expect(missing('move', form)).toBe('places')
    expect(missing('split', form)).toBe('parts')
    expect(missing('merge', { ...form, places: [here], survives: false })).toBe('name')
    expect(missing('recode', form)).toBe('code')
    expect(missing('close', { ...form, on: '' })).toBe('on')
    expect(missing('close', form)).toBe('')
  })
})

describe('the map', () => {
  const scope = (name: string, bounds: MapScope['bounds']): MapScope => ({
    scope: name, name, version: 3, bounds, min_zoom: 4, max_zoom: 14, from_on: '2026-01-01',
  })
  const scopes = [scope('5101', [104, 30, 105, 31]), scope('5102', [103.5, 30.5, 104.5, 32])]

  it('has one source a scope and every level of each, without a base map', () => {
    const style = styleOf(scopes, 'https://city.example')
    expect(Object.keys(style.sources).sort()).toEqual(['chosen', 'scope-5101', 'scope-5102'])
    expect(style.sources['scope-5101']).toMatchObject({
      tiles: ['https://city.example/api/tiles/5101/3/{z}/{x}/{y}'],
    })
    for (const level of [...LEVELS, 'compound']) {
      const name = style.layers.find((layer) => layer.id === `name-${level}-5102`)
      // A polygon in two tiles would be named twice: names are points of a layer of their own.
      expect(name).toMatchObject({ 'source-layer': level === 'compound' ? level : `name-${level}` })
    }
    // What two scopes show is named by one of them: their own places by each, neighbours of both by the first.
    const named = (id: string) => JSON.stringify(style.layers.find((layer) => layer.id === id))
    expect(named('name-county-5101')).toContain('["slice",["get","code"],0,4],"5102"')
    expect(named('name-county-5102')).toContain('"filter":["!",["to-boolean",["get","outside"]]]')
    const alone = styleOf(scopes.slice(0, 1), '').layers.find((layer) => layer.id === 'name-county-5101')
    expect(alone && 'filter' in alone).toBe(false)
    for (const level of LEVELS) {
      expect(style.layers.map((layer) => layer.id)).toContain(`rough-${level}-5102`)
    }
    expect(JSON.stringify(style)).not.toContain('tianditu')
    expect(JSON.stringify(styleOf(scopes, '', 'key1'))).toContain('tk=key1')
  })

  it('knows the box around all scopes', () => {
    expect(boundsOf(scopes)).toEqual([103.5, 30, 105, 32])
    expect(boundsOf([scope('x', null)])).toBeNull()
  })

  it('takes the finest of what was clicked', () => {
    const hit = (id: string) => ({ layer: { id } })
    expect(finest([hit('fill-county-5101'), hit('fill-grid-5101'), hit('fill-street-5101')])?.layer.id).toBe(
      'fill-grid-5101',
    )
    expect(finest([])).toBeNull()
  })
})
