/** Decides whether and when a request is sent again after an error. */

import type { ChatErrorDetail } from "../shared/http-types"
import { InvalidResponse } from "./events"
import { Refusal, ResponseTimeout } from "./http"

/** Maximum attempts to restore a lost connection. They follow after 0.3, 0.9, 2.7, 8, 8 and 8 s. */
export const MAX_ATTEMPTS = 6
/** Maximum milliseconds between two requests, unless the server asked to wait. */
export const MAX_DELAY = 8000
/** Maximum Retry-After in seconds after which a refused request is sent again automatically, by HTTP status. */
const MAX_RETRY_AFTER: Record<number, number> = { 429: 15, 503: 60 }
/** Maximum times in a row that a refused request is sent again automatically. */
const MAX_RETRIES = 8

/** Returns the milliseconds before an attempt to restore a lost connection; the first attempt is 0. */
export const delayBefore = (attempt: number): number => Math.min(MAX_DELAY, 300 * 3 ** attempt)

/**
 * Returns the seconds to wait before a refused request is sent again, with jitter. Returns undefined
 * if the server did not ask to wait, or if the visitor must decide.
 */
export function retryAfter(error: unknown, retries: number): number | undefined {
  if (!(error instanceof Refusal) || retries >= MAX_RETRIES) return undefined
  const { error: code, retry_after: seconds } = error.detail
  const longest = MAX_RETRY_AFTER[error.status]
  if (!seconds || !longest || seconds > longest || code === "budget_exhausted") return undefined
  return seconds + Math.random() * Math.min(10, seconds / 2 + 1)
}

/** Throws errors for which another attempt is useless. */
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
