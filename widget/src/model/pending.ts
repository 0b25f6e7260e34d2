/** The message that was sent, but not confirmed by the server yet. It is kept from page to page. */

import type { Memory } from "../shared/tab-storage"
import { uuid } from "../shared/uuid"
import type { Outgoing } from "../transport/follow"
import type { ChatMessage } from "./message"
import type { Screen } from "./view-types"

export interface Pending {
  /**
   * Stores a message before it is sent, and returns what to send. If the same text is sent again before it
   * was confirmed, it gets the same id.
   */
  begin(text: string, replaces?: string): Outgoing
  /** Call this when the server has confirmed the message. Its conversation is then the current one. */
  accepted(): void
  /** Call this when the server refuses the message. */
  forget(): void
  /** Puts the unconfirmed message back into the input. If `messages` contains it, forgets it instead. */
  restore(messages: readonly ChatMessage[]): void
}

export function createPending(memory: Memory, screen: Screen): Pending {
  const forget = (): void => memory.set({ pending: undefined })
  return {
    forget,
    begin(text, replaces) {
      const { pending, fresh, conversation } = memory.values
      const id = pending?.text === text ? pending.id : uuid()
      memory.set({ pending: { id, text } })
      return {
        id,
        message: text,
        ...((fresh || conversation) && { conversation: fresh ? "new" : conversation }),
        ...(replaces && { replaces }),
      }
    },
    accepted: () => memory.set({ pending: undefined, fresh: undefined, conversation: undefined }),
    restore(messages) {
      const { pending } = memory.values
      if (!pending) return
      if (messages.some(({ id }) => id === pending.id)) forget()
      else screen.restoreText(pending.text)
    },
  }
}
