/** Where somebody is on the way to wins over what a page writes into its own address. */
import { onBeforeUnmount } from 'vue'
import { isNavigationFailure, NavigationFailureType, useRouter } from 'vue-router'
import type { RouteLocationRaw, Router } from 'vue-router'

/** A page `replace`s its address when an answer comes: which queue it shows, which response is the only one. Whoever
 * has set off for another page meanwhile, which may have to be fetched first, is not taken back. To be called before
 * other guards are added. */
export function keepHeading(router: Router): void {
  let heading: string | null = null
  router.beforeEach((to) => {
    heading = to.path
  })
  router.afterEach((_to, _from, failure) => {
    // One that was given up for another has left the other's path here.
    if (!isNavigationFailure(failure, NavigationFailureType.cancelled)) heading = null
  })
  router.onError(() => {
    heading = null
  })
  const { push, replace } = router
  router.push = (to) => {
    // At once: guards are asked a moment later.
    heading = router.resolve(to).path
    return push(to)
  }
  router.replace = (to) => {
    const isLate = heading !== null && heading !== router.currentRoute.value.path
    return isLate ? Promise.resolve() : replace(to)
  }
}

/** `replace` of a page that asks first: once it is left it writes no more. */
export function useReplace(): (to: RouteLocationRaw) => Promise<unknown> {
  const router = useRouter()
  let left = false
  onBeforeUnmount(() => {
    left = true
  })
  return (to) => (left ? Promise.resolve() : router.replace(to))
}
