/**
 * Sends a message and follows its reply to the end, or follows a running reply. Resumes streams that were
 * cut off, polls or waits if the server asks for it, and sends a message again with the same id if there
 * was no response.
 *
 * `follow` repeats these two steps until the reply has ended or an error is thrown:
 *
 * 1. `request` sends the decision, if there is one that was not confirmed yet. Otherwise, if the id of the reply is
 *    known or there is no message, it asks for the reply from `position` on. Otherwise, it sends the message.
 * 2. The outcome decides how to go on:
 *    - The stream or the poll has the end of the reply: return.
 *    - The server responds with 202: poll from now on.
 *    - The server refuses for a short time: wait, then send the request again.
 *    - The stream was cut, or there was no response: pause, then connect again. Poll after MAX_STREAM_RECONNECTIONS
 *      without progress, and give up after MAX_RECONNECTIONS if the browser is online.
 *    - Another attempt is useless (`throwIfFinal`): throw the error.
 */

import type { Polled, StreamEvent } from "../shared/http-types"
import { describePage } from "../shared/page"
import { readEvents } from "./events"
import { type Call, Refusal } from "./http"
import { advance, type ReplyPosition } from "./reply-position"
import {
  delayBeforeReconnection,
  MAX_DELAY,
  MAX_RECONNECTIONS,
  pause,
  secondsBeforeResend,
  throwIfFinal,
} from "./retries"

/** If a stream is cut off after this many reconnections without progress, the reply is polled from then on. */
const MAX_STREAM_RECONNECTIONS = 2
/** Minimum milliseconds between two polls. */
const POLL_INTERVAL = 800
/** Milliseconds until the server must start to respond. */
const RESPONSE_TIMEOUT = 20_000

/** A message to send. */
export interface Outgoing {
  /** The id that the browser chose. A message that is sent again with the same id is stored once. */
  id: string
  message: string
  /** The id of the conversation, or "new"; by default the current one. */
  conversation?: string | undefined
  /** The id of the message that this one replaces. */
  replaces?: string
}

/** The visitor's decision whether a tool may run. */
export interface Decision {
  /** The id of the question. */
  id: string
  approve: boolean
}

export interface Follower {
  event(event: StreamEvent): void
  /** Called with true when the connection was lost, and with false at each event. */
  lost(state: boolean): void
  /** Called when the server has asked to wait. The request is sent again in about `seconds`. */
  waiting(seconds: number): void
}

/**
 * Sends `message`, if there is one, and follows its reply to the end. Without a message, follows the reply
 * in `position`. Updates `position`.
 *
 * Throws:
 * - a Refusal if the server refuses the request, or if its response is invalid
 * - a ResponseTimeout if the server does not respond to a new message
 * - the reason of `signal` if it aborts
 * - the last error if the connection can't be restored
 */
export type Follow = (
  message: Outgoing | Decision | undefined,
  position: ReplyPosition,
  follower: Follower,
  signal: AbortSignal,
) => Promise<void>

export function createFollow(call: Call, bot: string | null): Follow {
  return async function follow(message, position, follower, signal) {
    /** Attempts to restore the connection since the last progress. */
    let reconnections = 0
    /** Failed requests since the last event. */
    let failures = 0
    /** Whether the reply is polled. It is then polled to its end. */
    let polling = false
    let decision = message && "approve" in message ? message : undefined

    const handleEvent = (event: StreamEvent, end?: number): void => {
      signal.throwIfAborted()
      failures = 0
      // every stream starts with an event that has the id of the reply; this event is not progress
      if (!event.reply) reconnections = 0
      decision = undefined
      follower.lost(false)
      position.reply = event.reply ?? position.reply
      follower.event(event.t ? { ...event, t: advance(position, String(event.t), end) } : event)
    }

    async function request(): Promise<Response> {
      const headers: Record<string, string> = polling
        ? { Accept: "application/json" }
        : { Accept: "text/event-stream", Prefer: "respond-async", "Last-Event-ID": String(position.offset) }
      if (decision)
        return call(`replies/${position.reply}/confirm/`, {
          headers,
          signal,
          timeout: RESPONSE_TIMEOUT,
          json: decision,
        })
      if (position.reply || !message) {
        const query = polling ? { after: position.offset } : {}
        return call(`replies/${position.reply}/`, { headers, signal, query, timeout: RESPONSE_TIMEOUT })
      }
      return call("", {
        headers: { ...headers, "Idempotency-Key": message.id },
        signal,
        timeout: RESPONSE_TIMEOUT,
        json: { ...message, page: describePage(), ...(bot && { bot }) },
      })
    }

    /** Handles the response to a poll. Returns whether the reply has ended. */
    async function poll(response: Response): Promise<boolean> {
      const { text, at, status, sources, citations, suggestions, confirm, offer, error } =
        (await response.json()) as Polled
      for (const source of sources ?? []) handleEvent({ source })
      if (text) handleEvent({ t: text }, at)
      for (const cite of citations ?? []) handleEvent({ cite })
      if (suggestions?.length) handleEvent({ suggestions })
      if (confirm) handleEvent({ confirm })
      if (offer) handleEvent({ offer })
      if (error) handleEvent(error)
      reconnections = failures = 0
      if (status !== "running") handleEvent({ done: status })
      return status !== "running"
    }

    /** Sends one request, and reads the response. Returns whether the reply has ended. */
    async function receive(): Promise<boolean> {
      const started = Date.now()
      const response = await request()
      if (response.status === 202) {
        polling = true
        handleEvent((await response.json()) as StreamEvent)
        return false
      }
      if (!polling) {
        if (await readEvents(response, handleEvent)) return true
        polling = reconnections >= MAX_STREAM_RECONNECTIONS && !!position.reply
        throw new TypeError("The stream was cut.")
      }
      if (await poll(response)) return true
      // poll a slow site less often
      await pause(Math.min(MAX_DELAY, POLL_INTERVAL + 3 * (Date.now() - started)), signal)
      return false
    }

    for (;;) {
      signal.throwIfAborted()
      try {
        if (await receive()) return
      } catch (error) {
        signal.throwIfAborted()
        if (decision && reconnections && error instanceof Refusal && error.detail.error === "already_decided") {
          // an earlier attempt has made the decision, but its response was lost
          decision = undefined
          continue
        }
        const seconds = secondsBeforeResend(error, failures++)
        if (seconds !== undefined) {
          follower.waiting(seconds)
          await pause(seconds * 1000, signal)
          continue
        }
        throwIfFinal(error, !position.reply)
        if (reconnections >= MAX_RECONNECTIONS && navigator.onLine) throw error
        follower.lost(true)
        await pause(delayBeforeReconnection(reconnections++), signal)
      }
    }
  }
}
