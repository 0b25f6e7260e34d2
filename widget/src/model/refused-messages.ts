/** Undoes messages and decisions that the server refused, or that did not reach it. */

import type { Outgoing } from "../transport/follow"
import { Refusal } from "../transport/http"
import type { ChatMessage } from "./message"
import type { Outcome } from "./outcome"
import type { Pending } from "./unconfirmed"
import type { Screen } from "./view-types"

export interface Returns {
  /** Puts a message back into the input. */
  message(outgoing: Outgoing, problem: unknown): void
  /** Shows the question of a confirmation again. `before` has the earlier state of the answer. */
  decision(answer: ChatMessage, before: Pick<ChatMessage, "confirm" | "status" | "note">, problem: unknown): void
}

export interface ReturnsOptions {
  screen: Screen
  pending: Pending
  report: Outcome["report"]
  refresh(): Promise<void>
  send(text: string, replaces?: string): Promise<void>
}

export function createReturns({ screen, pending, report, refresh, send }: ReturnsOptions): Returns {
  return {
    message({ message: text, replaces }, problem) {
      screen.giveBack(text)
      if (problem instanceof Refusal) {
        pending.forget()
        const { error } = problem.detail
        if (error === "busy" || error === "consent_required") {
          // for missing consent, a card is shown instead of an error
          void refresh().then(() => error === "busy" && report(problem))
          return
        }
      }
      report(problem, "lost", () => void send(text, replaces))
    },
    decision(answer, { confirm, status, note }, problem) {
      const isGone =
        problem instanceof Refusal && (problem.status === 404 || problem.detail.error === "already_decided")
      answer.confirm = (!isGone && confirm) || null
      answer.finish(status, note)
      // another tab may have decided, and the reply may be running
      if (isGone) void refresh().then(() => report(problem))
      else report(problem, "lost")
    },
  }
}
