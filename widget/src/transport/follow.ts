/**
 * Sends a message or follows a reply, to the end. It resumes streams that were cut off, polls or waits
 * if the server asks for it, and sends a message again with the same id if there was no response.
 */

import type { Polled, StreamEvent } from "../shared/http-types"
import { describePage } from "../shared/page"
import { readEvents } from "./events"
import { type Call, Refusal } from "./http"
import { advance, type Place } from "./reply-position"
import { delayBefore, MAX_ATTEMPTS, MAX_DELAY, pause, retryAfter, throwIfFinal } from "./retries"

/** Attempts without progress after which the reply is polled. */
const MAX_CUTS = 2
/** Minimum milliseconds between two polls. */
const POLL = 800
/** Milliseconds until the server must start to respond. */
const PATIENCE = 20_000

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
 * Follows a reply and updates `place`. Throws a Refusal, a ResponseTimeout, or another error if the
 * connection can't be restored.
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
      // every stream starts with the id of its reply, so this event alone is no progress
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

    /** Asks once, and reads the response. Returns whether the reply has ended. */
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
        polling = attempt >= MAX_CUTS && !!place.reply
        throw new TypeError("The stream was cut.")
      }
      if (await poll(response)) return true
      // poll a slow site less often
      await pause(Math.min(MAX_DELAY, POLL + 3 * (Date.now() - asked)), signal)
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
        const seconds = retryAfter(error, retries++)
        if (seconds !== undefined) {
          follower.waiting(seconds)
          await pause(seconds * 1000, signal)
          continue
        }
        throwIfFinal(error, !place.reply)
        if (attempt >= MAX_ATTEMPTS && navigator.onLine) throw error
        follower.lost(true)
        await pause(delayBefore(attempt++), signal)
      }
    }
  }
}
