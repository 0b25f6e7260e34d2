/** The interface of the chat for message views: the actions of messages. */

import type { Strings } from "../i18n/strings"
import type { ChatMessage } from "../model/message"
import type { AnswerOffer } from "../shared/http-types"
import type { Painter } from "./frame-painter"
import type { Tooltip } from "./tooltip"

export interface Actions {
  strings: Strings
  painter: Painter
  tooltip: Tooltip
  /** Returns the name of the assistant. */
  name(): string
  /** Copies a text, and confirms this on `button`. */
  copy(text: string, button: HTMLElement): void
  /** Announces a text to screen readers. */
  announce(text: string): void
  /** Resolves to whether the server has stored the rating. */
  rate(message: ChatMessage, rating: number, comment: string): Promise<boolean>
  retry(message: ChatMessage): void
  askAgain(message: ChatMessage): void
  edit(message: ChatMessage): void
  /**
   * Returns a button that leads to a person or to the contact form; undefined if neither is available now. If
   * Claude has just offered the form (`wanted` is "contact" and `isNew`), opens it and returns undefined.
   */
  createOffer(wanted?: AnswerOffer, isNew?: boolean): HTMLElement | undefined
  /** Returns a card that asks whether a tool may run. */
  createConfirmation(message: ChatMessage): HTMLElement
  /** Asks a follow-up question. */
  ask(question: string): void
}
