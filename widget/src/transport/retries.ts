/** Decides whether a call is tried again, and after which delay. */

import type { ChatErrorDetail } from "../shared/contract"
import { Nonsense } from "./events"
import { Refusal, Silence } from "./http"

/** Maximum attempts to restore a lost connection, after 0.3, 0.9, 2.7, 8, 8 and 8 s. */
export const ATTEMPTS = 6
export const LONGEST_WAIT = 8000
/** Maximum seconds of a Retry-After that are waited automatically, by HTTP status, and how often. */
const PATIENT: Record<number, number> = { 429: 15, 503: 60 }
const RETRIES = 8

/** Returns the seconds to wait before a refused message is sent again, with jitter; undefined to give up. */
export function retryDelay(error: unknown, retries: number): number | undefined {
  if (!(error instanceof Refusal) || retries >= RETRIES) return undefined
  const { error: code, retry_after: seconds } = error.detail
  const longest = PATIENT[error.status]
  if (!seconds || !longest || seconds > longest || code === "budget_exhausted") return undefined
  return seconds + Math.random() * Math.min(10, seconds / 2 + 1)
}

/** Throws errors for which another attempt is useless. */
export function throwIfFinal(error: unknown, isNew: boolean): void {
  if (error instanceof Nonsense || error instanceof SyntaxError) {
    const detail: ChatErrorDetail = { error: "server_error", message: "", retryable: true }
    throw new Refusal(detail)
  }
  if (error instanceof Silence && isNew) throw error
  if (error instanceof Refusal && (error.status < 500 || (error.ours && isNew))) throw error
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
