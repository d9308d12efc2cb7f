import type { Section } from './section'

export const retention: Section = {
  routes: [
    {
      path: 'retention',
      component: () => import('../pages/RetentionPage.vue'),
      meta: { capability: 'retention.view' },
    },
    {
      path: 'retention/runs/:id',
      component: () => import('../pages/DestructionPage.vue'),
      meta: { capability: 'retention.view' },
    },
    {
      path: 'duty-log',
      component: () => import('../pages/DutyLogPage.vue'),
      meta: { capability: 'duty.log' },
    },
    {
      path: 'responses/:id/reports',
      component: () => import('../pages/ReportsPage.vue'),
      meta: { capability: 'plan.view' },
    },
    {
      path: 'responses/:id/timeline',
      component: () => import('../pages/TimelinePage.vue'),
      meta: { capability: 'plan.view' },
    },
    {
      path: 'responses/:id/stand-down',
      component: () => import('../pages/StandDownPage.vue'),
      meta: { capability: 'plan.view' },
    },
  ],
  items: [
    { to: '/duty-log', words: 'nav.dutyLog', needs: 'duty.log', bar: 'emergency' },
    { to: '/retention', words: 'nav.retention', needs: 'retention.view', bar: 'emergency' },
  ],
}
