/** The doors of whoever is signed in, and the visits on their way. Works without a network. */
import { computed, ref, shallowRef } from 'vue'
import { readMyDoors } from '@/shared/api-sweeps'
import { asApiError } from '@/shared/errors'
import { listen } from '@/shared/live'
import { keepShell } from '@/shared/offline'
import type { MyDoor, MyList, MyLists, VisitBody } from '@/shared/types-sweeps'
import { VisitQueue, doorKey, isAway } from '@/shared/visits'
import type { Kept } from '@/shared/visits'
import { me } from './session'

const RETRY_SECONDS = 20
export const lists = shallowRef<MyLists | null>(null)
export const offline = ref(false)
export const failed = ref<string>('')
/** Changes whenever the queue does. */
const turn = ref(0)
/** What was said of a door here: the server folds visits a moment later than it stores them. */
const said = shallowRef(new Map<string, string>())
let queue: VisitQueue | null = null
let owner = ''

function mine(): VisitQueue {
  const name = me.value?.username ?? ''
  if (!queue || owner !== name) {
    owner = name
    queue = new VisitQueue(localStorage, name)
  }
  return queue
}
/** What the device knows before the server is asked. */
function begin(): void {
  lists.value = mine().lists()
  said.value = sayings()
  turn.value += 1
}
const sayings = () =>
  new Map(mine().waiting().map((one) => [`${one.body.turn}/${doorKey(one.body)}`, one.body.result]))

export const kept = computed<Kept[]>(() => {
  void turn.value
  void me.value
  return mine().kept()
})
export const waitingCount = computed(() => kept.value.filter((one) => !one.refusal).length)
export const refusedVisits = computed(() => kept.value.filter((one) => one.refusal))

const key = (list: MyList, door: MyDoor) => `${list.turn}/${doorKey(door)}`
/** What is known of a door: what was said here, else what the server says. */
export function resultOf(list: MyList, door: MyDoor): string {
  return said.value.get(key(list, door)) ?? door.result
}
export const isWaiting = (door: MyDoor) =>
  kept.value.some((one) => !one.refusal && doorKey(one.body) === doorKey(door))

const SETTLED = new Set(['visited', 'refused', 'vacant', 'help', 'wrong'])
export const isSettled = (list: MyList, door: MyDoor) => SETTLED.has(resultOf(list, door))

export async function flush(): Promise<void> {
  try {
    await mine().flush()
    offline.value = false
    failed.value = ''
  } catch (thrown) {
    offline.value = isAway(thrown)
    if (!offline.value) failed.value = asApiError(thrown).sentence()
  }
  turn.value += 1
}

export async function refresh(): Promise<void> {
  await flush()
  try {
    const found = await readMyDoors()
    lists.value = found
    mine().keepLists(found)
    offline.value = false
    failed.value = ''
    // What the server has by now speaks for itself; what waits here still holds.
    said.value = sayings()
  } catch (thrown) {
    offline.value = isAway(thrown)
    if (!offline.value) failed.value = asApiError(thrown).sentence()
    if (!lists.value) lists.value = mine().lists()
  }
}

export async function visit(
  list: MyList,
  door: MyDoor,
  more: Omit<VisitBody, 'id' | 'area' | 'piece' | 'door' | 'turn' | 'happened_at'>,
): Promise<void> {
  mine().add(door, list.turn, more)
  said.value = new Map([...said.value, [key(list, door), more.result]])
  turn.value += 1
  void flush()
}

export function forget(one: Kept): void {
  mine().drop(one.body.id)
  turn.value += 1
}

/** Everything that waits, as a file: for when the device has to be handed in before there is a network. */
export function waitingAsFile(): string {
  const text = JSON.stringify(kept.value.map((one) => one.body), null, 1)
  return URL.createObjectURL(new Blob([text], { type: 'application/json' }))
}

/** Keep list and queue fresh until the returned function is called. */
export function watchDoors(): () => void {
  begin()
  const deaf = listen({ onNews: refresh })
  const again = () => void (waitingCount.value ? refresh() : undefined)
  const timer = setInterval(again, RETRY_SECONDS * 1000)
  window.addEventListener('online', again)
  window.addEventListener('focus', again)
  void refresh()
  void navigator.storage?.persist?.().catch(() => false)
  void keepShell()
  return () => {
    deaf()
    clearInterval(timer)
    window.removeEventListener('online', again)
    window.removeEventListener('focus', again)
  }
}
