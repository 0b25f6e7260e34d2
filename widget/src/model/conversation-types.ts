/** The interface of the conversation for the view. */

import type { Message } from "../shared/http-types"
import type { ChatMessage } from "./message"

export interface Conversation {
  /** Loads and shows the history. Later calls do nothing, unless the first one has failed. */
  load(): Promise<void>
  /** Loads and shows the history again, unless a reply is running in this tab. */
  refresh(): Promise<void>
  /** Loads and shows the messages before those that are shown, if there are any. */
  earlier(): Promise<void>
  /**
   * Sends a message, and resolves when its reply has ended. Does nothing while a reply is running. With
   * `replaces`, the message replaces the message with this id and all messages after it.
   */
  send(text: string, replaces?: string): Promise<void>
  /**
   * Sends the visitor's decision whether a tool may run, and follows the answer to its end. Does nothing while a
   * reply is running, or if the question is no longer open.
   */
  decide(answer: ChatMessage, approve: boolean): Promise<void>
  /** Stops the running reply. */
  stop(): void
  /**
   * Follows an answer again if its connection was lost. Otherwise asks its question again. Does nothing while a
   * reply is running.
   */
  retry(answer: ChatMessage): Promise<void>
  /** Asks the question of an answer again. Replaces the last question; sends an earlier one as a new message. */
  askAgain(answer: ChatMessage): Promise<void>
  /** Resolves to whether the server has stored the rating. */
  rate(answer: ChatMessage, rating: number, comment: string): Promise<boolean>
  /** Shows an error that occurred outside the conversation, for example in the contact form. */
  report(problem: unknown): void
  /** Closes the connection of the running reply, which continues on the server. */
  suspend(): void
  /** Returns the id of the conversation that is shown; null if it was not loaded from the server. */
  current(): string | null
  /** Returns whether no messages are shown. */
  isEmpty(): boolean
  /** Shows an empty conversation. The server creates it with the next message. */
  startNew(): void
  /** Shows another conversation of the visitor. */
  open(id: string): Promise<void>
  /** Shows new messages of people. If there are other new messages, loads the history again. */
  receive(messages: readonly Message[]): void
  /** Call this when the server has deleted a conversation. */
  conversationDeleted(id: string): void
}
