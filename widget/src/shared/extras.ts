/** What the panel and the extras know of each other. */

import type { Strings } from "../i18n/strings"
import type { ReadEvents } from "../transport/events"
import type { Call } from "../transport/http"
import type { Confirmation, Message, Offer, Person, Services } from "./contract"
import type { Memory } from "./memory"

/** The panel, as the extras see it. */
export interface Surface {
  readonly strings: Strings
  readonly memory: Memory
  readonly call: Call
  readonly readEvents: ReadEvents
  /** Holds the conversation, and what is shown in its place. */
  readonly body: HTMLElement
  /** Stands above the conversation. */
  readonly top: HTMLElement
  /** Stands behind the last message. */
  readonly end: HTMLElement
  /** The address of the privacy notice. */
  privacy(): string | null
  /** Whether nothing has been said yet. */
  isEmpty(): boolean
  /** The conversation that is shown, if the visitor chose it. */
  conversation(): string | undefined
  /** Says something to those who hear the page. */
  say(text: string): void
  /** Shows what went wrong. */
  report(problem: unknown): void
  /** Hides where the visitor writes, as a card has to be answered first. */
  setClosed(closed: boolean): void
  /** Says who answers, and whom one can ask for. */
  setPerson(person: Person): void
  /** Shows messages that came by themselves. */
  receive(messages: readonly Message[]): void
  /** Shows what the server has. */
  refresh(): Promise<void>
  /** The id of the conversation that is shown, if it is known. */
  current(): string | null
  /** Shows another conversation of the visitor. */
  open(id: string): void
  /** The conversation that is shown will be deleted: the next message begins another one. */
  leave(): void
  /** It will not be deleted after all. */
  comeBack(id: string): void
  /** A conversation was deleted. */
  removed(id: string): void
  /** Puts the focus on the button that leads to the conversations. */
  focusPast(): void
  /** Says that the conversations could not be loaded. */
  unloaded(retry: () => void): void
  /** Scrolls to a card. */
  reveal(card: HTMLElement): void
  /** Puts the focus where the visitor writes. */
  focus(): void
}

/** The extras, as the panel sees them. */
export interface Extras {
  readonly sheet: CSSStyleSheet
  /** Follows what the server says there is. */
  update(services: Services): void
  /** Shows the ways to reach people; `button` asked for them. */
  help(button: HTMLElement): void
  /** Asks for a person, or opens the contact form, which takes the focus or not. */
  reach(offer: Offer, focus: boolean): void
  /** Returns a card that asks before a tool runs. */
  confirm(confirmation: Confirmation, decide: (approve: boolean) => void): HTMLElement
  /** Shows the visitor's conversations, in place of the one that is shown. */
  showPast(): void
  hidePast(): void
  /** Lets go of all connections. */
  suspend(): void
}

export type CreateExtras = (surface: Surface) => Extras
