/** Who is signed in at this desk. */
import { computed, ref } from 'vue'
import { readMe, signIn as askSignIn, signOut as askSignOut } from '@/shared/api'
import { asApiError } from '@/shared/errors'
import { side } from '@/shared/i18n'
import type { Me } from '@/shared/types'

export const me = ref<Me | null>(null)
export const sessionEnded = ref(false)
let known = false
/** Who was signed in on this device last: without a network their pages open all the same. */
const KEPT = 'shanzhi.me'

function remember(who: Me | null): void {
  try {
    if (who) localStorage.setItem(KEPT, JSON.stringify(who))
    else localStorage.removeItem(KEPT)
  } catch {
    // A browser that keeps nothing needs a network.
  }
}
function remembered(): Me | null {
  try {
    return JSON.parse(localStorage.getItem(KEPT) ?? 'null') as Me | null
  } catch {
    return null
  }
}

export const can = (capability: string) => me.value?.capabilities.includes(capability) ?? false

/** Whether any of the capabilities is held. */
export const canAny = (capabilities: string | readonly string[]) => [capabilities].flat().some(can)

export const postsInWords = computed(() =>
  (me.value?.posts ?? []).map((post) => {
    const kind = side({ zh: post.kind_zh, en: post.kind_en }) || post.kind
    const where = post.unit_name || post.place_name
    return where ? `${kind} · ${where}` : kind
  }),
)

/** The page that this person's posts open on. */
export function home(): string {
  if (can('case.view')) return '/desk'
  if (can('catalogue.manage')) return '/catalogue'
  // Whoever has a post for emergencies begins where their work is, live or not.
  if (canAny(['command.view', 'isolation.manage', 'contact.trace', 'stock.manage'])) return emergencyHome()
  if (can('place.view')) return '/areas'
  if (can('catalogue.view')) return '/catalogue'
  if (canAny(['surge.manage', 'surge.offer'])) return '/surge'
  if (can('retention.view')) return '/retention'
  return '/later'
}

function emergencyHome(): string {
  if (can('duty.log')) return '/duty-log'
  if (can('command.view')) return '/responses'
  if (can('isolation.manage')) return '/care'
  return can('contact.trace') ? '/tracing' : '/stock'
}

/** Load once; a signed-out answer still sets the CSRF cookie that signing in needs. */
export async function loadMe(force = false): Promise<Me | null> {
  if (known && !force) return me.value
  try {
    me.value = await readMe()
    known = true
    remember(me.value)
  } catch (thrown) {
    const error = asApiError(thrown)
    known = error.status === 401 || error.status === 403
    if (known) remember(null)
    me.value = error.status === 0 ? remembered() : null
  }
  return me.value
}

export async function signIn(username: string, password: string): Promise<void> {
  if (!document.cookie.includes('csrftoken=')) await loadMe(true)
  await askSignIn(username, password)
  sessionEnded.value = false
  await loadMe(true)
}

export async function signOut(): Promise<void> {
  await askSignOut().catch(() => null)
  forget()
}

export function forget(): void {
  me.value = null
  known = true
  remember(null)
}
