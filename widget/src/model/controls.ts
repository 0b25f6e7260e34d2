/** What those who show the conversation ask of it. */

import type { Message } from "../shared/contract"
import type { ChatMessage } from "./message"

export interface Conversation {
  /** Loads what was said before, once. */
  load(): Promise<void>
  /** Shows what the server has. A reply that is being followed here is left alone. */
  refresh(): Promise<void>
  /** Shows the messages before those that are shown. */
  earlier(): Promise<void>
  /** Sends a message; one with the id `replaces` is asked again by it, and goes. */
  send(text: string, replaces?: string): Promise<void>
  /** Answers the question of an answer whether a tool may run. */
  decide(answer: ChatMessage, approve: boolean): Promise<void>
  stop(): void
  /** Follows a lost answer again, or asks its question again. */
  retry(answer: ChatMessage): Promise<void>
  /** Asks the question of an answer again. */
  askAgain(answer: ChatMessage): Promise<void>
  rate(answer: ChatMessage, rating: number, comment: string): Promise<boolean>
  /** Shows what went wrong elsewhere. */
  report(problem: unknown): void
  /** Lets go of the running reply, which lives on at the server. */
  suspend(): void
  /** The id of the conversation that is shown; null for one that is yet to begin. */
  current(): string | null
  /** Whether nothing has been said in it yet. */
  isEmpty(): boolean
  /** Begins another conversation with the next message. */
  fresh(): void
  /** Shows another conversation of the visitor. */
  open(id: string): Promise<void>
  /** Shows messages that came by themselves. */
  receive(messages: readonly Message[]): void
  /** The conversation of that id was deleted. */
  removed(id: string): void
}
