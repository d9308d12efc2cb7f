import type { Section } from './section'

export const sampling: Section = {
  routes: [
    {
      path: 'sampling',
      component: () => import('../pages/SamplingPage.vue'),
      meta: { capability: 'sampling.view' },
    },
    {
      path: 'sampling/new',
      component: () => import('../pages/SamplingComposePage.vue'),
      meta: { capability: 'sampling.manage' },
    },
    {
      path: 'sampling/points',
      component: () => import('../pages/SamplingWorkPage.vue'),
      meta: { capability: 'sampling.work' },
    },
    {
      path: 'sampling/positives',
      component: () => import('../pages/SamplingPositivesPage.vue'),
      meta: { capability: 'contact.trace' },
    },
    {
      path: 'sampling/:id',
      component: () => import('../pages/CampaignPage.vue'),
      meta: { capability: 'sampling.view' },
    },
    {
      path: 'sampling/:id/edit',
      component: () => import('../pages/SamplingComposePage.vue'),
      meta: { capability: 'sampling.manage' },
    },
  ],
  items: [
    { to: '/sampling', words: 'nav.sampling', needs: 'sampling.view', bar: 'emergency' },
    { to: '/sampling/points', words: 'nav.samplingPoints', needs: 'sampling.work', bar: 'own' },
    { to: '/sampling/positives', words: 'nav.samplingPositives', needs: 'contact.trace', bar: 'emergency' },
  ],
}
