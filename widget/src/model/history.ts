/** Merges messages of the server with the messages that are shown. No DOM and no network. */

import type { Message } from "../shared/http-types"
import { type ChatMessage, createMessage } from "./message"

/**
 * Returns the server's messages, without those that the visitor has replaced. If the text, status, rating and
 * confirmation of a message are the same as in `known`, returns the object in `known`, else a new one.
 */
export function reuseMessages(received: readonly Message[], known: readonly ChatMessage[]): ChatMessage[] {
  return received
    .filter(({ replaced }) => !replaced)
    .map((message) => {
      const shown = known.find((other) => isSame(other, message))
      const isUnchanged =
        shown?.text === message.text &&
        shown.status === message.status &&
        shown.rating === message.rating &&
        shown.confirm?.id === message.confirm?.id
      return isUnchanged ? shown : createMessage({ ...message })
    })
}

/** Returns the messages that are not among `others`. */
export function without(messages: readonly ChatMessage[], others: readonly ChatMessage[]): ChatMessage[] {
  return messages.filter((message) => !others.some((other) => isSame(other, message)))
}

/** Returns new messages of people, marked as new, and whether there are other new messages. */
export function newMessages(
  received: readonly Message[],
  known: readonly ChatMessage[],
): { fromAgents: ChatMessage[]; hasMore: boolean } {
  const added = without(reuseMessages(received, known), known)
  const fromAgents = added.filter(({ role }) => role === "agent")
  for (const message of fromAgents) message.isNew = true
  return { fromAgents, hasMore: added.length > fromAgents.length }
}

/** Returns the messages before the message with this id; all messages if it is not among them. */
export function messagesBefore(messages: readonly ChatMessage[], id: string): readonly ChatMessage[] {
  const index = messages.findIndex((message) => message.id === id)
  return index < 0 ? messages : messages.slice(0, index)
}

function isSame(one: Message, other: Message): boolean {
  return one.id === other.id && one.role === other.role
}
