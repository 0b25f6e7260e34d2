/** The contract's HTTP: one method for each call, and `follow`, which never loses its place. */

import { createParser } from "eventsource-parser"

import { countPoints, indexOfPoint } from "./offsets"
import type { ChatErrorDetail, Host, History, Source, Citation, Status, StreamEvent } from "./types"

/** Milliseconds before each attempt to get a lost connection back; then it is given up. */
const DELAYS = [300, 1000, 2000, 4000, 8000, 8000]
/** The server says something every 10 s; silence for so long (ms) means that nobody is there. */
const SILENCE = 25_000
const POLL = 800

/** The server said no. */
export class Refusal extends Error {
  constructor(
    readonly detail: ChatErrorDetail,
    readonly status: number,
    /** The answer came from the chat itself, not from a proxy or a page in between. */
    readonly ours: boolean,
  ) {
    super(detail.error)
  }
}

/** The connection is gone and did not come back. */
export class Lost extends Error {}

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

export function offline(): boolean {
  return navigator.onLine === false
}

/** Resolves after `delay` ms, or as soon as the network is back. */
function wait(delay: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const finish = (): void => {
      clearTimeout(timer)
      removeEventListener("online", finish)
      signal.removeEventListener("abort", finish)
      if (signal.aborted) reject(signal.reason)
      else resolve()
    }
    const timer = offline() ? 0 : setTimeout(finish, delay)
    addEventListener("online", finish)
    signal.addEventListener("abort", finish)
    if (signal.aborted) finish()
  })
}

function seconds(header: string | null): number | undefined {
  const value = Number(header ?? NaN)
  return value > 0 ? value : undefined
}

async function refusal(response: Response): Promise<Refusal> {
  let body: Partial<ChatErrorDetail> = {}
  try {
    body = ((await response.json()) ?? {}) as Partial<ChatErrorDetail>
  } catch {
    // a page of somebody in between
  }
  const ours = typeof body.error === "string"
  const after = body.retry_after ?? seconds(response.headers.get("Retry-After"))
  const detail: ChatErrorDetail = {
    ...body,
    error: ours ? body.error! : "server_error",
    message: typeof body.message === "string" ? body.message : "",
    ...(after !== undefined && { retry_after: after }),
  }
  return new Refusal(detail, response.status, ours)
}

function broken(): Refusal {
  return new Refusal({ error: "server_error", message: "", retryable: true }, 200, true)
}

interface Polled {
  text?: string
  at?: number
  status: Status
  sources?: Source[]
  citations?: Citation[]
  error?: string | ChatErrorDetail | null
}

export class Client {
  private readonly base: URL

  constructor(
    private readonly host: () => Host,
    endpoint: string,
    private readonly bot: string | null,
  ) {
    this.base = new URL(endpoint, document.baseURI)
  }

  async history(signal?: AbortSignal): Promise<History> {
    return this.json<History>(await this.call("", { ...(signal && { signal }) }))
  }

  async stop(reply: string, at: number): Promise<void> {
    await this.post(`replies/${reply}/stop/`, { at })
  }

  async rate(reply: string, rating: number, comment: string): Promise<void> {
    await this.post(`replies/${reply}/rating/`, { rating, ...(comment && { comment }) })
  }

  async forget(): Promise<void> {
    await this.call("", { method: "DELETE" })
  }

  /**
   * Sends `message`, or follows the reply at `place`, to the end. It resumes a cut stream where it
   * was, polls where the server says so, and sends a message again, under its own id, whose answer
   * never came. `place` moves along.
   *
   * Throws a Refusal, or Lost.
   */
  async follow(
    message: Outgoing | undefined,
    place: Place,
    follower: Follower,
    signal: AbortSignal,
  ): Promise<void> {
    let attempt = 0
    const hear = (event: StreamEvent): void => {
      attempt = 0
      follower.lost(false)
      if (event.reply) place.reply = event.reply
      follower.event(event)
    }
    for (;;) {
      try {
        const response = place.reply
          ? await this.reply(place, "text/event-stream", signal)
          : await this.post("", this.body(message!), signal)
        if (response.status === 202) {
          hear(await this.json<StreamEvent>(response))
          return await this.poll(place, hear, signal)
        }
        if (await this.read(response, place, hear, signal)) return
      } catch (error) {
        if (signal.aborted) throw error
        if (error instanceof Refusal) {
          const temporary = error.status >= 500 && (!error.ours || place.reply)
          if (!temporary) throw error
        }
      }
      if (attempt === DELAYS.length) throw new Lost()
      follower.lost(true)
      await wait(DELAYS[attempt++]!, signal)
    }
  }

  /** Reads a stream; true when it came to its end, false when it was cut. */
  private async read(
    response: Response,
    place: Place,
    hear: (event: StreamEvent) => void,
    signal: AbortSignal,
  ): Promise<boolean> {
    if (!response.body || !/^text\/event-stream/i.test(response.headers.get("Content-Type") ?? "")) {
      throw broken()
    }
    let done = false
    const parser = createParser({
      onEvent: ({ data, id }) => {
        if (done || signal.aborted) return
        if (data === "[DONE]") done = true
        else hearData(data, id)
      },
    })
    const hearData = (data: string, id: string | undefined): void => {
      let event: StreamEvent | null
      try {
        event = JSON.parse(data) as StreamEvent | null
      } catch {
        throw broken()
      }
      if (!event || typeof event !== "object") return
      if (typeof event.t === "string") {
        const end = id ? Number(id) : NaN
        const text = advance(place, event.t, end)
        if (text) hear({ t: text })
      } else hear(event)
    }
    const reader = response.body.getReader()
    const decoder = new TextDecoder()
    try {
      while (!done) {
        const chunk = await silence(reader.read())
        if (chunk.done) return false
        parser.feed(decoder.decode(chunk.value, { stream: true }))
      }
      return true
    } finally {
      reader.cancel().catch(() => undefined)
    }
  }

  private async poll(
    place: Place,
    hear: (event: StreamEvent) => void,
    signal: AbortSignal,
  ): Promise<void> {
    for (let attempt = 0; ; ) {
      try {
        const polled = await this.json<Polled>(await this.reply(place, "application/json", signal))
        attempt = 0
        for (const source of polled.sources ?? []) hear({ source })
        const text = advance(place, polled.text ?? "", polled.at ?? NaN)
        if (text) hear({ t: text })
        for (const cite of polled.citations ?? []) hear({ cite })
        const { error } = polled
        if (error) hear(typeof error === "string" ? { ...polled, error } as StreamEvent : (error as StreamEvent))
        if (polled.status !== "running") return hear({ done: polled.status })
      } catch (error) {
        if (signal.aborted || (error instanceof Refusal && error.status < 500)) throw error
        if (attempt === DELAYS.length) throw new Lost()
        await wait(DELAYS[attempt++]!, signal)
        continue
      }
      await wait(POLL, signal)
    }
  }

  private body(message: Outgoing): object {
    return {
      ...message,
      page: { url: location.href.slice(0, 2000), title: document.title.slice(0, 300) },
      ...(this.bot && { bot: this.bot }),
    }
  }

  private reply(place: Place, accept: string, signal: AbortSignal): Promise<Response> {
    const stream = accept === "text/event-stream"
    return this.call(
      `replies/${place.reply}/`,
      {
        headers: {
          Accept: accept,
          ...(stream && { "Last-Event-ID": String(place.offset), Prefer: "respond-async" }),
        },
        signal,
      },
      stream ? undefined : place.offset,
    )
  }

  private post(path: string, body: object, signal?: AbortSignal): Promise<Response> {
    return this.call(path, {
      method: "POST",
      headers: {
        "Content-Type": "application/json",
        ...(!path && { Accept: "text/event-stream", Prefer: "respond-async" }),
      },
      body: JSON.stringify(body),
      ...(signal && { signal }),
    })
  }

  private async call(path: string, init: RequestInit, after?: number): Promise<Response> {
    const url = new URL(path || this.base.href, this.base)
    if (this.bot && (path || init.method !== "POST")) url.searchParams.set("bot", this.bot)
    if (after !== undefined) url.searchParams.set("after", String(after))
    const response = await this.host().request(url.href, {
      credentials: "same-origin",
      cache: "no-store",
      ...init,
    })
    if (!response.ok) throw await refusal(response)
    return response
  }

  private async json<T>(response: Response): Promise<T> {
    try {
      return (await response.json()) as T
    } catch {
      throw broken()
    }
  }
}

/** Takes what is new of `text`, which ends at `end` where that is known, and moves `place`. */
function advance(place: Place, text: string, end: number): string {
  const length = countPoints(text)
  if (!(end >= 0)) end = place.offset + length
  const start = end - length
  if (start > place.offset) throw new Error("a piece of the text is missing")
  const fresh = text.slice(indexOfPoint(text, place.offset - start))
  place.offset = Math.max(place.offset, end)
  return fresh
}

async function silence<T>(reading: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout>
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error("silence")), SILENCE)
  })
  return Promise.race([reading, limit]).finally(() => clearTimeout(timer))
}
