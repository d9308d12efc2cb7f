import { expect, test } from 'vitest'
import { createMemoryHistory, createRouter } from 'vue-router'
import { keepHeading } from '@/desk/heading'

test('a late answer takes nobody back who is on the way elsewhere', async () => {
  const page = { render: () => null }
  let fetched: (found: typeof page) => void = () => undefined
  const fetching = new Promise<typeof page>((done) => (fetched = done))
  const router = createRouter({
    history: createMemoryHistory(),
    routes: [
      { path: '/near', component: page },
      { path: '/far', component: () => fetching },
      { path: '/lost', component: () => Promise.reject(new Error('no network')) },
    ],
  })
  keepHeading(router)
  await router.push('/near')
  await router.replace({ path: '/near', query: { queue: 'mine' } })
  expect(router.currentRoute.value.fullPath).toBe('/near?queue=mine')

  const going = router.push('/far')
  await router.replace({ path: '/near', query: { queue: 'all' } })
  fetched(page)
  await going
  expect(router.currentRoute.value.fullPath).toBe('/far')

  // A page that could not be fetched is no longer headed for.
  await router.push('/lost').catch(() => null)
  await router.replace({ path: '/far', query: { q: '1' } })
  expect(router.currentRoute.value.fullPath).toBe('/far?q=1')
})
