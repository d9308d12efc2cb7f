/** What a part of the desk brings along: its routes, and its places in the bars. */
import type { RouteRecordRaw } from 'vue-router'
import type { WordKey } from '@/shared/i18n'

export interface NavItem {
  to: string
  words: WordKey
  /** Whoever holds any of these sees it; empty: everybody. */
  needs: string | readonly string[]
  /** `main` stands in the bar, `emergency` in the second bar of the emergency pages, `own` beside one's orders. */
  bar: 'main' | 'emergency' | 'own'
}

export interface Section {
  routes: RouteRecordRaw[]
  items: NavItem[]
}
