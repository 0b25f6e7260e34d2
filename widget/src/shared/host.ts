/** What the launcher and the panel know of each other. */

import type { ChatErrorDetail, Status } from "./contract"
import type { CreateExtras } from "./extras"
import type { Memory } from "./memory"

/** The events that `<site-chat>` dispatches; all of them bubble. */
export interface SiteChatEvents {
  "site-chat:open": CustomEvent<null>
  "site-chat:close": CustomEvent<null>
  "site-chat:message": CustomEvent<{ id: string; text: string }>
  "site-chat:reply": CustomEvent<{ id: string; text: string; status: Status }>
  "site-chat:rating": CustomEvent<{ id: string; rating: number; comment: string }>
  "site-chat:unread": CustomEvent<{ count: number }>
  "site-chat:clear": CustomEvent<null>
  "site-chat:error": CustomEvent<ChatErrorDetail>
}

/** Tells the page. */
export type Emit = <K extends keyof SiteChatEvents>(name: K, detail: SiteChatEvents[K]["detail"]) => void

/** The element that shows a chat. */
export interface Host extends HTMLElement {
  /** Makes every request, as `fetch` does. */
  request(url: string, init: RequestInit): Promise<Response>
}

/** The launcher, as the panel sees it. */
export interface Launcher {
  /** Which chat of the page it is, for other tabs. */
  readonly place: string
  /** Holds all that the chat shows; it moves with the page's body. */
  readonly root: HTMLElement
  readonly inline: boolean
  /** The texts of the page's language, by name. */
  readonly words: Record<string, unknown>
  readonly memory: Memory
  readonly emit: Emit
  /** Fetches the script of a part, once. */
  load<P extends Part>(part: P): Promise<Parts[P]>
  /** The element that shows the chat now. */
  host(): Host
  attribute(name: string): string | null
  /** Shows how many messages wait to be read. */
  setUnread(count: number): void
  /** The panel was opened or closed. */
  setOpened(opened: boolean): void
}

/** The panel, as the launcher sees it. */
export interface Panel {
  open(focus: boolean): void
  close(): void
  ask(text: string): Promise<void>
  prefill(text: string): void
  focus(): void
  /** The chat moved to another element; it had the focus, or not. */
  moved(hadFocus: boolean): void
  /** Its element left the page, and no other came. */
  left(): void
  /** An attribute of the element changed. */
  changed(name: string): void
}

export type CreatePanel = (launcher: Launcher) => Panel

/** The scripts that the launcher fetches, and what each of them makes. */
export interface Parts {
  panel: CreatePanel
  extras: CreateExtras
}

export type Part = keyof Parts

/** Where the window fills the screen. */
export const PHONE = "(max-width: 30rem), (max-height: 25rem)"
