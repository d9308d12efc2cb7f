import 'element-plus/theme-chalk/base.css'
import '@/shared/tokens.css'
import './styles/base.css'
import './styles/shell.css'
import './styles/panes.css'
import './styles/case.css'
import './styles/roads.css'
import './styles/form.css'
import './styles/pages.css'
import './styles/narrow.css'
import { createApp } from 'vue'
import { onSignedOut } from '@/shared/http'
import { applyLang } from '@/shared/i18n'
import DeskApp from './DeskApp.vue'
import { router } from './router'
import { forget, me, sessionEnded } from './session'

applyLang()
onSignedOut(() => {
  if (!me.value) return
  forget()
  sessionEnded.value = true
  void router.push({ path: '/login', query: { back: router.currentRoute.value.fullPath } })
})
createApp(DeskApp).use(router).mount('#app')
