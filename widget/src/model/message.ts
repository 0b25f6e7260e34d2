/** One message of the conversation: what is known of it, and who is told when that changes. */

import type { Citation, Message, Source, Status } from "../shared/contract"
import { indexOfPoint } from "../shared/offsets"

/** What is said below an answer that did not end well. */
export interface Note {
  text: string
  retry: boolean
}

export type Change =
  | { kind: "text"; text: string }
  | { kind: "source"; source: Source }
  | { kind: "cite"; cite: Citation }
  | { kind: "activity" | "status" | "rating" }

export interface ChatMessage extends Message {
  note: Note | undefined
  /** What the assistant is doing before it writes. */
  activity: string
  /** It was written while this page was open, and is read out when it ends. */
  isNew: boolean
  /** Code points that the visitor has seen; the view knows. */
  shown: (() => number) | undefined
  watch(listener: (change: Change) => void): void
  append(text: string): void
  addSource(source: Source): void
  addCitation(citation: Citation): void
  setActivity(text: string): void
  setRating(rating: number): void
  /** Ends the reply; `note` is said below it. */
  finish(status: Status, note?: Note): void
  /** Ends the reply after the first `points` code points. */
  stop(points: number, note: Note): void
  /** The question whether a tool may run is no longer open. */
  dropConfirmation(): void
  /** Takes a lost reply up again. */
  resume(): void
}

export function createMessage(data: Partial<Message> & Pick<Message, "id" | "role" | "text">): ChatMessage {
  const listeners: ((change: Change) => void)[] = []
  const tell = (change: Change): void => {
    for (const listener of listeners) listener(change)
  }

  const message: ChatMessage = {
    status: "complete",
    rating: 0,
    note: undefined,
    activity: "",
    isNew: false,
    shown: undefined,
    ...data,
    sources: [...(data.sources ?? [])],
    citations: [...(data.citations ?? [])],

    watch: (listener) => void listeners.push(listener),

    append(text) {
      message.text += text
      tell({ kind: "text", text })
    },

    addSource(source) {
      if (message.sources.some(({ n }) => n === source.n)) return
      message.sources.push(source)
      tell({ kind: "source", source })
    },

    addCitation(cite) {
      if (message.citations.some(({ at, n }) => at === cite.at && n === cite.n)) return
      message.citations.push(cite)
      tell({ kind: "cite", cite })
    },

    setActivity(activity) {
      if (activity === message.activity) return
      message.activity = activity
      tell({ kind: "activity" })
    },

    setRating(rating) {
      message.rating = rating
      tell({ kind: "rating" })
    },

    finish(status, note) {
      message.status = status
      message.note = note
      message.activity = ""
      tell({ kind: "status" })
    },

    stop(points, note) {
      message.text = message.text.slice(0, indexOfPoint(message.text, points))
      message.finish("stopped", note)
    },

    dropConfirmation() {
      if (!message.confirm) return
      message.confirm = null
      tell({ kind: "status" })
    },

    resume() {
      message.status = "running"
      message.note = undefined
      tell({ kind: "status" })
    },
  }
  return message
}
