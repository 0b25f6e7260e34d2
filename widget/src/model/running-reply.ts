/**
 * One reply while it is running: its events, its end, and stopping it.
 *
 * How `stop` works depends on whether the id of the reply is known:
 *
 * - If it is known, `stop` closes the connection at once and stops the reply on the server.
 * - If not, the connection stays open, and `stop` waits. `handleEvent` then only looks for the id. The wait ends
 *   with the id, with the end of `follow`, or after MAX_STOP_WAIT. Then `stop` closes the connection, and stops the
 *   reply on the server if the id is known.
 */

import type { Strings } from "../i18n/strings"
import type { Status, StreamEvent } from "../shared/http-types"
import type { Client } from "../transport/client"
import type { Decision, Outgoing } from "../transport/follow"
import { Refusal } from "../transport/http"
import type { ReplyPosition } from "../transport/reply-position"
import type { ChatMessage } from "./message"
import type { Screen } from "./view-types"

export interface RunningReply {
  readonly answer: ChatMessage
  /** Whether the server has confirmed that it received the message or decision. */
  readonly isKnown: boolean
  /** The error event of the reply, if there was one. */
  readonly failure: StreamEvent | undefined
  /** The final status, once the reply has ended. */
  readonly status: Status
  /** Whether there is no reply because a person of the site answers. */
  readonly isForPerson: boolean
  /** Follows the reply. Resolves to undefined when the reply has ended, or to the error that prevented this. */
  follow(outgoing?: Outgoing | Decision): Promise<unknown>
  /**
   * Stops the reply on the server as soon as its id is known, and closes the connection. If the id is
   * not known within MAX_STOP_WAIT, only closes the connection.
   */
  stop(): Promise<unknown>
  /** Closes the connection. The reply continues on the server. */
  disconnect(): void
}

export interface RunningReplyOptions {
  client: Client
  strings: Strings
  screen: Screen
  /** Called when the server has confirmed the message. */
  accepted(): void
}

/** Milliseconds that a stop waits for the id of the reply. */
const MAX_STOP_WAIT = 10_000

export function createRunningReply(
  answer: ChatMessage,
  position: ReplyPosition,
  options: RunningReplyOptions,
): RunningReply {
  const { client, screen, accepted } = options
  const { translate, wait } = options.strings
  const abort = new AbortController()
  let failure: StreamEvent | undefined
  let done: StreamEvent["done"]
  let isLost = false
  let isKnown = false
  /** Set while a stop waits for the id of the reply. */
  let resolveStop: ((reply: string | undefined) => void) | undefined

  function handleIds({ reply, message }: StreamEvent): void {
    isKnown ||= !!(reply || message)
    if (reply ? reply === answer.id : !message) return
    answer.id = reply ?? ""
    accepted()
  }

  function handleEvent(event: StreamEvent): void {
    handleIds(event)
    if (resolveStop) {
      if (position.reply) resolveStop(position.reply)
      return
    }
    if (event.t) answer.append(event.t)
    if (event.status && event.text) answer.setActivity(event.text)
    if (event.source) answer.addSource(event.source)
    if (event.cite) answer.addCitation(event.cite)
    if (Array.isArray(event.suggestions)) answer.suggestions = event.suggestions.map(String)
    if (event.confirm) answer.confirm = event.confirm
    if (event.offer) answer.offer = event.offer
    if (event.error) failure = event
    done = event.done ?? done
  }

  function setLost(state: boolean): void {
    if (state === isLost && !state) return
    if (state) answer.setActivity(translate(navigator.onLine ? "reconnecting" : "offline"))
    else {
      answer.setActivity("")
      screen.announce("reconnected")
    }
    isLost = state
  }

  return {
    answer,
    get failure() {
      return failure
    },
    get isKnown() {
      return isKnown
    },
    get isForPerson() {
      return done === "person"
    },
    get status() {
      if (done && done !== "person" && done !== "complete") return done
      // an answer without text and without an open question counts as failed
      return failure || !(answer.text || answer.confirm) ? "failed" : "complete"
    },

    async follow(outgoing) {
      try {
        await client.follow(
          outgoing,
          position,
          {
            event: handleEvent,
            lost: setLost,
            waiting: (seconds) => answer.setActivity(translate("busy", { time: wait(seconds) })),
          },
          abort.signal,
        )
      } catch (error) {
        return error ?? new Error()
      } finally {
        resolveStop?.(position.reply)
      }
      if (outgoing && !position.reply && !done && !failure) {
        return new Refusal({ error: "server_error", message: "", retryable: true })
      }
      return undefined
    },

    async stop() {
      if (position.reply) {
        abort.abort()
        return client.stop(position.reply, answer.countDrawn?.() ?? 0)
      }
      const reply = await new Promise<string | undefined>((resolve) => {
        resolveStop = resolve
        setTimeout(resolve, MAX_STOP_WAIT)
      })
      abort.abort()
      return reply ? client.stop(reply, 0) : undefined
    },

    disconnect: () => abort.abort(),
  }
}
