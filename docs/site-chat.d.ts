/** Types of django-sitechat's `<site-chat>` element, for TypeScript in your own pages. */

export type SiteChatStatus = "complete" | "truncated" | "stopped" | "refused" | "failed" | "interrupted"

export interface SiteChatError {
  /** A code of docs/http.md, or "connection_lost", or "unavailable". */
  error: string
  /** Words for the visitor. */
  message: string
  retryable?: boolean
  /** Seconds. */
  retry_after?: number
  /** Finds the line in the site's log. */
  ref?: string
}

/** What the events carry, by the names that `on` takes. */
export interface SiteChatEventDetails {
  open: null
  close: null
  message: { id: string; text: string }
  reply: { id: string; text: string; status: SiteChatStatus }
  unread: { count: number }
  rating: { id: string; rating: number; comment: string }
  clear: null
  error: SiteChatError
}

export interface SiteChatElement extends HTMLElement {
  /** Opens the window; the focus comes back to `opener` when it is closed. */
  open(opener?: HTMLElement): void
  close(): void
  toggle(): void
  /** Opens the window and sends `text`. While an answer is running it only goes into the input. */
  ask(text: string): Promise<void>
  /** Opens the window with `text` in the input. */
  prefill(text: string): void
  /** Opens the window with the focus in the input. */
  focus(): void
  /** Listens to an event. Returns a function that ends it. */
  on<K extends keyof SiteChatEventDetails>(event: K, listener: (detail: SiteChatEventDetails[K]) => void): () => void
  /** Makes every request, as `fetch` does. */
  request(url: string, init: RequestInit): Promise<Response>
}

declare global {
  interface HTMLElementTagNameMap {
    "site-chat": SiteChatElement
  }
  interface HTMLElementEventMap {
    "site-chat:open": CustomEvent<SiteChatEventDetails["open"]>
    "site-chat:close": CustomEvent<SiteChatEventDetails["close"]>
    "site-chat:message": CustomEvent<SiteChatEventDetails["message"]>
    "site-chat:reply": CustomEvent<SiteChatEventDetails["reply"]>
    "site-chat:unread": CustomEvent<SiteChatEventDetails["unread"]>
    "site-chat:rating": CustomEvent<SiteChatEventDetails["rating"]>
    "site-chat:clear": CustomEvent<SiteChatEventDetails["clear"]>
    "site-chat:error": CustomEvent<SiteChatEventDetails["error"]>
  }
}
