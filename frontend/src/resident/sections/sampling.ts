import type { RouteRecordRaw } from 'vue-router'

export const sampling: RouteRecordRaw[] = [
  { path: '/slot/:code?', component: () => import('../pages/SlotPage.vue') },
]
