import type { Section } from './section'

export const board: Section = {
  routes: [
    {
      path: 'board/:id?',
      component: () => import('../pages/CommandPage.vue'),
      meta: { capability: 'command.view' },
    },
  ],
  items: [{ to: '/board', words: 'nav.board', needs: 'command.view', bar: 'emergency' }],
}
