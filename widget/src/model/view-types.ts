/** The interface of the view for the conversation. */

import type { TextName } from "../i18n/strings"
import type { Services } from "../shared/http-types"
import type { ChatMessage } from "./message"

/** A text besides the messages, such as an error. */
export interface Notice {
  text: string
  /** The time at which the notice ends (`Date.now()`). Until then, nothing can be sent. */
  until?: number | undefined
  retry?: (() => void) | undefined
  /** Whether the notice is not about an error. */
  mild?: boolean
}

export interface Screen {
  /** Shows these messages and no others. */
  show(messages: readonly ChatMessage[]): void
  /** Shows the greeting and the suggestions before the first message. */
  greet(greeting: string, suggestions: readonly string[]): void
  /** Shows what the site offers besides the assistant. */
  showServices(services: Services): void
  /** Sets whether the server has messages before those that are shown. */
  setEarlier(hasEarlier: boolean): void
  /** Sets whether a reply is running. */
  setRunning(running: boolean): void
  /** Sets whether the history is loading. */
  setLoading(loading: boolean): void
  /** Replaces the current notice. Without an argument, removes it. */
  showNotice(notice?: Notice): void
  /** Announces a text to screen readers. */
  announce(name: TextName): void
  /** Puts text that was not accepted back into the input. */
  restoreText(text: string): void
  /** Empties the input if it contains only this text, which was just sent. */
  clearSent(text: string): void
  /** Scrolls a question that was just sent to the top. */
  scrollToQuestion(question: ChatMessage): void
  /** Call this when a reply has ended, or a message of a person has arrived. */
  arrived(message: ChatMessage): void
}
