/** Shows how replies and calls end: below an answer, in a notice, and with an event for the page. */

import type { Strings } from "../i18n/strings"
import type { ChatErrorDetail, Status, StreamEvent } from "../shared/http-types"
import type { Emit } from "../shared/launcher-types"
import { Refusal } from "../transport/http"
import type { Note } from "./message"
import type { RunningReply } from "./running-reply"
import type { Screen } from "./view-types"

export interface ReplyEnd {
  /** Returns the note below an answer with this status; undefined if it is running or complete. */
  noteFor(status: Status, error?: ChatErrorDetail | null): Note | undefined
  /** Shows the end of a reply, and reports it to the page with an event. */
  finish(run: RunningReply): void
  /**
   * Reports an error to the page, and shows it in a notice. `textName` names the text for a lost connection.
   * Without `textName`, only errors with a text of the server are shown, because the answer shows the others.
   * The notice has a button that calls `retry` if another attempt may help.
   */
  report(problem: unknown, textName?: "lost" | "unloaded", retry?: () => void): void
}

export interface ReplyEndOptions {
  screen: Screen
  strings: Strings
  emit: Emit
}

export function createReplyEnd({ screen, strings: { translate }, emit }: ReplyEndOptions): ReplyEnd {
  const replyEnd: ReplyEnd = {
    noteFor(status, error) {
      if (status === "complete" || status === "running") return undefined
      if (error?.message) return { text: error.message, retry: !!error.retryable }
      return { text: translate(status), retry: status === "failed" || status === "interrupted" }
    },

    finish({ answer, failure, status }) {
      if (failure) {
        const { error = "server_error", retryable, retry_after: seconds } = failure
        const message = failure.message || translate("failed")
        answer.finish(status, { text: message, retry: !!retryable })
        emit("site-chat:error", detailOf(failure, error, message))
        if (seconds) screen.showNotice({ text: message, until: Date.now() + seconds * 1000 })
      } else answer.finish(status, replyEnd.noteFor(status))
      emit("site-chat:reply", { id: answer.id, text: answer.text, status })
      screen.arrived(answer)
    },

    report(problem, textName, retry) {
      const refusal = problem instanceof Refusal ? problem : undefined
      const detail = refusal?.detail
      const text = detail
        ? detail.message || translate("failed")
        : translate(navigator.onLine ? (textName ?? "lost") : "offline")
      emit("site-chat:error", { retryable: true, error: "connection_lost", ...detail, message: text })
      if (!textName && !detail?.message) return
      const until = detail?.retry_after ? Date.now() + detail.retry_after * 1000 : undefined
      const mayHelp = !refusal || refusal.status >= 500
      screen.showNotice({ text, until, retry: mayHelp && !until ? retry : undefined })
    },
  }
  return replyEnd
}

function detailOf(event: StreamEvent & { message?: string }, error: string, message: string): ChatErrorDetail {
  const { retryable, retry_after, ref } = event
  return {
    error,
    message,
    ...(retryable !== undefined && { retryable }),
    ...(retry_after !== undefined && { retry_after }),
    ...(ref !== undefined && { ref }),
  }
}
