/** Loads the messages before those that are shown, on demand. */

import type { History } from "../shared/http-types"
import type { Client } from "../transport/client"
import type { ReplyEnd } from "./reply-end"
import type { Screen } from "./view-types"

export interface Earlier {
  /** Sets the server's cursor for messages before the first one that is shown; null if there are none. */
  set(cursor: string | null | undefined): void
  /** Loads and shows earlier messages of a conversation, if there are any; by default of the current one. */
  load(conversation: string | undefined): Promise<void>
}

/** `showBefore` shows the loaded messages before those that are already shown. */
export function createEarlier(
  client: Client,
  screen: Screen,
  report: ReplyEnd["report"],
  showBefore: (history: History) => void,
): Earlier {
  let nextCursor: string | null = null
  const earlier: Earlier = {
    set(cursor) {
      nextCursor = cursor ?? null
      screen.setEarlier(!!nextCursor)
    },
    async load(conversation) {
      const cursor = nextCursor
      if (!cursor) return
      try {
        const history = await client.history(conversation, cursor)
        // meanwhile, another conversation may be shown
        if (nextCursor !== cursor) return
        showBefore(history)
        earlier.set(history.before)
      } catch (error) {
        if (nextCursor === cursor) report(error, "unloaded", () => void earlier.load(conversation))
      }
    },
  }
  return earlier
}
