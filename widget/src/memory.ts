/**
 * What a tab remembers from page to page. Storage may be forbidden or full: the chat then works
 * all the same, and only forgets.
 */

export interface Remembered {
  /** The window is open. */
  open?: boolean
  /** What stands in the input. */
  draft?: string
  /** A message that was sent and is not known to be accepted. */
  pending?: { id: string; text: string }
  /** A reply was running when the page was left. */
  running?: boolean
}

export interface Memory {
  values: Remembered
  set(values: { [K in keyof Remembered]: Remembered[K] | undefined }): void
}

export function createMemory(key: string): Memory {
  let values: Remembered = {}
  try {
    values = JSON.parse(sessionStorage.getItem(key)!) ?? {}
  } catch {
    // nothing is remembered
  }
  return {
    values,
    set(changes) {
      Object.assign(values, changes)
      try {
        sessionStorage.setItem(key, JSON.stringify(values))
      } catch {
        // it lives as long as the page
      }
    },
  }
}
