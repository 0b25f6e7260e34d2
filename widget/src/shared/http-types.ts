/** The types of the JSON in HTTP calls and event streams. */

export type Status = "running" | "complete" | "truncated" | "stopped" | "refused" | "failed" | "interrupted"

/** A page that an answer cites. */
export interface Source {
  /** Its number in the answer, from 1. */
  n: number
  title: string
  url: string
}

export interface Citation {
  /** An offset in the text, in code points. Source `n` supports the text before it. */
  at: number
  n: number
}

export interface Message {
  id: string
  /** "agent" is a person of the site. */
  role: "user" | "assistant" | "agent"
  /** The name of an agent. */
  name?: string | null
  text: string
  status: Status
  created?: string
  sources: Source[]
  citations: Citation[]
  /** 1, -1, or 0 without a rating. */
  rating: number
  /** Whether an edited message has replaced this message. Replaced messages are not shown and not sent to Claude. */
  replaced?: boolean
  suggestions?: string[]
  error?: ChatErrorDetail | null
  confirm?: Confirmation | null
  offer?: AnswerOffer | null
}

/** A question that must be confirmed before a tool runs. */
export interface Confirmation {
  id: string
  text: string
}

/** A way to reach the people of the site. */
export type Offer = "person" | "contact"

/** What is offered below an answer. `help`: Claude did not know the answer, so offer what the site has. */
export type AnswerOffer = Offer | "help"

/** The state of a person of the site in the conversation. */
export interface Person {
  available: boolean
  state: "none" | "waiting" | "joined" | "closed"
  name: string | null
  typing?: boolean
}

export type ContactField = "email" | "name" | "phone" | "message"

/** The contact form. */
export interface ContactForm {
  fields: ContactField[]
  required: ContactField[]
  /** The text that the visitor must agree to; may be empty. */
  consent?: string | null
  /** Whether the form is shown before the first message. */
  before?: boolean
}

/** A text that the visitor must accept before the first message. */
export interface Consent {
  required: boolean
  /** Whether the visitor has accepted this text. */
  given: boolean
  text: string
}

/** The services of the site besides the assistant. Older servers send none of these fields. */
export interface Services {
  person?: Person | null
  contact?: ContactForm | null
  consent?: Consent | null
  privacy_url?: string | null
}

/** The changes of a conversation since a cursor. */
export interface Updates {
  cursor?: string | number
  messages?: Message[]
  person?: Person
}

/** What is left of one of the visitor's limits. */
export interface Limit {
  /** Messages, tokens or dollars; the limit is used up at 0. */
  left: number
  /** Seconds until the limit resets. */
  resets_in: number
}

export interface History extends Services {
  conversation: string | null
  messages: Message[]
  /** A cursor for earlier messages, if there are any. */
  before?: string | null
  /** The id of the running reply; null if there is none. */
  running: string | null
  greeting: string
  suggestions: string[]
  limits: Limit[]
}

/** A conversation in the visitor's list. */
export interface ListedConversation {
  id: string
  title: string
  /** The time of the last change, in ISO 8601. */
  updated: string
  /** The number of messages. */
  messages: number
}

/** An error in a response or a stream. */
export interface ChatErrorDetail {
  /** The code of the error, such as "rate_limited". */
  error: string
  /** The text for the visitor; may be empty. */
  message: string
  retryable?: boolean
  /** Seconds to wait. */
  retry_after?: number
  /** The reference by which the site finds the error in its log. */
  ref?: string
  reply?: string
  limit?: number
  /** The error of each field of a form. */
  fields?: Record<string, string>
}

/** The response to polling a reply. */
export interface Polled {
  /** The text after the requested offset. */
  text: string
  /** The offset of the end of `text`, in code points. */
  at: number
  status: Status
  sources?: Source[]
  citations?: Citation[]
  suggestions?: string[]
  error?: ChatErrorDetail
  confirm?: Confirmation | null
  offer?: AnswerOffer | null
}

/** An event of a stream. Unknown keys are ignored. */
export interface StreamEvent {
  /** The id of the reply. */
  reply?: string
  /** The id of the visitor's message; with `error`, the text for the visitor. */
  message?: string
  /** The next piece of the reply's text. */
  t?: string
  /** What the assistant is doing, such as searching. `text` describes it for the visitor. */
  status?: string
  text?: string
  source?: Source
  cite?: Citation
  suggestions?: string[]
  confirm?: Confirmation
  offer?: AnswerOffer
  error?: string
  retryable?: boolean
  retry_after?: number
  ref?: string
  /** "person" means that there is no reply, because a person of the site answers. */
  done?: Status | "person"
}
