/** What the contract's HTTP carries, and what the element tells the page. */

export type Status =
  | "running"
  | "complete"
  | "truncated"
  | "stopped"
  | "refused"
  | "failed"
  | "interrupted"

export interface Source {
  n: number
  title: string
  url: string
}

export interface Citation {
  /** The text up to here, in code points, rests on source `n`. */
  at: number
  n: number
}

export interface Message {
  id: string
  role: "user" | "assistant"
  text: string
  status: Status
  created?: string
  sources: Source[]
  citations: Citation[]
  rating: number
}

export interface History {
  conversation: string | null
  messages: Message[]
  running: string | null
  greeting: string
  suggestions: string[]
  limits: Limit[]
}

/** What the visitor has left of a limit. */
export interface Limit {
  left: number
  /** Seconds. */
  resets_in: number
}

/** An error of the contract, in a response or in a stream. */
export interface ChatErrorDetail {
  error: string
  message: string
  retryable?: boolean
  /** Seconds. */
  retry_after?: number
  ref?: string
  reply?: string
  limit?: number
}

/** What polling gets instead of a stream. */
export interface Polled {
  text: string
  at: number
  status: Status
  sources?: Source[]
  citations?: Citation[]
  error?: ChatErrorDetail
}

/** An event of a stream; a program ignores the keys that it does not know. */
export interface StreamEvent {
  reply?: string
  message?: string
  t?: string
  status?: string
  text?: string
  source?: Source
  cite?: Citation
  error?: string
  retryable?: boolean
  retry_after?: number
  ref?: string
  done?: Status
}

/** The events that `<site-chat>` dispatches; all of them bubble. */
export interface SiteChatEvents {
  "site-chat:open": CustomEvent<null>
  "site-chat:close": CustomEvent<null>
  "site-chat:message": CustomEvent<{ id: string; text: string }>
  "site-chat:reply": CustomEvent<{ id: string; text: string; status: Status }>
  "site-chat:rating": CustomEvent<{ id: string; rating: number; comment: string }>
  "site-chat:clear": CustomEvent<null>
  "site-chat:error": CustomEvent<ChatErrorDetail>
}

/** What the chat needs of the element that shows it. */
export interface Host extends HTMLElement {
  request(url: string, init: RequestInit): Promise<Response>
}

/** Tells the page. */
export type Emit = <K extends keyof SiteChatEvents>(name: K, detail: SiteChatEvents[K]["detail"]) => void
