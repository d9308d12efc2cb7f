/** The elder view (长辈版): larger type and targets; remembered on the device. */
import { ref } from 'vue'

const STORED_AS = 'shanzhi.elder'

function remembered(): boolean {
  try {
    return localStorage.getItem(STORED_AS) === '1'
  } catch {
    return false
  }
}

export const elder = ref(remembered())

export function applyElder(): void {
  document.documentElement.classList.toggle('elder', elder.value)
}

export function setElder(on: boolean): void {
  elder.value = on
  try {
    localStorage.setItem(STORED_AS, on ? '1' : '0')
  } catch {
    // Not remembered then; it still holds for this visit.
  }
  applyElder()
}
