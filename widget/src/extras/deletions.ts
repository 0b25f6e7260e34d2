/** Deletions of conversations, which wait for second thoughts. */

import type { Call } from "../transport/http"

/** Milliseconds in which a deletion can be taken back. */
export const UNDO_WITHIN = 6000

export interface Deletions {
  isWaiting(id: string): boolean
  /** Deletes a conversation after a while. Returns what takes that back. */
  begin(id: string): () => void
}

/** `removed` is called when the server has deleted it, `failed` when it has not. */
export function createDeletions(
  call: Call,
  removed: (id: string) => void,
  failed: (problem: unknown) => void,
): Deletions {
  const waiting = new Map<string, ReturnType<typeof setTimeout>>()

  function takeBack(id: string): void {
    clearTimeout(waiting.get(id))
    waiting.delete(id)
  }

  async function send(id: string): Promise<void> {
    takeBack(id)
    try {
      await call("", { method: "DELETE", keepalive: true, query: { conversation: id } })
      removed(id)
    } catch (problem) {
      failed(problem)
    }
  }

  // a page that is left asks at once: the browser carries the request on
  addEventListener("pagehide", () => {
    for (const id of waiting.keys()) void send(id)
  })

  return {
    isWaiting: (id) => waiting.has(id),
    begin(id) {
      waiting.set(
        id,
        setTimeout(() => void send(id), UNDO_WITHIN),
      )
      return () => takeBack(id)
    },
  }
}
