/** Undoes messages and decisions that the server has refused or not received. */

import type { Outgoing } from "../transport/follow"
import { Refusal } from "../transport/http"
import type { ChatMessage } from "./message"
import type { Pending } from "./pending"
import type { ReplyEnd } from "./reply-end"
import type { Screen } from "./view-types"

export interface RefusedMessages {
  /** Puts the text of a message back into the input. Shows the problem, or a card if a consent is missing. */
  restoreMessage(outgoing: Outgoing, problem: unknown): void
  /**
   * Shows the problem. Shows the question of a confirmation again, unless it was already decided or no longer
   * exists. `before` has the state of the answer before the decision.
   */
  restoreConfirmation(
    answer: ChatMessage,
    before: Pick<ChatMessage, "confirm" | "status" | "note">,
    problem: unknown,
  ): void
}

export interface RefusedMessagesOptions {
  screen: Screen
  pending: Pending
  report: ReplyEnd["report"]
  refresh(): Promise<void>
  send(text: string, replaces?: string): Promise<void>
}

export function createRefusedMessages({
  screen,
  pending,
  report,
  refresh,
  send,
}: RefusedMessagesOptions): RefusedMessages {
  return {
    restoreMessage({ message: text, replaces }, problem) {
      screen.restoreText(text)
      if (problem instanceof Refusal) {
        pending.forget()
        const { error } = problem.detail
        if (error === "busy" || error === "consent_required") {
          // if the consent is missing, a card is shown instead of an error
          void refresh().then(() => error === "busy" && report(problem))
          return
        }
      }
      report(problem, "lost", () => void send(text, replaces))
    },
    restoreConfirmation(answer, { confirm, status, note }, problem) {
      const isGone =
        problem instanceof Refusal && (problem.status === 404 || problem.detail.error === "already_decided")
      answer.confirm = (!isGone && confirm) || null
      answer.finish(status, note)
      // another tab may have made the decision, and the reply may be running
      if (isGone) void refresh().then(() => report(problem))
      else report(problem, "lost")
    },
  }
}
