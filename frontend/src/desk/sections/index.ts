/** The parts of the emergency desk, in the order of the second bar. */
import { board } from './board'
import { care } from './care'
import { duty } from './duty'
import { orders } from './orders'
import { plans } from './plans'
import { retention } from './retention'
import { sampling } from './sampling'
import { sweeps } from './sweeps'

export const SECTIONS = [board, plans, orders, sweeps, care, sampling, duty, retention]
export const SECTION_ROUTES = SECTIONS.flatMap((section) => section.routes)
export const SECTION_ITEMS = SECTIONS.flatMap((section) => section.items)
