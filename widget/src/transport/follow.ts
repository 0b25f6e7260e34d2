/**
 * Sends a message or follows a reply, to the end. It resumes streams that were cut off, polls or waits
 * if the server asks for it, and sends a message again with the same id if there was no response.
 */

import type { ChatErrorDetail, Polled, StreamEvent } from "../shared/contract"
import { describePage } from "../shared/page"
import { Nonsense, readEvents } from "./events"
import { type Call, Refusal, Silence } from "./http"
import { advance, type Place } from "./place"

/** Maximum attempts to restore a lost connection, after 0.3, 0.9, 2.7, 8, 8 and 8 s. */
const ATTEMPTS = 6
const LONGEST_WAIT = 8000
/** Attempts without progress after which streams are not tried any more. */
const CUTS = 2
const POLL = 800
/** Milliseconds until the server must start to respond. */
const PATIENCE = 20_000
/** Maximum seconds of a Retry-After that are waited automatically, by HTTP status, and how often. */
const PATIENT: Record<number, number> = { 429: 15, 503: 60 }
const RETRIES = 8

export interface Outgoing {
  id: string
  message: string
  /** The id of the conversation, or "new"; by default the current one. */
  conversation?: string | undefined
  /** The id of the message that this one replaces. */
  replaces?: string
}

/** The visitor's decision whether a tool may run. */
export interface Decision {
  id: string
  approve: boolean
}

export interface Follower {
  event(event: StreamEvent): void
  /** The connection was lost (true) or is back (false). */
  lost(state: boolean): void
  /** The server is busy. The next attempt is in `seconds`. */
  waiting(seconds: number): void
}

/**
 * Follows a reply and updates `place`. Throws a Refusal, a Silence, or another error if the connection
 * can't be restored.
 */
export type Follow = (
  message: Outgoing | Decision | undefined,
  place: Place,
  follower: Follower,
  signal: AbortSignal,
) => Promise<void>

export function createFollow(call: Call, bot: string | null): Follow {
  return async function follow(message, place, follower, signal) {
    let attempt = 0
    let retries = 0
    let polling = false
    let decision = message && "approve" in message ? message : undefined

    const hear = (event: StreamEvent, end?: number): void => {
      signal.throwIfAborted()
      retries = 0
      // every stream starts with the name of its reply, also one that is cut after it each time
      if (!event.reply) attempt = 0
      decision = undefined
      follower.lost(false)
      place.reply = event.reply ?? place.reply
      follower.event(event.t ? { ...event, t: advance(place, String(event.t), end) } : event)
    }

    async function ask(): Promise<Response> {
      const headers: Record<string, string> = polling
        ? { Accept: "application/json" }
        : { Accept: "text/event-stream", Prefer: "respond-async", "Last-Event-ID": String(place.offset) }
      if (decision)
        return call(`replies/${place.reply}/confirm/`, { headers, signal, patience: PATIENCE, json: decision })
      if (place.reply || !message) {
        const query = polling ? { after: place.offset } : {}
        return call(`replies/${place.reply}/`, { headers, signal, query, patience: PATIENCE })
      }
      return call("", {
        headers: { ...headers, "Idempotency-Key": message.id },
        signal,
        patience: PATIENCE,
        json: { ...message, page: describePage(), ...(bot && { bot }) },
      })
    }

    /** Returns whether the reply has ended. */
    async function poll(response: Response): Promise<boolean> {
      const { text, at, status, sources, citations, suggestions, confirm, offer, error } =
        (await response.json()) as Polled
      for (const source of sources ?? []) hear({ source })
      if (text) hear({ t: text }, at)
      for (const cite of citations ?? []) hear({ cite })
      if (suggestions?.length) hear({ suggestions })
      if (confirm) hear({ confirm })
      if (offer) hear({ offer })
      if (error) hear(error)
      attempt = retries = 0
      if (status !== "running") hear({ done: status })
      return status !== "running"
    }

    async function take(): Promise<boolean> {
      const asked = Date.now()
      const response = await ask()
      if (response.status === 202) {
        polling = true
        hear((await response.json()) as StreamEvent)
        return false
      }
      if (!polling) {
        if (await readEvents(response, hear)) return true
        polling = attempt >= CUTS && !!place.reply
        throw new TypeError("The stream was cut.")
      }
      if (await poll(response)) return true
      // poll a slow site less often
      await pause(Math.min(LONGEST_WAIT, POLL + 3 * (Date.now() - asked)), signal)
      return false
    }

    for (;;) {
      signal.throwIfAborted()
      try {
        if (await take()) return
      } catch (error) {
        signal.throwIfAborted()
        if (decision && attempt && error instanceof Refusal && error.detail.error === "already_decided") {
          // an earlier attempt, whose response was lost, has decided it
          decision = undefined
          continue
        }
        const seconds = patienceFor(error, retries++)
        if (seconds !== undefined) {
          follower.waiting(seconds)
          await pause(seconds * 1000, signal)
          continue
        }
        throwIfFinal(error, !place.reply)
        if (attempt >= ATTEMPTS && navigator.onLine) throw error
        follower.lost(true)
        await pause(Math.min(LONGEST_WAIT, 300 * 3 ** attempt++), signal)
      }
    }
  }
}

/** Returns the seconds to wait before the next attempt, with jitter, if the server asked to wait. */
function patienceFor(error: unknown, retries: number): number | undefined {
  if (!(error instanceof Refusal) || retries >= RETRIES) return undefined
  const { error: code, retry_after: seconds } = error.detail
  const longest = PATIENT[error.status]
  if (!seconds || !longest || seconds > longest || code === "budget_exhausted") return undefined
  return seconds + Math.random() * Math.min(10, seconds / 2 + 1)
}

/** Throws errors for which another attempt is useless. */
function throwIfFinal(error: unknown, isNew: boolean): void {
  if (error instanceof Nonsense || error instanceof SyntaxError) {
    const detail: ChatErrorDetail = { error: "server_error", message: "", retryable: true }
    throw new Refusal(detail)
  }
  if (error instanceof Silence && isNew) throw error
  if (error instanceof Refusal && (error.status < 500 || (error.ours && isNew))) throw error
}

/** Resolves after `delay` milliseconds, or as soon as the network is back. Rejects if `signal` aborts. */
function pause(delay: number, signal: AbortSignal): Promise<void> {
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
