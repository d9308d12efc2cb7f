/** Layers of the map: which levels at which zoom, and how they look. No base map is needed. */
import type { LayerSpecification, StyleSpecification } from 'maplibre-gl'
import type { MapScope } from '@/shared/types-grid'

export const LEVELS = ['county', 'street', 'community', 'grid', 'microgrid'] as const
export type MapLevel = (typeof LEVELS)[number] | 'compound'

/** From which zoom a level is drawn, and between which it is named. */
export const ZOOMS: Record<
  MapLevel,
  { from: number; named: number; until: number; colour: string; width: number }
> = {
  county: { from: 0, named: 7, until: 11, colour: '#0a4453', width: 2.4 },
  street: { from: 8, named: 10, until: 14, colour: '#0e5a6e', width: 1.8 },
  community: { from: 10.5, named: 12.5, until: 16, colour: '#47565e', width: 1.3 },
  grid: { from: 12.5, named: 14.5, until: 24, colour: '#8a4b00', width: 1.1 },
  microgrid: { from: 13.5, named: 15.5, until: 24, colour: '#7d1f6f', width: 1 },
  compound: { from: 13.5, named: 15.5, until: 24, colour: '#1b6a43', width: 1 },
}

const FONT = ['Noto Sans CJK SC']
const ROUGH = ['to-boolean', ['get', 'approx']] as never
const FIRM = ['!', ['to-boolean', ['get', 'approx']]] as never

/** Parts of identifiers of layers, so that a click knows what it hit. */
export const sourceOf = (scope: MapScope) => `scope-${scope.scope}`
export const fillOf = (scope: MapScope, level: MapLevel) => `fill-${level}-${scope.scope}`

/** Names of places stand in a layer of points: a polygon that crosses tiles would be named in each of them. */
const namesOf = (level: MapLevel) => (level === 'compound' ? level : `name-${level}`)

/** What a scope names beside others: its own places; neighbours of them all are named by the first alone. */
function once(scope: MapScope, scopes: MapScope[]): { filter?: never } {
  if (scopes.length < 2) return {}
  const own = ['!', ['to-boolean', ['get', 'outside']]]
  if (scope !== scopes[0]) return { filter: own as never }
  const heads = scopes.map((one) => one.scope.replace(/00$/, ''))
  const theirs = heads.map((head) => ['==', ['slice', ['get', 'code'], 0, head.length], head])
  return { filter: ['any', own, ['!', ['any', ...theirs]]] as never }
}

function labelOf(scope: MapScope, level: MapLevel, scopes: MapScope[]): LayerSpecification {
  const { named, until, colour } = ZOOMS[level]
  return {
    source: sourceOf(scope),
    'source-layer': namesOf(level),
    ...(level === 'compound' ? {} : once(scope, scopes)),
    id: `name-${level}-${scope.scope}`,
    type: 'symbol',
    minzoom: named,
    maxzoom: until,
    layout: {
      'text-field': ['get', 'name'],
      'text-font': FONT,
      'text-size': level === 'county' || level === 'street' ? 14 : 12,
      'text-padding': 4,
      'text-max-width': 8,
      // Two names that would meet make room for each other before one of them goes.
      ...(level === 'compound'
        ? { 'text-offset': [0, 1], 'text-anchor': 'top' }
        : { 'text-variable-anchor': ['center', 'top', 'bottom'], 'text-radial-offset': 0.4 }),
    },
    paint: { 'text-color': colour, 'text-halo-color': '#ffffff', 'text-halo-width': 2 },
  }
}

function ofLevel(scope: MapScope, level: MapLevel): LayerSpecification[] {
  const { from, colour, width } = ZOOMS[level]
  const base = { source: sourceOf(scope), 'source-layer': level } as const
  if (level === 'compound') {
    const points: LayerSpecification = {
      ...base,
      id: fillOf(scope, level),
      type: 'circle',
      minzoom: from,
      paint: {
        'circle-radius': ['interpolate', ['linear'], ['zoom'], 13, 2.5, 16, 6],
        'circle-color': colour,
        'circle-stroke-color': '#ffffff',
        'circle-stroke-width': 1,
      },
    }
    return [points]
  }
  const line = (rough: boolean): LayerSpecification => ({
    ...base,
    id: `${rough ? 'rough' : 'line'}-${level}-${scope.scope}`,
    type: 'line',
    minzoom: from,
    filter: rough ? ROUGH : FIRM,
    paint: { 'line-color': colour, 'line-width': width, ...(rough ? { 'line-dasharray': [3, 2] } : {}) },
  })
  const fill: LayerSpecification = {
    ...base,
    id: fillOf(scope, level),
    type: 'fill',
    minzoom: from,
    paint: { 'fill-color': colour, 'fill-opacity': level === 'county' ? 0.05 : 0.02 },
  }
  return [fill, line(false), line(true)]
}

const BASE_TILES = 'https://t{s}.tianditu.gov.cn'

/** Tianditu's streets and their names, in the same datum as ours; only with a key of the city's own. */
function tianditu(key: string): StyleSpecification['sources'] {
  const tiles = (layer: string) =>
    [0, 1, 2, 3].map(
      (n) =>
        `${BASE_TILES.replace('{s}', String(n))}/${layer}_w/wmts?SERVICE=WMTS&REQUEST=GetTile&VERSION=1.0.0` +
        `&LAYER=${layer}&STYLE=default&TILEMATRIXSET=w&FORMAT=tiles&TILEMATRIX={z}&TILEROW={y}&TILECOL={x}&tk=${key}`,
    )
  return {
    vec: { type: 'raster', tiles: tiles('vec'), tileSize: 256, maxzoom: 18 },
    cva: { type: 'raster', tiles: tiles('cva'), tileSize: 256, maxzoom: 18 },
  }
}

/** The whole style: base if there is a key, then every level of every scope, the chosen place on top. */
export function styleOf(scopes: MapScope[], origin: string, key = ''): StyleSpecification {
  const sources: StyleSpecification['sources'] = key ? tianditu(key) : {}
  for (const scope of scopes) {
    sources[sourceOf(scope)] = {
      type: 'vector',
      tiles: [`${origin}/api/tiles/${encodeURIComponent(scope.scope)}/${scope.version}/{z}/{x}/{y}`],
      minzoom: scope.min_zoom,
      maxzoom: scope.max_zoom,
      ...(scope.bounds ? { bounds: scope.bounds } : {}),
    }
  }
  sources.chosen = { type: 'geojson', data: { type: 'FeatureCollection', features: [] } }
  const layers: LayerSpecification[] = [
    { id: 'ground', type: 'background', paint: { 'background-color': '#f4f7f8' } },
  ]
  if (key) for (const id of ['vec', 'cva']) layers.push({ id, type: 'raster', source: id })
  const levels: MapLevel[] = [...LEVELS, 'compound']
  for (const level of levels) for (const scope of scopes) layers.push(...ofLevel(scope, level))
  layers.push(
    { id: 'chosen-fill', type: 'fill', source: 'chosen', paint: { 'fill-color': '#b35c00', 'fill-opacity': 0.16 } },
    {
      id: 'chosen-line',
      type: 'line',
      source: 'chosen',
      filter: ['!', ['to-boolean', ['get', 'approximate']]],
      paint: { 'line-color': '#b35c00', 'line-width': 3 },
    },
    {
      id: 'chosen-rough',
      type: 'line',
      source: 'chosen',
      filter: ['to-boolean', ['get', 'approximate']],
      paint: { 'line-color': '#b35c00', 'line-width': 3, 'line-dasharray': [2, 1.5] },
    },
  )
  // Names stand above every line and the chosen place; where two would meet, the larger place is named.
  for (const level of levels.reverse()) for (const scope of scopes) layers.push(labelOf(scope, level, scopes))
  return { version: 8, sources, layers }
}

/** The box around all of them; null when none says where it lies. */
export function boundsOf(scopes: MapScope[]): [number, number, number, number] | null {
  const boxes = scopes.flatMap((scope) => (scope.bounds ? [scope.bounds] : []))
  if (!boxes.length) return null
  return [
    Math.min(...boxes.map((box) => box[0])),
    Math.min(...boxes.map((box) => box[1])),
    Math.max(...boxes.map((box) => box[2])),
    Math.max(...boxes.map((box) => box[3])),
  ]
}

/** What a click means: the finest level drawn at this zoom that was hit. */
export function finest<T extends { layer: { id: string } }>(hits: T[]): T | null {
  const rank = (hit: T) =>
    ([...LEVELS, 'compound'] as MapLevel[]).findIndex((level) => hit.layer.id.startsWith(`fill-${level}-`))
  return hits.reduce<T | null>((best, hit) => (rank(hit) > (best ? rank(best) : -1) ? hit : best), null)
}
