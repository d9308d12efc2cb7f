/** MapLibre, loaded when a map is first shown; its worker is a file of ours, as the content policy wants. */
import type * as MapLibre from 'maplibre-gl'
import workerAddress from 'maplibre-gl/dist/maplibre-gl-csp-worker.js?url'

let loading: Promise<typeof MapLibre> | null = null

export function loadMapLibre(): Promise<typeof MapLibre> {
  loading ??= Promise.all([
    import('maplibre-gl/dist/maplibre-gl-csp.js'),
    import('maplibre-gl/dist/maplibre-gl.css'),
  ]).then(([found]) => {
    const library = ((found as { default?: unknown }).default ?? found) as typeof MapLibre
    library.setWorkerUrl(workerAddress)
    return library
  })
  return loading
}

/** Whether this browser can draw the map at all; old office machines may not. */
export function canDrawMaps(): boolean {
  try {
    const canvas = document.createElement('canvas')
    return Boolean(canvas.getContext('webgl2') ?? canvas.getContext('webgl'))
  } catch {
    return false
  }
}

/** The key for Tianditu that the city has configured, if any. */
export const tiandituKey = () =>
  document.querySelector<HTMLMetaElement>('meta[name="shanzhi-tianditu"]')?.content ?? ''
