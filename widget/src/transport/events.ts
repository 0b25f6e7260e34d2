/** Reads a stream of Server-Sent Events. */

import { createParser } from "eventsource-parser"
import type { StreamEvent } from "../shared/http-types"
import { isStream } from "./http"

/** Milliseconds without data after which the connection counts as lost. The server sends something every 5 s. */
const MAX_SILENCE = 25_000

/** The response is not a valid stream. */
export class InvalidResponse extends Error {}

export type ReadEvents = typeof readEvents

/**
 * Calls `onEvent` with each event of a stream, and with its id: the offset in the reply at which its text ends.
 * Returns true if the stream has ended with `[DONE]`, and false if it was cut off.
 *
 * Throws an InvalidResponse if the response is not a valid stream. Rejects with undefined if no data arrives
 * within MAX_SILENCE. Errors of `onEvent` and of the connection are not caught.
 */
export async function readEvents(
  response: Response,
  onEvent: (event: StreamEvent, end?: number) => void,
): Promise<boolean> {
  const reader = response.body?.getReader()
  if (!reader || !isStream(response)) throw new InvalidResponse()
  let done = false
  const parser = createParser({
    onEvent({ data, id }) {
      if (data === "[DONE]") done = true
      if (!done) onEvent(parseEvent(data), id ? Number(id) : undefined)
    },
  })
  const decoder = new TextDecoder()
  try {
    while (!done) {
      const chunk = await withinSilence(reader.read())
      if (chunk.done) break
      parser.feed(decoder.decode(chunk.value, { stream: true }))
    }
  } finally {
    reader.cancel().catch(() => undefined)
  }
  return done
}

/** Parses an event. Returns {} for JSON that is not an object. Throws an InvalidResponse if it is not JSON. */
function parseEvent(data: string): StreamEvent {
  try {
    const event: unknown = JSON.parse(data)
    return typeof event === "object" && event !== null ? event : {}
  } catch {
    throw new InvalidResponse()
  }
}

/** Rejects if `promise` does not settle within MAX_SILENCE. */
async function withinSilence<T>(promise: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const silence = new Promise<never>((_, reject) => {
    timer = setTimeout(reject, MAX_SILENCE)
  })
  try {
    return await Promise.race([promise, silence])
  } finally {
    clearTimeout(timer)
  }
}
