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
 * Calls `onEvent` with each event of a stream, and with its id: the offset of the end of its text. Returns
 * true at the end of the stream, false if the stream was cut off.
 *
 * Throws an InvalidResponse if the response is not a valid stream. Rejects with undefined if no data arrives
 * within MAX_SILENCE.
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

/** Parses an event. JSON that is not an object is treated as an unknown event. Other text is an InvalidResponse. */
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
