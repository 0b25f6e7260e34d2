/**
 * Gets updates of the conversation while the visitor waits for a person or a person answers: with a stream
 * if the server offers one, else by polling. A hidden tab polls, and so does a tab after two failures in a row.
 */

import type { PanelForExtras } from "../shared/extras-types"
import type { Updates } from "../shared/http-types"
import { refusalOf } from "./refusal-errors"

/** Milliseconds between two polls. */
const POLL_INTERVAL = 2000
/** Milliseconds between two polls in a hidden tab. */
const HIDDEN_POLL_INTERVAL = 10_000
/** Milliseconds after which a stream that ended is opened again. Servers end long streams. */
const REOPEN_DELAY = 500
/** Maximum milliseconds between two requests after failures, even if the server asks to wait longer. */
const MAX_PAUSE = 30_000
/** Milliseconds until the server must start to respond. */
const RESPONSE_TIMEOUT = 20_000

export interface UpdateListener {
  /** Follows the conversation that is shown, if it is not followed yet. */
  start(): void
  stop(): void
}

/** `onDeleted` is called when the conversation no longer exists. */
export function createUpdates(
  { call, readEvents, conversation }: Pick<PanelForExtras, "call" | "readEvents" | "conversation">,
  onUpdates: (updates: Updates) => void,
  onDeleted: () => void,
): UpdateListener {
  let running: AbortController | undefined
  let cursor: string | number | undefined
  let followed: string | undefined
  /** Aborts when the tab is hidden or shown. This ends the pause or the stream. */
  let tabChange = new AbortController()

  function take(updates: Updates): void {
    cursor = updates.cursor ?? cursor
    onUpdates(updates)
  }

  /** Sends one request. Returns the milliseconds until the next one. */
  async function request(signal: AbortSignal, mayStream: boolean): Promise<number> {
    const response = await call("updates/", {
      headers: { Accept: mayStream ? "text/event-stream" : "application/json" },
      query: { after: cursor, conversation: conversation() },
      timeout: RESPONSE_TIMEOUT,
      signal,
    })
    const listen = (updates: Updates): void => {
      if (!signal.aborted) take(updates)
    }
    if (/event-stream/.test(response.headers.get("Content-Type") ?? "")) {
      await readEvents(response, (event) => listen(event as Updates))
      return REOPEN_DELAY
    }
    listen((await response.json()) as Updates)
    return document.hidden ? HIDDEN_POLL_INTERVAL : POLL_INTERVAL
  }

  async function run(lifetime: AbortSignal): Promise<void> {
    let failures = 0
    while (!lifetime.aborted) {
      tabChange = new AbortController()
      const signal = AbortSignal.any([lifetime, tabChange.signal])
      let wait = 0
      try {
        wait = await request(signal, !document.hidden && failures < 2)
        failures = 0
      } catch (error) {
        if (lifetime.aborted) return
        if (refusalOf(error).status === 404) {
          stop()
          onDeleted()
          return
        }
        if (!tabChange.signal.aborted) wait = waitAfter(error, ++failures)
      }
      await pause(wait, signal)
    }
  }

  function start(): void {
    if (running && followed === conversation()) return
    stop()
    followed = conversation()
    running = new AbortController()
    void run(running.signal)
  }

  function stop(): void {
    running?.abort()
    running = undefined
    cursor = undefined
  }

  document.addEventListener("visibilitychange", () => tabChange.abort())
  return { start, stop }
}

/** Returns the milliseconds until the next request after a number of failures in a row. */
function waitAfter(error: unknown, failures: number): number {
  const seconds = refusalOf(error).detail.retry_after ?? 0
  return Math.min(MAX_PAUSE, Math.max(seconds * 1000, POLL_INTERVAL * 2 ** (failures - 1)))
}

/** Resolves after `delay` milliseconds, or as soon as `signal` aborts. */
function pause(delay: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer)
      signal.removeEventListener("abort", end)
      resolve()
    }
    const timer = setTimeout(end, delay)
    signal.addEventListener("abort", end)
    if (signal.aborted) end()
  })
}
