/** The interface of the conversation for the view. */

import type { Message } from "../shared/http-types"
import type { ChatMessage } from "./message"

export interface Conversation {
  /** Loads the history, once. */
  load(): Promise<void>
  /** Loads and shows the history again, unless a reply is running here. */
  refresh(): Promise<void>
  /** Shows the messages before those that are shown. */
  earlier(): Promise<void>
  /** Sends a message. It replaces the message with the id `replaces`, and all after it. */
  send(text: string, replaces?: string): Promise<void>
  /** Decides whether the tool of an answer may run. */
  decide(answer: ChatMessage, approve: boolean): Promise<void>
  stop(): void
  /** Follows a lost reply again, or asks its question again. */
  retry(answer: ChatMessage): Promise<void>
  /** Asks the question of an answer again. */
  askAgain(answer: ChatMessage): Promise<void>
  rate(answer: ChatMessage, rating: number, comment: string): Promise<boolean>
  /** Shows the error of another part. */
  report(problem: unknown): void
  /** Closes the connection of the running reply, which continues on the server. */
  suspend(): void
  /** The id of the conversation that is shown; null for a new one. */
  current(): string | null
  /** Whether it has no messages. */
  isEmpty(): boolean
  /** Shows an empty conversation, which the next message starts. */
  startNew(): void
  /** Shows another conversation of the visitor. */
  open(id: string): Promise<void>
  /** Shows messages from updates. */
  receive(messages: readonly Message[]): void
  /** Call this when a conversation was deleted. */
  conversationDeleted(id: string): void
}
