import { afterEach, beforeEach, describe, expect, it, vi } from "vitest"

import type { StreamEvent } from "../../src/shared/http-types"
import { createClient } from "../../src/transport/client"
import type { Decision, Outgoing } from "../../src/transport/follow"
import { Refusal, ResponseTimeout } from "../../src/transport/http"
import type { ReplyPosition } from "../../src/transport/reply-position"

type Answer = Response | Error | "silence"

function stream(...chunks: string[]): Response {
  return new Response(chunks.join(""), { headers: { "Content-Type": "text/event-stream; charset=utf-8" } })
}

const event = (data: object, id?: number): string =>
  `${id === undefined ? "" : `id: ${id}\n`}data: ${JSON.stringify(data)}\n\n`
const OPEN = `: open\n\n${event({ reply: "r1", message: "m1" })}`
const DONE = `${event({ done: "complete" })}data: [DONE]\n\n`

/** Follows a message through these answers of the server. */
const follow = (...answers: Answer[]) => send({ id: "1", message: "hi" }, { offset: 0 }, answers)
/** Follows a reply of ten characters through the visitor's decision. */
follow.decide = (decision: Decision, ...answers: Answer[]) => send(decision, { reply: "r1", offset: 10 }, answers)

async function send(outgoing: Outgoing | Decision, place: ReplyPosition, answers: Answer[]) {
  const requests: { url: string; init: RequestInit }[] = []
  const events: StreamEvent[] = []
  const lost: boolean[] = []
  const waits: number[] = []
  const client = createClient({
    async request(url, init) {
      requests.push({ url, init })
      const answer = answers.shift()
      if (answer === "silence")
        return new Promise((_, reject) => init.signal?.addEventListener("abort", () => reject(init.signal?.reason)))
      if (!answer || answer instanceof Error) throw answer ?? new TypeError("no network")
      return answer
    },
    endpoint: "/api/chat/",
    bot: "support",
    language: "de",
  })
  const following = client.follow(
    outgoing,
    place,
    {
      event: (event) => events.push(event),
      lost: (state) => lost.push(state),
      waiting: (seconds) => waits.push(seconds),
    },
    new AbortController().signal,
  )
  const outcome = following.then(
    () => undefined,
    (error: unknown) => error,
  )
  await vi.advanceTimersByTimeAsync(60_000)
  return { error: await outcome, requests, lost, waits, place, text: events.map(({ t }) => t ?? "").join(""), events }
}

const header = (request: { init: RequestInit } | undefined, name: string): string =>
  new Headers(request?.init.headers).get(name) ?? ""

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

describe("follow", () => {
  it("sends the message as the contract says", async () => {
    const { requests, text, error } = await follow(stream(OPEN, event({ t: "Hello" }, 5), DONE))
    expect(error).toBeUndefined()
    expect(text).toBe("Hello")
    expect(new URL(requests[0]?.url ?? "").pathname).toBe("/api/chat/")
    expect(JSON.parse(requests[0]?.init.body as string)).toMatchObject({ id: "1", message: "hi", bot: "support" })
    expect(header(requests[0], "Prefer")).toBe("respond-async")
  })

  it("resumes a cut stream after the last character, without gap or repetition", async () => {
    const { requests, text } = await follow(
      stream(OPEN, event({ t: "Hi 😀 th" }, 7)),
      stream(OPEN, event({ t: "😀 there" }, 10), DONE),
    )
    expect(text).toBe("Hi 😀 there")
    expect(requests[1]?.url).toContain("/api/chat/replies/r1/?bot=support&lang=de")
    expect(header(requests[1], "Last-Event-ID")).toBe("7")
  })

  it("polls a reply whose streams are cut after their first event", async () => {
    const polled = (): Response => Response.json({ text: "Hello", at: 5, status: "complete" })
    const { requests, text } = await follow(stream(OPEN), stream(OPEN), stream(OPEN), polled())
    expect(text).toBe("Hello")
    expect(requests.map((request) => header(request, "Accept"))).toEqual([
      ...["text/event-stream", "text/event-stream", "text/event-stream", "application/json"],
    ])
  })

  it("asks again for what is missing between two pieces", async () => {
    const { text } = await follow(
      stream(OPEN, event({ t: "ab" }, 2), event({ t: "ef" }, 6), DONE),
      stream(OPEN, event({ t: "cdef" }, 6), DONE),
    )
    expect(text).toBe("abcdef")
  })

  it("sends a message again, under the same id, whose answer never came", async () => {
    const { requests, text } = await follow(new TypeError("network"), stream(OPEN, event({ t: "a" }, 1), DONE))
    expect(requests[1]?.init.body).toBe(requests[0]?.init.body)
    expect(text).toBe("a")
  })

  it("polls where the server has no stream to spare", async () => {
    const { requests, text, events } = await follow(
      Response.json({ reply: "r1", message: "m1" }, { status: 202 }),
      Response.json({ reply: "r1", text: "ab", at: 2, status: "running", sources: [], citations: [] }),
      Response.json({
        reply: "r1",
        text: "cd",
        at: 4,
        status: "complete",
        sources: [{ n: 1, title: "T", url: "/t/" }],
        citations: [{ at: 4, n: 1 }],
      }),
    )
    expect(text).toBe("abcd")
    expect(header(requests[1], "Accept")).toBe("application/json")
    expect(requests[2]?.url).toContain("after=2")
    expect(events.slice(-3)).toEqual([{ t: "cd" }, { cite: { at: 4, n: 1 } }, { done: "complete" }])
  })

  it("gives up after a while, and says so", async () => {
    const { error, lost, requests } = await follow()
    expect(error).toBeInstanceOf(Error)
    expect(error).not.toBeInstanceOf(Refusal)
    expect(lost.every(Boolean)).toBe(true)
    expect(requests.length).toBe(7)
  })

  it("waits out a proxy whose server is gone", async () => {
    const bad = (): Response => new Response("<h1>502</h1>", { status: 502 })
    const { text, error } = await follow(bad(), bad(), stream(OPEN, event({ t: "a" }, 1), DONE))
    expect(error).toBeUndefined()
    expect(text).toBe("a")
  })

  it("throws a refusal with all that the server said of it", async () => {
    const body = { error: "rate_limited", message: "Slowly.", retryable: true, retry_after: 300 }
    const { error } = await follow(Response.json(body, { status: 429 }))
    expect((error as Refusal).detail).toEqual(body)
    expect((error as Refusal).status).toBe(429)
  })

  it("reads the time to wait from a proxy's header", async () => {
    const { error } = await follow(new Response("", { status: 429, headers: { "Retry-After": "120" } }))
    expect((error as Refusal).detail.retry_after).toBe(120)
    expect((error as Refusal).isFromChat).toBe(false)
  })

  it("reads the time to wait from a date", async () => {
    const date = new Date(Date.now() + 120_000).toUTCString()
    const { error } = await follow(new Response("", { status: 429, headers: { "Retry-After": date } }))
    expect((error as Refusal).detail.retry_after).toBeGreaterThan(118)
    expect((error as Refusal).detail.retry_after).toBeLessThan(121)
  })

  it.each(["{broken", "<html>"])("broken JSON (%s) is a refusal", async (data) => {
    const { error } = await follow(stream(OPEN, `data: ${data}\n\n`))
    expect(error).toBeInstanceOf(Refusal)
  })

  it("ignores what it does not know", async () => {
    const { text, error } = await follow(
      stream(
        OPEN,
        "event: x\nid: 1\ndata: null\n\n",
        "data: 5\n\nfoo: bar\n\n",
        event({ new: 1 }),
        event({ t: "a" }),
        DONE,
      ),
    )
    expect(error).toBeUndefined()
    expect(text).toBe("a")
  })

  it("sends the language of the page, and the bot once", async () => {
    const { requests } = await follow(stream(OPEN, DONE))
    expect(new URL(requests[0]?.url ?? "").search).toBe("?lang=de")
  })

  it("asks a busy server again after the time that it gives, and some more", async () => {
    const busy = (): Response => Response.json({ error: "overloaded", message: "", retry_after: 5 }, { status: 503 })
    const { requests, waits, text } = await follow(busy(), busy(), stream(OPEN, event({ t: "a" }, 1), DONE))
    expect(text).toBe("a")
    expect(requests[2]?.init.body).toBe(requests[0]?.init.body)
    expect(waits).toHaveLength(2)
    for (const seconds of waits) expect(seconds).toBeGreaterThanOrEqual(5)
    expect(new Set(waits).size).toBe(2)
  })

  it("does not wait for a budget", async () => {
    const body = { error: "budget_exhausted", message: "Tomorrow.", retry_after: 5 }
    const { error, requests } = await follow(Response.json(body, { status: 429 }))
    expect((error as Refusal).detail.error).toBe("budget_exhausted")
    expect(requests).toHaveLength(1)
  })

  it("gives a message up to which the server says nothing", async () => {
    const { error, requests } = await follow("silence")
    expect(error).toBeInstanceOf(ResponseTimeout)
    expect(requests).toHaveLength(1)
  })

  describe("a question whether a tool may run", () => {
    const decision = { id: "k", approve: true }
    const rest = (): Response => stream(OPEN, event({ t: "Done." }, 15), DONE)

    it("is answered, and the reply goes on", async () => {
      const { requests, text } = await follow.decide(decision, rest())
      expect(new URL(requests[0]?.url ?? "").pathname).toBe("/api/chat/replies/r1/confirm/")
      expect(JSON.parse(requests[0]?.init.body as string)).toEqual(decision)
      expect(text).toBe("Done.")
      expect(requests).toHaveLength(1)
    })

    it("that was answered before is not answered again", async () => {
      const decided = Response.json({ error: "already_decided", message: "" }, { status: 409 })
      const { requests, text } = await follow.decide(decision, new TypeError("network"), decided, rest())
      expect(requests.map(({ init }) => init.method ?? "GET")).toEqual(["POST", "POST", "GET"])
      expect(text).toBe("Done.")
    })

    it.each([
      [404, "not_found"],
      [409, "already_decided"],
    ])("that is no longer open is refused (%j)", async (status, error) => {
      const answer = Response.json({ error, message: "Too late." }, { status })
      expect((await follow.decide(decision, answer)).error).toMatchObject({ status, detail: { error } })
    })

    it("goes on by polling", async () => {
      const { requests, text } = await follow.decide(
        decision,
        Response.json({ reply: "r1", message: "m1" }, { status: 202 }),
        Response.json({ text: "Done.", at: 15, status: "complete", confirm: { id: "l", text: "And?" } }),
      )
      expect(requests[1]?.url).toContain("after=10")
      expect(text).toBe("Done.")
    })
  })

  it("knows suggestions, while streaming and while polling", async () => {
    const { events } = await follow(
      Response.json({ reply: "r1", message: "m1" }, { status: 202 }),
      Response.json({ text: "a", at: 1, status: "complete", suggestions: ["What else?"] }),
    )
    expect(events).toContainEqual({ suggestions: ["What else?"] })
  })
})
