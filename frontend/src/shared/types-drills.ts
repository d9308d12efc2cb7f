/** Shapes of drills as the server gives them. */
export interface DrillWord {
  code: string
  zh: string
  en: string
}
export interface DrillBehaviour extends DrillWord {
  says: { zh: string; en: string }[]
}
export interface DrillOptions {
  behaviours: DrillBehaviour[]
  posts: DrillWord[]
}
/** An empty behaviour: real people alone. */
export interface DrillChoice {
  behaviour: string
  real_posts: string[]
}
export interface DrillScore extends DrillWord {
  share: number
  seconds: number
  weight: number
  of: number
  in_time: number
  reached: number | null
  points: number
}
export interface DrillPoint {
  second: number
  expected: number
  delivered: number
  acknowledged: number
}
export interface DrillCurve {
  order_id: string
  number: string
  title: string
  people: number
  promise_seconds: number
  until_second: number
  points: DrillPoint[]
}
export interface Drill {
  behaviour: DrillBehaviour | null
  real_posts: DrillWord[]
  seed: number | null
  chosen_by: string
  chosen_at: string | null
  may_choose: boolean
  answered: number
  visited: number
  score: number | null
  scores: DrillScore[]
  measured_at: string | null
  over_at: string | null
  curves: DrillCurve[]
}
