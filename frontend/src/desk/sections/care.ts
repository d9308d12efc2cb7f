import type { Section } from './section'

export const care: Section = {
  routes: [
    {
      path: 'care',
      component: () => import('../pages/CarePage.vue'),
      meta: { capability: 'isolation.view' },
    },
    {
      path: 'care/new',
      component: () => import('../pages/CareBeginPage.vue'),
      meta: { capability: 'isolation.manage' },
    },
    {
      path: 'care/:area/:id',
      component: () => import('../pages/CarePersonPage.vue'),
      meta: { capability: ['isolation.view', 'isolation.care'] },
    },
    {
      path: 'tracing',
      component: () => import('../pages/TracingPage.vue'),
      meta: { capability: 'contact.trace' },
    },
    {
      path: 'tracing/:area/:id',
      component: () => import('../pages/TracingTaskPage.vue'),
      meta: { capability: 'contact.trace' },
    },
    {
      path: 'my-care',
      component: () => import('../pages/MyCarePage.vue'),
      meta: { capability: 'isolation.care' },
    },
  ],
  items: [
    { to: '/care', words: 'nav.care', needs: 'isolation.view', bar: 'emergency' },
    { to: '/tracing', words: 'nav.tracing', needs: 'contact.trace', bar: 'emergency' },
    { to: '/my-care', words: 'nav.myCare', needs: 'isolation.care', bar: 'own' },
  ],
}
