/** What the desk has loaded: queues with counts, and the pages of one queue. */
import { computed, ref } from 'vue'
import type { Ref } from 'vue'
import { readCases, readQueues } from '@/shared/api'
import { asApiError } from '@/shared/errors'
import type { ApiError } from '@/shared/errors'
import type { CaseRow, Queue } from '@/shared/types'

const PAGE = 20
const MOST_PAGES_REFRESHED = 5

/** Work that waits, else work, else everything that is open. */
export function firstQueue(all: Queue[]): string {
  const work = all.filter((one) => one.work !== false)
  const found = work.find((one) => one.count > 0) ?? work[0] ?? all.find((one) => one.code === 'open')
  return (found ?? all[0]!).code
}

export function useLoading(queue: Ref<string>, search: Ref<string>, place: Ref<string>) {
  const queues = ref<Queue[] | null>(null)
  const rows = ref<CaseRow[] | null>(null)
  const nextCursor = ref('')
  const failed = ref<ApiError | null>(null)
  const loadingMore = ref(false)
  let pages = 1
  let asked = 0

  async function loadQueues(background = false): Promise<void> {
    queues.value = await readQueues(background)
  }

  async function loadRows(background = false): Promise<void> {
    if (!queue.value) return
    const mine = ++asked
    const wanted = { queue: queue.value, q: search.value, place: place.value, limit: PAGE }
    try {
      const found: CaseRow[] = []
      let next = ''
      const most = background ? Math.min(pages, MOST_PAGES_REFRESHED) : 1
      for (let page = 0; page < most; page += 1) {
        const answer = await readCases({ ...wanted, cursor: next }, background)
        if (mine !== asked) return
        found.push(...answer.items)
        next = answer.next_cursor ?? ''
        if (!next) break
      }
      rows.value = found
      nextCursor.value = next
      pages = Math.max(1, Math.ceil(found.length / PAGE))
      failed.value = null
    } catch (thrown) {
      if (mine === asked && !background) failed.value = asApiError(thrown)
    }
  }

  async function loadMore(): Promise<void> {
    if (!nextCursor.value || loadingMore.value) return
    const mine = ++asked
    loadingMore.value = true
    try {
      const answer = await readCases({
        queue: queue.value,
        q: search.value,
        place: place.value,
        limit: PAGE,
        cursor: nextCursor.value,
      })
      if (mine !== asked) return
      const known = new Set((rows.value ?? []).map((row) => row.id))
      rows.value = [...(rows.value ?? []), ...answer.items.filter((row) => !known.has(row.id))]
      nextCursor.value = answer.next_cursor ?? ''
      pages += 1
    } catch (thrown) {
      failed.value = asApiError(thrown)
    } finally {
      loadingMore.value = false
    }
  }

  /** Begin with an empty list: another queue, another search. */
  function loadAnew(): void {
    rows.value = null
    pages = 1
    failed.value = null
    void loadRows()
  }

  const current = computed(() => queues.value?.find((one) => one.code === queue.value) ?? null)
  return { queues, rows, nextCursor, failed, loadingMore, current, loadQueues, loadRows, loadMore, loadAnew }
}
