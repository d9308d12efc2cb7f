/** The plan of a community as a picture: degrees to metres on a plane, and back out as paths. */
import { ringsOf } from './colouring'
import type { CommunityView } from '@/shared/types-division'
import type { Ring, Shape } from '@/shared/types-grid'

export type Frame = [number, number, number, number]

const METRES_A_DEGREE = 111_320

export interface Plane {
  x(lon: number): number
  y(lat: number): number
  /** Left, top, width, height in metres, with a margin: of everything, and of the buildings. */
  view: Frame
  home: Frame
}

type Point = [number, number]

function boxOf(points: Point[]): [number, number, number, number] {
  let [west, south, east, north] = [Infinity, Infinity, -Infinity, -Infinity]
  for (const [lon, lat] of points) {
    west = Math.min(west, lon)
    east = Math.max(east, lon)
    south = Math.min(south, lat)
    north = Math.max(north, lat)
  }
  return points.length ? [west, south, east, north] : [0, 0, 0.001, 0.001]
}

/** A plane around everything that the community shows (equirectangular about its middle). */
export function planeOf(view: CommunityView): Plane {
  const built = view.buildings.flatMap((one) =>
    one.lon === null || one.lat === null ? [] : [[one.lon, one.lat] as Point],
  )
  const box = boxOf([
    ...ringsOf(view.outline).flat(),
    ...view.polygons.features.flatMap((feature) => ringsOf(feature.geometry).flat()),
    ...built,
  ])
  const [west, south, , north] = box
  const scale = METRES_A_DEGREE * Math.cos((((south + north) / 2) * Math.PI) / 180)
  const x = (lon: number) => (lon - west) * scale
  const y = (lat: number) => (north - lat) * METRES_A_DEGREE
  const around = ([left, low, right, high]: typeof box, share: number): Frame => {
    const [wide, tall] = [Math.max(x(right) - x(left), 20), Math.max(y(low) - y(high), 20)]
    const [width, height] = [wide, tall].map((length) => length + 2 * share * Math.max(wide, tall)) as Point
    return [(x(left) + x(right) - width) / 2, (y(low) + y(high) - height) / 2, width, height]
  }
  return { x, y, view: around(box, 0.04), home: built.length ? around(boxOf(built), 0.12) : around(box, 0.04) }
}

/** The same frame, made wider or higher so that it has the shape of the window (width over height). */
export function shaped([left, top, wide, high]: Frame, aspect: number): Frame {
  const [width, height] = wide / high < aspect ? [high * aspect, high] : [wide, wide / aspect]
  return [left - (width - wide) / 2, top - (height - high) / 2, width, height]
}

/** `d` of a path; rings run even-odd, so holes stay open. */
export function pathOf(shape: Shape | null, plane: Plane): string {
  const line = (ring: Ring) =>
    `M${ring.map(([lon, lat]) => `${plane.x(lon).toFixed(1)} ${plane.y(lat).toFixed(1)}`).join('L')}Z`
  return ringsOf(shape).map(line).join('')
}

/** Closer (factor below 1) or farther, about a point of the picture; never beyond the whole nor below 20 m. */
export function zoomed(frame: Frame, whole: Frame, factor: number, about: [number, number]): Frame {
  const wide = Math.min(whole[2], Math.max(20, frame[2] * factor))
  const used = wide / frame[2]
  const high = frame[3] * used
  return clamped(
    [about[0] - (about[0] - frame[0]) * used, about[1] - (about[1] - frame[1]) * used, wide, high],
    whole,
  )
}

/** Not farther out than the edge of the whole. */
export function clamped([left, top, wide, high]: Frame, whole: Frame): Frame {
  const keep = (value: number, from: number, length: number, least: number) =>
    Math.max(from, Math.min(value, from + Math.max(0, length - least)))
  return [keep(left, whole[0], whole[2], wide), keep(top, whole[1], whole[3], high), wide, high]
}
