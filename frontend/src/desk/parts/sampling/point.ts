/** The state of one point on a phone: what the server says, with what still waits here counted in. */
import { computed, onUnmounted, ref, shallowRef } from 'vue'
import { readWorkPoint } from '@/shared/api-sampling'
import { listen } from '@/shared/live'
import { SampleQueue } from '@/shared/samples'
import type { Sample, WorkPoint, WorkPointPage, WorkTube } from '@/shared/types-sampling'
import { me } from '../../session'
import { keep, kept } from './kept'

const RETRY_SECONDS = 10

/** Tubes as they are when everything that waits has been taken. */
export function tubesWith(page: WorkPointPage | null, waiting: Sample[]): WorkTube[] {
  const found = new Map((page?.tubes ?? []).map((one) => [one.id, { ...one }]))
  for (const one of waiting) {
    if (one.what === 'tube' && !found.has(one.id)) {
      found.set(one.id, {
        id: one.id,
        barcode: one.barcode ?? '',
        pooling: one.pooling ?? '',
        table: one.table ?? 0,
        capacity: page?.poolings.find((way) => way.code === one.pooling)?.size ?? 1,
        filled: 0,
        state: 'open',
        opened_at: one.happened_at,
      })
    }
    const tube = found.get(one.tube ?? '')
    if (tube && one.what === 'check_in') tube.filled += one.people ?? 0
    if (tube && one.what === 'close') tube.state = 'closed'
    if (one.what === 'box') for (const gone of one.tubes ?? []) found.delete(gone)
  }
  return [...found.values()]
}

export function usePoint(point: WorkPoint) {
  const name = `point.${point.id}`
  const page = shallowRef<WorkPointPage | null>(kept<WorkPointPage>(name))
  const queue = new SampleQueue(localStorage, me.value?.username ?? '')
  const turn = ref(0)
  const offline = ref(false)
  const waiting = computed(() => (void turn.value, queue.waiting().filter((one) => one.point === point.id)))
  const refused = computed(() => (void turn.value, queue.refused().filter((one) => one.sample.point === point.id)))
  const tubes = computed(() => tubesWith(page.value, waiting.value))

  async function refresh(): Promise<void> {
    try {
      await queue.flush()
      page.value = await readWorkPoint(point.area, point.id)
      keep(name, page.value)
      offline.value = false
    } catch {
      // Not now: it waits on the device.
      offline.value = true
    }
    turn.value += 1
  }
  function add(given: Omit<Sample, 'id' | 'happened_at' | 'area' | 'point'>): Sample {
    const made = queue.add({ ...given, area: point.area, point: point.id })
    turn.value += 1
    void refresh()
    return made
  }
  function dismiss(id: string): void {
    queue.dismiss(id)
    turn.value += 1
  }
  const again = () => void refresh()
  const deaf = listen({ onNews: refresh })
  const timer = setInterval(again, RETRY_SECONDS * 1000)
  window.addEventListener('online', again)
  window.addEventListener('focus', again)
  again()
  onUnmounted(() => {
    deaf()
    clearInterval(timer)
    window.removeEventListener('online', again)
    window.removeEventListener('focus', again)
  })
  return { page, tubes, waiting, refused, offline, add, dismiss }
}
