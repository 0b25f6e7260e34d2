/** Follows the running reply to its end, stops it, and resumes it after a lost connection. */

import type { Strings } from "../i18n/strings"
import type { Emit } from "../shared/launcher-types"
import { countPoints } from "../shared/offsets"
import type { Memory } from "../shared/tab-storage"
import type { Client } from "../transport/client"
import type { Decision, Outgoing } from "../transport/follow"
import { Refusal } from "../transport/http"
import type { ReplyPosition } from "../transport/reply-position"
import type { ChatMessage } from "./message"
import type { ReplyEnd } from "./reply-end"
import { createRunningReply, type RunningReply } from "./running-reply"
import type { Screen } from "./view-types"

export interface Following {
  /** Returns whether a reply is followed now. */
  isRunning(): boolean
  /**
   * Resolves when the last stop has succeeded or failed. Until then, the server refuses the next message.
   * Returns undefined if no stop is in progress.
   */
  stopped(): Promise<unknown> | undefined
  /**
   * Sends a message or decision if there is one, and follows the reply to its end. If an error occurs before the
   * server has confirmed the message or decision, calls `undo` instead of showing the error.
   */
  follow(
    answer: ChatMessage,
    position: ReplyPosition,
    outgoing?: Outgoing | Decision,
    undo?: (problem: unknown) => void,
  ): Promise<void>
  /** Follows a reply to its end if its connection was lost. Otherwise resolves to false immediately. */
  resume(answer: ChatMessage): Promise<boolean>
  /** Stops the running reply, and shows it as stopped. */
  stop(): void
  /** Closes the connection. The reply continues on the server, and on the next page. */
  suspend(): void
  /** Closes the connection, because another conversation is shown. The next page does not follow the reply. */
  leave(): void
}

export interface FollowingOptions {
  client: Client
  memory: Memory
  screen: Screen
  strings: Strings
  emit: Emit
  replyEnd: ReplyEnd
  /** Called when the server has confirmed the message. */
  accepted(): void
  /** Called when other tabs must refresh. */
  changed(): void
  /** Removes the empty answer if a person answers instead of the assistant. */
  remove(answer: ChatMessage): void
  /** Loads and shows the conversation again. */
  refresh(): Promise<void>
}

export function createFollowing(options: FollowingOptions): Following {
  const { client, memory, screen, strings, emit, replyEnd, accepted, changed, remove, refresh } = options
  const { translate } = strings
  /** Answers whose connection was lost, with the positions at which to resume. */
  const lost = new Map<ChatMessage, ReplyPosition>()
  let running: RunningReply | undefined
  let stopping: Promise<unknown> | undefined

  function end(): void {
    running = undefined
    memory.set({ running: false })
    screen.setRunning(false)
  }

  const following: Following = {
    isRunning: () => !!running,
    stopped: () => stopping,

    async follow(answer, position, outgoing, undo) {
      const run = createRunningReply(answer, position, { client, strings, screen, accepted })
      running = run
      memory.set({ running: true })
      screen.setRunning(true)
      const problem = await run.follow(outgoing)
      if (running !== run) return
      end()
      if (run.isForPerson) {
        remove(answer)
        if (!memory.values.person) await refresh()
      } else if (!problem) {
        replyEnd.finish(run)
        changed()
      } else if (undo && !run.isKnown) undo(problem)
      else if (problem instanceof Refusal && problem.status === 404) await refresh()
      else {
        lost.set(answer, position)
        answer.finish("interrupted", { text: translate(problem instanceof Refusal ? "failed" : "lost"), retry: true })
        replyEnd.report(problem)
      }
    },

    async resume(answer) {
      const position = lost.get(answer)
      if (!position) return false
      lost.delete(answer)
      answer.resume()
      await following.follow(answer, position)
      return true
    },

    stop() {
      if (!running) return
      const { answer } = running
      stopping = running
        .stop()
        .then(changed, refresh)
        .finally(() => {
          stopping = undefined
        })
      end()
      answer.stop(answer.countDrawn?.() ?? countPoints(answer.text), { text: translate("stopped"), retry: false })
      screen.announce("stopped")
      emit("site-chat:reply", { id: answer.id, text: answer.text, status: "stopped" })
    },

    suspend() {
      running?.disconnect()
      running = undefined
      screen.setRunning(false)
    },

    leave() {
      following.suspend()
      end()
    },
  }
  return following
}
