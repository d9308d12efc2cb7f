import '@/shared/tokens.css'
import './styles/base.css'
import './styles/report.css'
import './styles/follow.css'
import { createApp } from 'vue'
import { createRouter, createWebHashHistory } from 'vue-router'
import { applyLang } from '@/shared/i18n'
import { applyElder } from './elder'
import ResidentApp from './ResidentApp.vue'
import ReportPage from './pages/ReportPage.vue'
import { SECTION_ROUTES } from './sections'

const router = createRouter({
  history: createWebHashHistory(),
  routes: [
    { path: '/report', component: ReportPage },
    { path: '/follow/:number/:secret', component: () => import('./pages/FollowPage.vue') },
    { path: '/grid/:code', component: () => import('./pages/GridPage.vue') },
    ...SECTION_ROUTES,
    { path: '/mine', component: () => import('./pages/MinePage.vue') },
    { path: '/:rest(.*)*', redirect: '/report' },
  ],
  scrollBehavior: (to, from, saved) => saved ?? (to.path === from.path ? undefined : { top: 0 }),
})

applyLang()
applyElder()
createApp(ResidentApp).use(router).mount('#app')
