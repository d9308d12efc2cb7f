/** The endpoints of drills. */
import { ask } from './http'
import type { Drill, DrillChoice, DrillOptions } from './types-drills'

export const readDrillOptions = () => ask<DrillOptions>('/api/drills/options')
export const readDrill = (id: string) =>
  ask<Drill>(`/api/drills/${encodeURIComponent(id)}`, { background: true })
export const chooseDrillPeople = (id: string, json: DrillChoice) =>
  ask<Drill>(`/api/drills/${encodeURIComponent(id)}`, { method: 'POST', json })
