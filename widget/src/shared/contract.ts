/** What the contract's HTTP carries. */

export type Status = "running" | "complete" | "truncated" | "stopped" | "refused" | "failed" | "interrupted"

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
  /** An agent is a person of the site. */
  role: "user" | "assistant" | "agent"
  /** Of an agent. */
  name?: string | null
  text: string
  status: Status
  created?: string
  sources: Source[]
  citations: Citation[]
  rating: number
  /** Asked again in other words: no longer part of what Claude gets. */
  replaced?: boolean
  suggestions?: string[]
  error?: ChatErrorDetail | null
  confirm?: Confirmation | null
  offer?: Offer | null
}

/** A question that must be answered before a tool runs. */
export interface Confirmation {
  id: string
  text: string
}

/** What an answer that could not help leads to. */
export type Offer = "person" | "contact"

/** Whether a person of the site answers. */
export interface Person {
  available: boolean
  state: "none" | "waiting" | "joined" | "closed"
  name: string | null
  typing?: boolean
}

export type ContactField = "email" | "name" | "phone" | "message"

/** The form in which visitors leave how to reach them. */
export interface ContactForm {
  fields: ContactField[]
  required: ContactField[]
  /** What the visitor has to agree to; may be empty. */
  consent?: string | null
  /** It is filled in before the first message. */
  before?: boolean
}

/** A text that the visitor has to accept before the first message. */
export interface Consent {
  required: boolean
  given: boolean
  text: string
}

/** What there is besides the assistant; a server may know nothing of it. */
export interface Services {
  person?: Person | null
  contact?: ContactForm | null
  consent?: Consent | null
  privacy_url?: string | null
}

/** What happened in a conversation since a cursor. */
export interface Updates {
  cursor?: string | number
  messages?: Message[]
  person?: Person
}

/** What the visitor has left of a limit. */
export interface Limit {
  left: number
  /** Seconds. */
  resets_in: number
}

export interface History extends Services {
  conversation: string | null
  messages: Message[]
  /** A cursor for earlier messages, if there are some. */
  before?: string | null
  running: string | null
  greeting: string
  suggestions: string[]
  limits: Limit[]
}

/** A conversation in the list of the visitor's own. */
export interface Past {
  id: string
  title: string
  updated: string
  messages: number
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
  /** What is wrong with each field of a form. */
  fields?: Record<string, string>
}

/** What polling gets instead of a stream. */
export interface Polled {
  text: string
  at: number
  status: Status
  sources?: Source[]
  citations?: Citation[]
  suggestions?: string[]
  error?: ChatErrorDetail
  confirm?: Confirmation | null
  offer?: Offer | null
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
  suggestions?: string[]
  confirm?: Confirmation
  offer?: Offer
  error?: string
  retryable?: boolean
  retry_after?: number
  ref?: string
  /** "person": no reply, a person of the site answers. */
  done?: Status | "person"
}
