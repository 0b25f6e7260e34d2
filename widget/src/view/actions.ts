/** What the messages on the screen can do. */

import type { Strings } from "../i18n/strings"
import type { ChatMessage } from "../model/message"
import type { Offer } from "../shared/contract"
import type { Painter } from "./painter"
import type { Tooltip } from "./tooltip"

export interface Actions {
  strings: Strings
  painter: Painter
  tooltip: Tooltip
  /** Who the assistant is. */
  name(): string
  copy(text: string, button: HTMLElement): void
  /** Says something to those who hear the page. */
  say(text: string): void
  /** Resolves to whether the server has it. */
  rate(message: ChatMessage, rating: number, comment: string): Promise<boolean>
  retry(message: ChatMessage): void
  askAgain(message: ChatMessage): void
  edit(message: ChatMessage): void
  /** Returns a button that leads to people, if there are some. A new offer of the form opens it. */
  offer(wanted?: Offer, isNew?: boolean): HTMLElement | undefined
  /** Returns the card with the question whether a tool may run. */
  confirm(message: ChatMessage): HTMLElement
  /** Asks one of the questions that an answer leads to. */
  ask(question: string): void
}
