/** The interfaces between the panel and the extras. */

import type { Strings } from "../i18n/text-names"
import type { ReadEvents } from "../transport/events"
import type { Call } from "../transport/http"
import type { Confirmation, Message, Offer, Person, Services } from "./http-types"
import type { Memory } from "./tab-storage"

/** The interface of the panel for the extras. */
export interface Surface {
  readonly strings: Strings
  readonly memory: Memory
  readonly call: Call
  readonly readEvents: ReadEvents
  /** The element with the conversation, and with what covers it. */
  readonly body: HTMLElement
  /** The element above the conversation. */
  readonly top: HTMLElement
  /** The element after the last message. */
  readonly end: HTMLElement
  /** Returns the address of the privacy notice. */
  privacy(): string | null
  /** Whether the conversation has no messages. */
  isEmpty(): boolean
  /** Returns the id of the conversation, if the visitor chose it from the list. */
  conversation(): string | undefined
  /** Announces a text to screen readers. */
  announce(text: string): void
  /** Shows an error. */
  report(problem: unknown): void
  /** Hides the input while the visitor must first answer a card. */
  setClosed(closed: boolean): void
  /** Sets the state of the person. It decides who answers and what is offered. */
  setPerson(person: Person): void
  /** Adds the messages of an update. */
  receive(messages: readonly Message[]): void
  /** Loads and shows the conversation again. */
  refresh(): Promise<void>
  /** Returns the id of the conversation that is shown, if it is known. */
  current(): string | null
  /** Shows another conversation of the visitor. */
  open(id: string): void
  /** Shows an empty conversation, because the current one will be deleted. */
  leave(): void
  /** Shows the conversation again, because its deletion was undone. */
  undoLeave(id: string): void
  /** Call this when a conversation was deleted. */
  conversationDeleted(id: string): void
  /** Focuses the button of the list of conversations. */
  focusListButton(): void
  /** Shows a notice that the conversations could not be loaded. */
  reportUnloaded(retry: () => void): void
  /** Scrolls to a card. */
  reveal(card: HTMLElement): void
  /** Focuses the input. */
  focus(): void
}

/** The interface of the extras for the panel. */
export interface Extras {
  readonly sheet: CSSStyleSheet
  /** Sets what the server offers. */
  update(services: Services): void
  /** Shows the ways to reach people, in a menu below `button`. */
  help(button: HTMLElement): void
  /** Asks for a person, or opens the contact form and focuses it if `focus`. */
  reach(offer: Offer, focus: boolean): void
  /** Returns a card that asks whether a tool may run. */
  confirm(confirmation: Confirmation, decide: (approve: boolean) => void): HTMLElement
  /** Shows the list of the visitor's conversations. */
  showConversations(): void
  hideConversations(): void
  /** Closes all connections. */
  suspend(): void
}

export type CreateExtras = (surface: Surface) => Extras
