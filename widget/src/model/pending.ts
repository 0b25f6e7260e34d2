/** The message that was sent and is not known to be accepted; it outlives its page. */

import type { Memory } from "../shared/memory"
import { uuid } from "../shared/uuid"
import type { Outgoing } from "../transport/follow"
import type { ChatMessage } from "./message"
import type { Screen } from "./screen"

export interface Pending {
  /** Remembers a message that is about to be sent. The same text again is the same message. */
  begin(text: string, replaces?: string): Outgoing
  /** The server has it. */
  accepted(): void
  /** The server does not want it. */
  forget(): void
  /** Gives a message back that was cut off by leaving the page, unless it is among these. */
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
      else screen.giveBack(pending.text)
    },
  }
}
