/**
 * What a tab remembers from page to page. Storage may be forbidden or full: the chat then works
 * all the same, and only forgets.
 */

export interface Remembered {
  /** The panel is open. */
  open?: boolean
  /** What stands in the input. */
  draft?: string
  /** A message that was sent and not yet known to be accepted. */
  pending?: { id: string; text: string }
  /** A reply was running when the page was left. */
  running?: boolean
}

export class Memory {
  private values: Remembered = {}

  constructor(private readonly key: string) {
    try {
      const stored: unknown = JSON.parse(sessionStorage.getItem(key) ?? "{}")
      if (stored && typeof stored === "object") this.values = stored
    } catch {
      // nothing is remembered
    }
  }

  get<K extends keyof Remembered>(name: K): Remembered[K] {
    return this.values[name]
  }

  set<K extends keyof Remembered>(name: K, value: Remembered[K]): void {
    if (value) this.values[name] = value
    else delete this.values[name]
    try {
      sessionStorage.setItem(this.key, JSON.stringify(this.values))
    } catch {
      // it lives as long as the page
    }
  }
}
