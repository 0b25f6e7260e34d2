/** One message of the conversation. It notifies listeners of its changes. */

import type { Citation, Message, Source, Status } from "../shared/http-types"
import { indexOfPoint } from "../shared/offsets"

/** The text below an answer that did not end normally. */
export interface Note {
  text: string
  /** Whether a button to try again is shown. */
  retry: boolean
}

export type Change =
  | { kind: "text"; text: string }
  | { kind: "source"; source: Source }
  | { kind: "cite"; cite: Citation }
  | { kind: "activity" | "status" | "rating" }

export interface ChatMessage extends Message {
  note: Note | undefined
  /** What the assistant is doing, such as searching; empty while it writes. */
  activity: string
  /** Whether the message arrived while this page was open, and was not announced to screen readers yet. */
  isNew: boolean
  /** Returns the number of code points that the view has drawn; undefined if there is no view. */
  countDrawn: (() => number) | undefined
  watch(listener: (change: Change) => void): void
  append(text: string): void
  /** Adds a source, unless the message has a source with this number. */
  addSource(source: Source): void
  /** Adds a citation, unless the message has the same citation. */
  addCitation(citation: Citation): void
  setActivity(text: string): void
  setRating(rating: number): void
  /** Ends the reply. `note` is shown below it. */
  finish(status: Status, note?: Note): void
  /** Ends the reply, and drops its text after the first `points` code points. */
  stop(points: number, note: Note): void
  /** Removes the open question whether a tool may run. */
  dropConfirmation(): void
  /** Marks the reply as running again. */
  resume(): void
}

export function createMessage(data: Partial<Message> & Pick<Message, "id" | "role" | "text">): ChatMessage {
  const listeners: ((change: Change) => void)[] = []
  const notify = (change: Change): void => {
    for (const listener of listeners) listener(change)
  }

  const message: ChatMessage = {
    status: "complete",
    rating: 0,
    note: undefined,
    activity: "",
    isNew: false,
    countDrawn: undefined,
    ...data,
    sources: [...(data.sources ?? [])],
    citations: [...(data.citations ?? [])],

    watch: (listener) => void listeners.push(listener),

    append(text) {
      message.text += text
      notify({ kind: "text", text })
    },

    addSource(source) {
      if (message.sources.some(({ n }) => n === source.n)) return
      message.sources.push(source)
      notify({ kind: "source", source })
    },

    addCitation(cite) {
      if (message.citations.some(({ at, n }) => at === cite.at && n === cite.n)) return
      message.citations.push(cite)
      notify({ kind: "cite", cite })
    },

    setActivity(activity) {
      if (activity === message.activity) return
      message.activity = activity
      notify({ kind: "activity" })
    },

    setRating(rating) {
      message.rating = rating
      notify({ kind: "rating" })
    },

    finish(status, note) {
      message.status = status
      message.note = note
      message.activity = ""
      notify({ kind: "status" })
    },

    stop(points, note) {
      message.text = message.text.slice(0, indexOfPoint(message.text, points))
      message.finish("stopped", note)
    },

    dropConfirmation() {
      if (!message.confirm) return
      message.confirm = null
      notify({ kind: "status" })
    },

    resume() {
      message.status = "running"
      message.note = undefined
      notify({ kind: "status" })
    },
  }
  return message
}
