/** Deletions of conversations, which can be undone for a few seconds. */

import type { Call } from "../transport/http"

/** Milliseconds in which a deletion can be undone. */
export const UNDO_TIME = 6000

export interface Deletions {
  /** Returns whether the deletion of this conversation can still be undone. */
  isWaiting(id: string): boolean
  /** Deletes a conversation after UNDO_TIME, or when the page is left. Returns a function that cancels this. */
  begin(id: string): () => void
}

/** `removed` is called when the server has deleted a conversation, `failed` if the request has failed. */
export function createDeletions(
  call: Call,
  removed: (id: string) => void,
  failed: (problem: unknown) => void,
): Deletions {
  const waiting = new Map<string, ReturnType<typeof setTimeout>>()

  function cancel(id: string): void {
    clearTimeout(waiting.get(id))
    waiting.delete(id)
  }

  async function send(id: string): Promise<void> {
    cancel(id)
    try {
      await call("", { method: "DELETE", keepalive: true, query: { conversation: id } })
      removed(id)
    } catch (problem) {
      failed(problem)
    }
  }

  // delete when the page is left, because the browser completes keepalive requests
  addEventListener("pagehide", () => {
    for (const id of waiting.keys()) void send(id)
  })

  return {
    isWaiting: (id) => waiting.has(id),
    begin(id) {
      waiting.set(
        id,
        setTimeout(() => void send(id), UNDO_TIME),
      )
      return () => cancel(id)
    },
  }
}
