/* Lets the desk open without a network: the shell and what was loaded of it. Never anything of the API. */
const KEPT = 'shanzhi-shell'

self.addEventListener('install', () => self.skipWaiting())
self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()))

async function fresh(request) {
  const kept = await caches.open(KEPT)
  try {
    const answer = await fetch(request)
    if (answer.ok) await kept.put('/', answer.clone())
    return answer
  } catch (failure) {
    const found = await kept.match('/')
    if (found) return found
    throw failure
  }
}

/* Names under assets/ hold the hash of their content: what is kept is right for ever. */
async function kept(request) {
  const shelf = await caches.open(KEPT)
  const found = await shelf.match(request)
  if (found) return found
  const answer = await fetch(request)
  if (answer.ok) await shelf.put(request, answer.clone())
  return answer
}

self.addEventListener('fetch', (event) => {
  const url = new URL(event.request.url)
  if (event.request.method !== 'GET' || url.origin !== self.location.origin) return
  if (event.request.mode === 'navigate' && url.pathname === '/') event.respondWith(fresh(event.request))
  else if (url.pathname.startsWith('/static-app/')) event.respondWith(kept(event.request))
})
