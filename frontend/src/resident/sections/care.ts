import type { RouteRecordRaw } from 'vue-router'

export const care: RouteRecordRaw[] = [
  { path: '/care/:number/:secret', component: () => import('../pages/CarePage.vue') },
  { path: '/contact/:number/:secret', component: () => import('../pages/ContactPage.vue') },
]
