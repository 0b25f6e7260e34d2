/** What the conversation asks of those who show it. */

import type { Word } from "../i18n/strings"
import type { Services } from "../shared/contract"
import type { ChatMessage } from "./message"

/** Something to say besides messages. */
export interface Notice {
  text: string
  /** When it ends by itself, as `Date.now()` counts; until then nothing can be sent. */
  until?: number | undefined
  retry?: (() => void) | undefined
  /** It is no error. */
  mild?: boolean
}

export interface Screen {
  /** Shows these messages and no others. */
  show(messages: readonly ChatMessage[]): void
  /** What stands before the first message. */
  start(greeting: string, suggestions: readonly string[]): void
  /** What there is besides the assistant. */
  services(services: Services): void
  /** Whether there are messages before those that are shown. */
  setEarlier(earlier: boolean): void
  setRunning(running: boolean): void
  setLoading(loading: boolean): void
  /** Shows a notice in place of another, or none. */
  notice(notice?: Notice): void
  /** Says something to those who hear the page. */
  say(word: Word): void
  /** Puts text that was not accepted back to where it was written. */
  giveBack(text: string): void
  /** The text was sent: it leaves the input. */
  sent(text: string): void
  /** A message was sent: its question goes to the top. */
  follow(question: ChatMessage): void
  /** A reply came to its end. */
  arrived(answer: ChatMessage): void
}
