/** The one health report that waits on the phone until the server has it. It holds no name. */
import type { Store } from './drafts'
import type { CareReport } from './types-care'

export class CareQueue {
  private readonly key: string

  constructor(
    private readonly store: Store,
    number: string,
  ) {
    this.key = `shanzhi.care.${number}`
  }

  /** What waits, as it was first written: the same id again is the same report. */
  waiting(): CareReport | null {
    try {
      const found = JSON.parse(this.store.getItem(this.key) ?? 'null') as CareReport | null
      return found && typeof found.id === 'string' ? found : null
    } catch {
      return null
    }
  }

  put(report: CareReport): void {
    this.store.setItem(this.key, JSON.stringify(report))
  }

  done(): void {
    this.store.removeItem(this.key)
  }
}
