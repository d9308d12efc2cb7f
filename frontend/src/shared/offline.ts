/** Keeps the shell of the page on the device, so that it opens where there is no network. */
const KEPT = 'shanzhi-shell'
const MOST = 150

/** Register the worker and keep what this page has loaded so far. Quietly does nothing where it cannot. */
export async function keepShell(): Promise<void> {
  if (!('serviceWorker' in navigator) || !('caches' in window)) return
  try {
    await navigator.serviceWorker.register('/sw.js')
    const shelf = await caches.open(KEPT)
    const loaded = performance
      .getEntriesByType('resource')
      .map((one) => new URL(one.name))
      .filter((url) => url.origin === location.origin && url.pathname.startsWith('/static-app/'))
      .map((url) => url.pathname)
    const now = new Set(['/', ...loaded])
    const known = (await shelf.keys()).map((one) => new URL(one.url).pathname)
    await Promise.all([...now].filter((path) => path === '/' || !known.includes(path)).map((path) => shelf.add(path)))
    // What an earlier version of the program left behind goes when it becomes much.
    if (known.length > MOST) await Promise.all(known.filter((path) => !now.has(path)).map((path) => shelf.delete(path)))
  } catch {
    // Without a network, or in a browser that forbids it: the page works as it is.
  }
}
