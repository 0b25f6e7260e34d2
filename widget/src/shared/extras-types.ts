/** The interfaces between the panel and the extras. */

import type { Strings } from "../i18n/strings"
import type { ReadEvents } from "../transport/events"
import type { Call } from "../transport/http"
import type { Confirmation, Message, Offer, Person, Services } from "./http-types"
import type { Memory } from "./tab-storage"

/** The interface of the panel for the extras. */
export interface PanelForExtras {
  readonly strings: Strings
  readonly memory: Memory
  readonly call: Call
  readonly readEvents: ReadEvents
  /** The element with the conversation. Elements that cover the conversation are added to it. */
  readonly body: HTMLElement
  /** The element above the conversation. */
  readonly top: HTMLElement
  /** The element after the last message. */
  readonly end: HTMLElement
  /** Returns the address of the privacy notice; null if the site has none. */
  privacy(): string | null
  /** Returns whether no messages are shown. */
  isEmpty(): boolean
  /** Returns the id of the conversation if the visitor chose it from the list, else undefined. */
  conversation(): string | undefined
  /** Announces a text to screen readers. */
  announce(text: string): void
  /** Shows an error in a notice, and reports it to the page with an event. */
  report(problem: unknown): void
  /** Hides or shows the input. It is hidden while the visitor must first answer a card. */
  setClosed(closed: boolean): void
  /** Sets the state of the person, and shows who answers and what is offered. */
  setPerson(person: Person): void
  /** Shows the new messages of an update. */
  receive(messages: readonly Message[]): void
  /** Loads and shows the conversation again, unless a reply is running in this tab. */
  refresh(): Promise<void>
  /** Returns the id of the conversation that is shown; null if it was not loaded from the server. */
  current(): string | null
  /** Shows another conversation of the visitor. */
  open(id: string): void
  /** Shows an empty conversation, because the current one will be deleted. */
  leave(): void
  /** Shows the conversation again, because its deletion was undone. */
  undoLeave(id: string): void
  /** Call this when the server has deleted a conversation. */
  conversationDeleted(id: string): void
  /** Focuses the button of the list of conversations. */
  focusListButton(): void
  /** Shows a notice that the conversations could not be loaded. */
  reportUnloaded(retry: () => void): void
  /** Scrolls to a card. */
  reveal(card: HTMLElement): void
  /** Focuses the input; on a phone, and while the input is hidden, the window. */
  focus(): void
}

/** The interface of the extras for the panel. */
export interface Extras {
  readonly sheet: CSSStyleSheet
  /** Sets what the server offers. */
  update(services: Services): void
  /** Shows the ways to reach people in a menu below `button`. A single way is chosen without a menu. */
  help(button: HTMLElement): void
  /**
   * Asks for a person if `offer` is "person" and a person is available. Otherwise opens the contact form, if the
   * site has one, and focuses its first field if `focus`.
   */
  reach(offer: Offer, focus: boolean): void
  /** Returns a card that asks whether a tool may run. */
  confirm(confirmation: Confirmation, decide: (approve: boolean) => void): HTMLElement
  /** Shows the list of the visitor's conversations. */
  showConversations(): void
  hideConversations(): void
  /** Closes the connection for updates. */
  suspend(): void
}

export type CreateExtras = (panel: PanelForExtras) => Extras
