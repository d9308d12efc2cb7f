import type { RouteRecordRaw } from 'vue-router'

export const plans: RouteRecordRaw[] = [
  { path: '/notices', component: () => import('../pages/NoticesPage.vue') },
  { path: '/notice/:number', component: () => import('../pages/NoticePage.vue') },
  { path: '/objection/:number/:secret', component: () => import('../pages/ObjectionPage.vue') },
]
