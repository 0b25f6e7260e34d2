/** Decides whether and when a request is sent again after an error. */

import type { ChatErrorDetail } from "../shared/http-types"
import { InvalidResponse } from "./events"
import { Refusal, ResponseTimeout } from "./http"

/** Maximum attempts in a row to restore a lost connection. They start after 0.3, 0.9, 2.7, 8, 8 and 8 s. */
export const MAX_RECONNECTIONS = 6
/** Maximum milliseconds between two requests, unless the server asked to wait. */
export const MAX_DELAY = 8000
/**
 * Maximum seconds in Retry-After for which a refused request is sent again automatically, by HTTP status.
 * If the server asks for more, the visitor decides.
 */
const MAX_RETRY_AFTER: Record<number, number> = { 429: 15, 503: 60 }
/** Number of failed requests in a row after which a refused request is no longer sent again automatically. */
const MAX_FAILURES = 8

/** Returns the milliseconds before the next attempt to restore a lost connection, after `earlier` attempts. */
export const delayBeforeReconnection = (earlier: number): number => Math.min(MAX_DELAY, 300 * 3 ** earlier)

/**
 * Returns the seconds to wait before a refused request is sent again, with a random part. `earlier` is the
 * number of failed requests in a row before this one.
 *
 * Returns undefined if the request must not be sent again for this reason:
 * - It was not refused, or too many requests in a row have failed.
 * - Its status is not in MAX_RETRY_AFTER.
 * - The server did not ask to wait, or asked to wait too long.
 * - A budget is exhausted.
 */
export function secondsBeforeResend(error: unknown, earlier: number): number | undefined {
  if (!(error instanceof Refusal) || earlier >= MAX_FAILURES) return undefined
  const { error: code, retry_after: seconds } = error.detail
  const longest = MAX_RETRY_AFTER[error.status]
  if (!seconds || !longest || seconds > longest || code === "budget_exhausted") return undefined
  return seconds + Math.random() * Math.min(10, seconds / 2 + 1)
}

/**
 * Throws `error` if another attempt is useless, and otherwise returns. For an invalid response, throws a Refusal
 * instead. `isNew` is true if the server has not reported the id of the reply yet.
 */
export function throwIfFinal(error: unknown, isNew: boolean): void {
  if (error instanceof InvalidResponse || error instanceof SyntaxError) {
    const detail: ChatErrorDetail = { error: "server_error", message: "", retryable: true }
    throw new Refusal(detail)
  }
  if (error instanceof ResponseTimeout && isNew) throw error
  if (error instanceof Refusal && (error.status < 500 || (error.isFromChat && isNew))) throw error
}

/** Resolves after `delay` milliseconds, or as soon as the network is back. Rejects if `signal` aborts. */
export function pause(delay: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = (): void => {
      clearTimeout(timer)
      removeEventListener("online", end)
      signal.removeEventListener("abort", end)
      if (signal.aborted) reject(signal.reason as Error)
      else resolve()
    }
    const timer = setTimeout(end, delay)
    addEventListener("online", end)
    signal.addEventListener("abort", end)
  })
}
