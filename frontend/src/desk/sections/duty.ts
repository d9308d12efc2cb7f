import type { Section } from './section'

export const duty: Section = {
  routes: [
    {
      path: 'rosters',
      component: () => import('../pages/RostersPage.vue'),
      meta: { capability: 'roster.view' },
    },
    {
      path: 'rosters/:id',
      component: () => import('../pages/RosterPage.vue'),
      meta: { capability: 'roster.view' },
    },
    { path: 'my-shifts', component: () => import('../pages/MyShiftsPage.vue') },
    { path: 'stock', component: () => import('../pages/StockPage.vue') },
  ],
  items: [
    { to: '/rosters', words: 'nav.rosters', needs: 'roster.view', bar: 'emergency' },
    { to: '/stock', words: 'nav.stock', needs: 'stock.view', bar: 'emergency' },
    { to: '/my-shifts', words: 'nav.myShifts', needs: [], bar: 'own' },
  ],
}
