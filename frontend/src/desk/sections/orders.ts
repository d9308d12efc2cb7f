import type { Section } from './section'

export const orders: Section = {
  routes: [
    { path: 'my-orders', component: () => import('../pages/MyOrdersPage.vue') },
    {
      path: 'orders',
      component: () => import('../pages/OrdersPage.vue'),
      meta: { capability: 'order.view' },
    },
    {
      path: 'orders/new',
      component: () => import('../pages/ComposePage.vue'),
      meta: { capability: 'order.draft' },
    },
    {
      path: 'orders/:id',
      component: () => import('../pages/OrderPage.vue'),
      meta: { capability: 'order.view' },
    },
    {
      path: 'orders/:id/edit',
      component: () => import('../pages/ComposePage.vue'),
      meta: { capability: 'order.draft' },
    },
  ],
  items: [{ to: '/orders', words: 'nav.orders', needs: 'order.view', bar: 'emergency' }],
}
