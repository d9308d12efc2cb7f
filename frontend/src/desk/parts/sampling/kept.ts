/** The last answers of a point, kept for the time without a network. No names are in them. */
import { me } from '../../session'

const key = (name: string) => `shanzhi.sampling.${name}.${me.value?.username ?? ''}`

export function kept<T>(name: string): T | null {
  try {
    return JSON.parse(localStorage.getItem(key(name)) ?? 'null') as T | null
  } catch {
    return null
  }
}

export function keep(name: string, value: unknown): void {
  try {
    localStorage.setItem(key(name), JSON.stringify(value))
  } catch {
    // Without room it works while there is a network.
  }
}
