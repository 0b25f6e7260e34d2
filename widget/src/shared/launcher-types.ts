/** The interfaces between the launcher and the panel. */

import type { CreateExtras } from "./extras-types"
import type { ChatErrorDetail, Status } from "./http-types"
import type { Memory } from "./tab-storage"

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

/** Dispatches an event on the element that shows the chat now. */
export type Emit = <K extends keyof SiteChatEvents>(name: K, detail: SiteChatEvents[K]["detail"]) => void

/** The element that shows a chat. */
export interface Host extends HTMLElement {
  /** Makes every request, as `fetch` does. */
  request(url: string, init: RequestInit): Promise<Response>
}

/** The interface of the launcher for the panel. */
export interface Launcher {
  /** Identifies the chat across tabs, by its endpoint and bot. */
  readonly identity: string
  /**
   * The root element of the chat's DOM. If the page replaces its body, this element moves to the `<site-chat>`
   * element of the new body.
   */
  readonly root: HTMLElement
  readonly inline: boolean
  /** The texts of the page's language, by name. */
  readonly texts: Record<string, unknown>
  readonly memory: Memory
  readonly emit: Emit
  /** Loads the script of a part, once. Rejects if it can't be loaded; the next call tries again. */
  load<P extends Part>(part: P): Promise<Parts[P]>
  /** The element that shows the chat now. */
  host(): Host
  attribute(name: string): string | null
  /** Stores and shows the number of unread messages. */
  setUnread(count: number): void
  /** Call this when the panel was opened or closed. */
  setOpened(opened: boolean): void
}

/** The interface of the panel for the launcher. */
export interface Panel {
  /** Opens the window, and takes the focus if `focus`. */
  open(focus: boolean): void
  close(): void
  /** Opens the window and sends `text`. If the text can't be sent now, it stays in the input. */
  ask(text: string): Promise<void>
  /** Opens the window with `text` in the input. */
  prefill(text: string): void
  /** Opens the window with the focus in the input. */
  focus(): void
  /** Call this when the chat has moved to another element. */
  moved(hadFocus: boolean): void
  /** Call this when the element has left the page and no other element has adopted the chat. */
  left(): void
  /** Call this when an attribute of the element has changed. */
  changed(name: string): void
}

export type CreatePanel = (launcher: Launcher) => Panel

/** The scripts that the launcher loads, and the function that each of them registers. */
export interface Parts {
  panel: CreatePanel
  extras: CreateExtras
}

export type Part = keyof Parts

/** The media query for screens that the window fills. */
export const PHONE = "(max-width: 30rem), (max-height: 25rem)"
