import { afterEach, beforeEach, describe, expect, it, vi } from "vitest"

import { createClient, Refusal, type Place } from "../src/client"
import type { StreamEvent } from "../src/types"

type Answer = Response | Error

function stream(...chunks: string[]): Response {
  return new Response(chunks.join(""), { headers: { "Content-Type": "text/event-stream; charset=utf-8" } })
}

const event = (data: object, id?: number): string => `${id === undefined ? "" : `id: ${id}\n`}data: ${JSON.stringify(data)}\n\n`
const OPEN = ": open\n\n" + event({ reply: "r1", message: "m1" })
const DONE = event({ done: "complete" }) + "data: [DONE]\n\n"

/** Follows a message through these answers of the server. */
async function follow(...answers: Answer[]) {
  const requests: { url: string; init: RequestInit }[] = []
  const events: StreamEvent[] = []
  const lost: boolean[] = []
  const client = createClient(
    async (url, init) => {
      requests.push({ url, init })
      const answer = answers.shift()
      if (!answer || answer instanceof Error) throw answer ?? new TypeError("no network")
      return answer
    },
    "/api/chat/",
    "support",
  )
  const place: Place = { offset: 0 }
  const following = client.follow(
    { id: "1", message: "hi" },
    place,
    { event: (event) => events.push(event), lost: (state) => lost.push(state) },
    new AbortController().signal,
  )
  const outcome = following.then(() => undefined, (error: unknown) => error)
  await vi.advanceTimersByTimeAsync(60_000)
  return { error: await outcome, requests, lost, place, text: events.map(({ t }) => t ?? "").join(""), events }
}

const header = (request: { init: RequestInit }, name: string): string => (request.init.headers as Record<string, string>)[name]!

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

describe("follow", () => {
  it("sends the message as the contract says", async () => {
    const { requests, text, error } = await follow(stream(OPEN, event({ t: "Hello" }, 5), DONE))
    expect(error).toBeUndefined()
    expect(text).toBe("Hello")
    expect(new URL(requests[0]!.url).pathname).toBe("/api/chat/")
    expect(JSON.parse(requests[0]!.init.body as string)).toMatchObject({ id: "1", message: "hi", bot: "support" })
    expect(header(requests[0]!, "Prefer")).toBe("respond-async")
  })

  it("resumes a cut stream after the last character, without gap or repetition", async () => {
    const { requests, text } = await follow(
      stream(OPEN, event({ t: "Hi 😀 th" }, 7)),
      stream(OPEN, event({ t: "😀 there" }, 10), DONE),
    )
    expect(text).toBe("Hi 😀 there")
    expect(requests[1]!.url).toContain("/api/chat/replies/r1/?bot=support")
    expect(header(requests[1]!, "Last-Event-ID")).toBe("7")
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
    expect(requests[1]!.init.body).toBe(requests[0]!.init.body)
    expect(text).toBe("a")
  })

  it("polls where the server has no stream to spare", async () => {
    const { requests, text, events } = await follow(
      Response.json({ reply: "r1", message: "m1" }, { status: 202 }),
      Response.json({ reply: "r1", text: "ab", at: 2, status: "running", sources: [], citations: [] }),
      Response.json({
        reply: "r1", text: "cd", at: 4, status: "complete",
        sources: [{ n: 1, title: "T", url: "/t/" }], citations: [{ at: 4, n: 1 }],
      }),
    )
    expect(text).toBe("abcd")
    expect(header(requests[1]!, "Accept")).toBe("application/json")
    expect(requests[2]!.url).toContain("after=2")
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
    const body = { error: "rate_limited", message: "Slowly.", retryable: true, retry_after: 30 }
    const { error } = await follow(Response.json(body, { status: 429 }))
    expect((error as Refusal).detail).toEqual(body)
    expect((error as Refusal).status).toBe(429)
  })

  it("reads the time to wait from a proxy's header", async () => {
    const { error } = await follow(new Response("", { status: 429, headers: { "Retry-After": "12" } }))
    expect((error as Refusal).detail.retry_after).toBe(12)
    expect((error as Refusal).ours).toBe(false)
  })

  it.each(["{broken", "<html>"])("broken JSON (%s) is a refusal", async (data) => {
    const { error } = await follow(stream(OPEN, `data: ${data}\n\n`))
    expect(error).toBeInstanceOf(Refusal)
  })

  it("ignores what it does not know", async () => {
    const { text, error } = await follow(
      stream(OPEN, "event: x\nid: 1\ndata: null\n\n", "data: 5\n\nfoo: bar\n\n", event({ new: 1 }), event({ t: "a" }), DONE),
    )
    expect(error).toBeUndefined()
    expect(text).toBe("a")
  })
})
