import type { Section } from './section'

const compose = () => import('../pages/SweepComposePage.vue')

export const sweeps: Section = {
  routes: [
    { path: 'my-doors', component: () => import('../pages/MyDoorsPage.vue'), meta: { capability: 'sweep.visit' } },
    { path: 'sweeps', component: () => import('../pages/SweepsPage.vue'), meta: { capability: 'sweep.view' } },
    { path: 'sweeps/new', component: compose, meta: { capability: 'sweep.manage' } },
    { path: 'sweeps/:id', component: () => import('../pages/SweepPage.vue'), meta: { capability: 'sweep.view' } },
    { path: 'sweeps/:id/edit', component: compose, meta: { capability: 'sweep.manage' } },
  ],
  items: [
    { to: '/sweeps', words: 'nav.sweeps', needs: 'sweep.view', bar: 'emergency' },
    { to: '/my-doors', words: 'nav.myDoors', needs: 'sweep.visit', bar: 'own' },
  ],
}
