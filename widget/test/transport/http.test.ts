import { afterEach, beforeEach, expect, it, vi } from "vitest"

import { createClient } from "../../src/transport/client"

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

/** Returns a response whose headers arrive and whose body does not, as when a phone leaves the network. */
function stalled(signal: AbortSignal | null | undefined): Response {
  const start = (controller: ReadableStreamDefaultController): void => {
    controller.enqueue(new TextEncoder().encode('{"te'))
    signal?.addEventListener("abort", () => controller.error(signal.reason))
  }
  return new Response(new ReadableStream({ start }), { headers: { "Content-Type": "application/json" } })
}

it("polls again if the body of a poll does not arrive", async () => {
  let requests = 0
  const client = createClient({
    async request(_, init) {
      requests++
      return requests === 1 ? Response.json({ reply: "r1", message: "m1" }, { status: 202 }) : stalled(init.signal)
    },
    ...{ endpoint: "/api/chat/", bot: null, language: null },
  })
  const follower = { event: () => undefined, lost: () => undefined, waiting: () => undefined }
  const abort = new AbortController()
  const following = client.follow({ id: "1", message: "hi" }, { offset: 0 }, follower, abort.signal)
  const outcome = following.catch(() => undefined)
  await vi.advanceTimersByTimeAsync(60_000)
  abort.abort()
  await outcome
  expect(requests).toBeGreaterThan(2)
})

it("gives up a history whose body does not arrive", async () => {
  const client = createClient({
    request: async (_, init) => stalled(init.signal),
    ...{ endpoint: "/api/chat/", bot: null, language: null },
  })
  const outcome = client.history().then(
    () => "loaded",
    () => "failed",
  )
  await vi.advanceTimersByTimeAsync(60_000)
  expect(await outcome).toBe("failed")
})
