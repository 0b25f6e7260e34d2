/** The contract's HTTP: one function for each call, and `follow`, which never loses its place. */

import { createParser } from "eventsource-parser"

import { countPoints, indexOfPoint } from "./offsets"
import type { ChatErrorDetail, History, Polled, StreamEvent } from "./types"

/** Attempts to get a lost connection back, each after a longer wait: 0.3, 0.9, 2.7, 8, 8, 8 s. */
const ATTEMPTS = 6
/** The server says something every 10 s; silence for so long (ms) means that nobody is there. */
const SILENCE = 25_000
const POLL = 800

/** The server said no. */
export class Refusal extends Error {
  constructor(
    readonly detail: ChatErrorDetail,
    readonly status = 0,
    /** The chat itself answered, not a proxy in between. */
    readonly ours = true,
  ) {
    super(detail.error)
  }
}

export interface Outgoing {
  id: string
  message: string
}

/** Where in which reply a follower is. */
export interface Place {
  reply?: string | undefined
  /** Code points of the text so far. */
  offset: number
}

export interface Follower {
  event(event: StreamEvent): void
  /** The connection was lost (true) or is back (false). */
  lost(state: boolean): void
}

export interface Client {
  history(): Promise<History>
  stop(reply: string, at: number): Promise<unknown>
  rate(reply: string, rating: number, comment: string): Promise<unknown>
  forget(): Promise<unknown>
  /**
   * Sends `message`, or follows the reply at `place`, to the end. It resumes a cut stream where it
   * was, polls where the server says so, and sends a message again, under its own id, whose answer
   * never came. `place` moves along.
   *
   * Throws a Refusal, or another error where the connection does not come back.
   */
  follow(message: Outgoing | undefined, place: Place, follower: Follower, signal: AbortSignal): Promise<void>
}

export type Request = (url: string, init: RequestInit) => Promise<Response>

/**
 * Takes what is new of `text`, which ends at `end` where that is known, and moves `place`. Throws
 * where a piece is missing between the two.
 */
export function advance(place: Place, text: string, end?: number): string {
  const length = countPoints(text)
  end ??= place.offset + length
  const known = place.offset - (end - length)
  if (known < 0) throw new Error()
  if (known >= length) return ""
  place.offset = end
  return text.slice(indexOfPoint(text, known))
}

/** Resolves after `delay` ms, or as soon as the network is back. */
function wait(delay: number): Promise<unknown> {
  return new Promise((resolve) => {
    setTimeout(resolve, delay)
    addEventListener("online", resolve, { once: true })
  })
}

/** Reads a stream; true when it came to its end, false when it was cut. */
async function read(response: Response, hear: (event: StreamEvent, end?: number) => void): Promise<boolean> {
  if (!/event-stream/.test(response.headers.get("Content-Type")!)) throw new SyntaxError()
  let done = false
  const parser = createParser({
    onEvent({ data, id }) {
      if (data === "[DONE]") done = true
      if (!done) hear(JSON.parse(data) ?? {}, id ? +id : undefined)
    },
  })
  const reader = response.body!.getReader()
  const decoder = new TextDecoder()
  try {
    while (!done) {
      let timer
      const silence = new Promise<never>((_, reject) => (timer = setTimeout(reject, SILENCE)))
      const chunk = await Promise.race([reader.read(), silence])
      clearTimeout(timer)
      if (chunk.done) break
      parser.feed(decoder.decode(chunk.value, { stream: true }))
    }
  } finally {
    reader.cancel().catch(() => {})
  }
  return done
}

export function createClient(request: Request, endpoint: string, bot: string | null): Client {
  const base = new URL(endpoint, document.baseURI).href

  async function call(path: string, init: RequestInit = {}, body?: object, after?: number): Promise<Response> {
    const url = new URL(path || base, base)
    if (bot && (path || !body)) url.searchParams.set("bot", bot)
    if (after !== undefined) url.searchParams.set("after", String(after))
    if (body) {
      init = {
        ...init,
        method: "POST",
        headers: { "Content-Type": "application/json", ...init.headers },
        body: JSON.stringify(body),
      }
    }
    const response = await request(url.href, { cache: "no-store", ...init })
    if (response.ok) return response
    const detail = (await response.json().catch(() => undefined)) as ChatErrorDetail | undefined
    const retryAfter = +response.headers.get("Retry-After")!
    throw new Refusal(
      { error: "server_error", message: "", ...(retryAfter && { retry_after: retryAfter }), ...detail },
      response.status,
      !!detail?.error,
    )
  }

  return {
    history: async () => (await call("")).json(),
    stop: (reply, at) => call(`replies/${reply}/stop/`, {}, { at }),
    rate: (reply, rating, comment) =>
      call(`replies/${reply}/rating/`, {}, comment ? { rating, comment } : { rating }),
    forget: () => call("", { method: "DELETE" }),

    async follow(message, place, follower, signal) {
      let attempt = 0
      let polling = false
      const hear = (event: StreamEvent, end?: number): void => {
        signal.throwIfAborted()
        attempt = 0
        follower.lost(false)
        place.reply = event.reply ?? place.reply
        if (event.t) event = { t: advance(place, String(event.t), end) }
        follower.event(event)
      }
      for (;;) {
        signal.throwIfAborted()
        const asked = Date.now()
        try {
          const headers = polling
            ? { Accept: "application/json" }
            : { Accept: "text/event-stream", Prefer: "respond-async", "Last-Event-ID": String(place.offset) }
          const response = place.reply
            ? await call(`replies/${place.reply}/`, { headers, signal }, undefined, polling ? place.offset : undefined)
            : await call("", { headers: { ...headers, "Idempotency-Key": message!.id }, signal }, {
                ...message,
                page: { url: location.href.slice(0, 2000), title: document.title },
                ...(bot && { bot }),
              })
          if (polling) {
            const { text, at, status, sources, citations, error } = (await response.json()) as Polled
            for (const source of sources ?? []) hear({ source })
            if (text) hear({ t: text }, at)
            for (const cite of citations ?? []) hear({ cite })
            if (error) hear(error)
            if (status !== "running") return hear({ done: status })
            attempt = 0
            // A site that is slow to answer is asked less often.
            await wait(Math.min(8000, POLL + 3 * (Date.now() - asked)))
            continue
          }
          if (response.status === 202) {
            polling = true
            hear(await response.json())
            continue
          }
          if (await read(response, hear)) return
        } catch (error) {
          signal.throwIfAborted()
          if (error instanceof SyntaxError) throw new Refusal({ error: "server_error", message: "", retryable: true })
          if (error instanceof Refusal && (error.status < 500 || (error.ours && !place.reply))) throw error
        }
        if (attempt >= ATTEMPTS && navigator.onLine) throw new Error()
        follower.lost(true)
        await wait(Math.min(8000, 300 * 3 ** attempt++))
      }
    },
  }
}
