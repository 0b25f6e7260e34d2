/**
 * What a tab remembers from page to page. Storage may be forbidden or full: the chat then works
 * all the same, and only forgets.
 */

export interface Remembered {
  /** The window is open. */
  open?: boolean
  /** The window is a side panel. */
  wide?: boolean
  /** What stands in the input. */
  draft?: string
  /** A message that was sent and is not known to be accepted. */
  pending?: { id: string; text: string }
  /** A reply was running when the page was left. */
  running?: boolean
  /** A person of the site was asked for, or answers. */
  person?: "waiting" | "joined"
  /** The visitor left how to be reached, or does not want to. */
  contacted?: boolean
  /** Messages that came while the window was closed. */
  unread?: number
  /** The next message begins a conversation. */
  fresh?: boolean
  /** The conversation that the visitor chose from the list. */
  conversation?: string
}

export interface Memory {
  readonly values: Readonly<Remembered>
  set(values: { [K in keyof Remembered]: Remembered[K] | undefined }): void
}

export function createMemory(key: string): Memory {
  const values: Remembered = {}
  try {
    const stored: unknown = JSON.parse(sessionStorage.getItem(key) ?? "{}")
    if (typeof stored === "object") Object.assign(values, stored)
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
