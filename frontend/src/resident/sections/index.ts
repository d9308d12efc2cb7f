/** Pages that parts of the emergency desk offer to residents. */
import type { RouteRecordRaw } from 'vue-router'
import { care } from './care'
import { plans } from './plans'
import { sampling } from './sampling'

export const SECTION_ROUTES: RouteRecordRaw[] = [...plans, ...care, ...sampling]
