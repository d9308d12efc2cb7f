/** What the endpoints of the command board give. */
export interface BoardPlaceName {
  id: string
  name: string
}
export interface BoardResponse {
  id: string
  number: string
  title: string
  title_en: string
  hazard: string
  level: number
  state: string
  state_zh: string
  state_en: string
  is_drill: boolean
  live_at: string | null
  ended_at: string | null
  last_on: string | null
  places: BoardPlaceName[]
}
export interface BoardOrder {
  id: string
  number: string
  title: string
  sentence: string
  state: string
  state_zh: string
  state_en: string
  issued_at: string
  until_at: string
  people: number
  delivered: number
  acknowledged: number
  working: number
  done: number
  cannot: number
}
export interface BoardSweep {
  id: string
  number: string
  title: string
  state: string
  state_zh: string
  state_en: string
  issued_at: string
  until_at: string
  doors: number
  done: number
  visited: number
  absent: number
  refused: number
  vacant: number
  help: number
  wrong: number
  remaining: number
}
export interface BoardPoint {
  at: string
  delivered: number
  acknowledged: number
  working: number
  doors: number
}
export interface BoardLine {
  place_id: string
  name: string
  level: string
  has_below: boolean
  people: number
  acknowledged: number
  cannot: number
  doors: number
  done: number
  help: number
}
export interface BoardHelp {
  kind: string
  kind_zh: string
  kind_en: string
  at: string
  place: string
  text: string
  address: string
}
export interface BoardResource {
  code: string
  zh: string
  en: string
  there: number
  needed: number
  address: string
}
export interface BoardLog {
  at: string
  zh: string
  en: string
  who: string
  address: string
}
export interface Board {
  at: string
  response: BoardResponse
  trail: BoardPlaceName[]
  orders: BoardOrder[]
  order_id: string | null
  sweeps: BoardSweep[]
  sweep_id: string | null
  curve: BoardPoint[]
  promise_seconds: number
  places: BoardLine[]
  help: BoardHelp[]
  resources: BoardResource[]
  log: BoardLog[]
}
