import { createRouter, createWebHashHistory } from 'vue-router'
import { keepHeading } from './heading'
import { canAny, home, loadMe } from './session'
import DeskPage from './pages/DeskPage.vue'
import DeskShell from './DeskShell.vue'
import SignInPage from './pages/SignInPage.vue'
import { SECTION_ROUTES } from './sections'

export const router = createRouter({
  history: createWebHashHistory(),
  routes: [
    { path: '/login', component: SignInPage },
    {
      path: '/',
      component: DeskShell,
      children: [
        // The guard below sends everyone on to the page of their posts.
        { path: '', component: { render: () => null } },
        { path: 'desk', component: DeskPage, meta: { capability: 'case.view' } },
        {
          path: 'areas',
          component: () => import('./pages/AreasPage.vue'),
          meta: { capability: 'place.view' },
        },
        {
          path: 'areas/import',
          component: () => import('./pages/AreasImportPage.vue'),
          meta: { capability: 'place.manage' },
        },
        {
          path: 'division',
          component: () => import('./pages/DivisionPage.vue'),
          meta: { capability: 'place.view' },
        },
        {
          path: 'division/:id',
          component: () => import('./pages/ProposalPage.vue'),
          meta: { capability: 'place.view' },
        },
        {
          path: 'division/:id/:place',
          component: () => import('./pages/CommunityPage.vue'),
          meta: { capability: 'place.view' },
        },
        {
          path: 'surge',
          component: () => import('./pages/SurgePage.vue'),
          meta: { capability: ['surge.manage', 'surge.offer'] },
        },
        { path: 'my-posting', component: () => import('./pages/MyPostingPage.vue') },
        ...SECTION_ROUTES,
        {
          path: 'catalogue',
          component: () => import('./pages/CataloguePage.vue'),
          meta: { capability: 'catalogue.view' },
        },
        { path: 'later', component: () => import('./pages/LaterPage.vue') },
      ],
    },
    { path: '/:rest(.*)*', redirect: '/' },
  ],
})

keepHeading(router)
router.beforeEach(async (to) => {
  const who = await loadMe()
  if (to.path === '/login') return who ? home() : true
  if (!who) return { path: '/login', query: to.fullPath === '/' ? {} : { back: to.fullPath } }
  if (to.path === '/') return home()
  const needed = to.meta.capability
  return !needed || canAny(needed as string | string[]) ? true : home()
})
