/**
 * The state that a tab keeps from page to page. If the browser can't store it, the tab loses it at the end
 * of the page.
 */

export interface Remembered {
  /** Whether the window is open. */
  open?: boolean
  /** Whether the window is a side panel. */
  wide?: boolean
  /** The text in the input. */
  draft?: string
  /** A message that was sent but not confirmed by the server. */
  pending?: { id: string; text: string }
  /** Whether a reply is running in this tab, or was running when the last page was left. */
  running?: boolean
  /** The state of the person of the site, if the visitor has asked for one. */
  person?: "waiting" | "joined"
  /** Whether the visitor has sent or closed the contact form. */
  contacted?: boolean
  /** The number of messages that arrived while the window was closed. */
  unread?: number
  /** Whether the next message starts a new conversation. */
  fresh?: boolean
  /** The id of the conversation that the visitor chose from the list. */
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
    // there is nothing to restore
  }
  return {
    values,
    set(changes) {
      Object.assign(values, changes)
      try {
        sessionStorage.setItem(key, JSON.stringify(values))
      } catch {
        // the values are kept only on this page
      }
    },
  }
}
