/** The interface of the view for the conversation. */

import type { TextName } from "../i18n/text-names"
import type { Services } from "../shared/http-types"
import type { ChatMessage } from "./message"

/** A text besides the messages, such as an error. */
export interface Notice {
  text: string
  /** The time at which the notice ends (`Date.now()`). Until then, nothing can be sent. */
  until?: number | undefined
  retry?: (() => void) | undefined
  /** Whether it is not an error. */
  mild?: boolean
}

export interface Screen {
  /** Shows these messages and no others. */
  show(messages: readonly ChatMessage[]): void
  /** Shows the greeting and the suggestions before the first message. */
  start(greeting: string, suggestions: readonly string[]): void
  /** Shows what the site offers besides the assistant. */
  services(services: Services): void
  /** Whether there are messages before those that are shown. */
  setEarlier(earlier: boolean): void
  setRunning(running: boolean): void
  setLoading(loading: boolean): void
  /** Shows a notice instead of the current one, or none. */
  notice(notice?: Notice): void
  /** Announces a text to screen readers. */
  announce(name: TextName): void
  /** Puts text that was not accepted back into the input. */
  restoreText(text: string): void
  /** Removes a text that was sent from the input. */
  sent(text: string): void
  /** Scrolls a question that was just sent to the top. */
  follow(question: ChatMessage): void
  /** Call this when a reply has ended, or a message of a person has arrived. */
  arrived(answer: ChatMessage): void
}
