/** The views of the messages. A view is kept while its message is shown. */

import type { ChatMessage } from "../model/message"
import type { Actions } from "./action-types"
import { createMessageView } from "./message"

export interface Messages {
  /** Shows exactly these messages, in this order. */
  show(messages: readonly ChatMessage[]): void
  /** Returns the element of a message. Creates its view if there is none. */
  elementOf(message: ChatMessage): HTMLElement
}

export function createMessages(list: HTMLElement, actions: Actions): Messages {
  const elements = new Map<ChatMessage, HTMLElement>()

  const messages: Messages = {
    elementOf(message) {
      const element = elements.get(message) ?? createMessageView(message, actions).element
      elements.set(message, element)
      return element
    },
    show(wanted) {
      const shown = wanted.map(messages.elementOf)
      for (const [message, element] of elements) {
        if (wanted.includes(message)) continue
        element.remove()
        elements.delete(message)
      }
      shown.forEach((element, index) => {
        if (list.children[index] !== element) list.insertBefore(element, list.children[index] ?? null)
      })
    },
  }
  return messages
}
