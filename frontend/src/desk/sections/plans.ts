import type { Section } from './section'

const view = { capability: 'plan.view' }
export const plans: Section = {
  routes: [
    { path: 'responses', component: () => import('../pages/ResponsesPage.vue'), meta: view },
    { path: 'responses/:id', component: () => import('../pages/ResponsePage.vue'), meta: view },
    { path: 'plans', component: () => import('../pages/PlansPage.vue'), meta: view },
    {
      path: 'plans/:code/edit',
      component: () => import('../pages/PlanEditPage.vue'),
      meta: { capability: 'plan.edit' },
    },
    {
      path: 'plans/:code/propose',
      component: () => import('../pages/ProposePage.vue'),
      meta: { capability: 'response.propose' },
    },
    { path: 'plans/:code', component: () => import('../pages/PlanPage.vue'), meta: view },
    { path: 'objections', component: () => import('../pages/ObjectionsPage.vue'), meta: view },
  ],
  items: [
    { to: '/responses', words: 'nav.responses', needs: 'plan.view', bar: 'emergency' },
    { to: '/plans', words: 'nav.plans', needs: 'plan.view', bar: 'emergency' },
    { to: '/objections', words: 'nav.objections', needs: 'plan.view', bar: 'emergency' },
  ],
}
