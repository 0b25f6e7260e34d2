/** What the visitor and the assistant say to each other: loads, sends, follows, stops. */

import type { Strings } from "../i18n/strings"
import type { History, Services } from "../shared/contract"
import type { Emit } from "../shared/host"
import type { Memory } from "../shared/memory"
import { countPoints } from "../shared/offsets"
import type { Client } from "../transport/client"
import type { Decision, Outgoing } from "../transport/follow"
import { Refusal } from "../transport/http"
import type { Place } from "../transport/place"
import type { Conversation } from "./controls"
import { createEarlier } from "./earlier"
import { newsOf, takeOver, upTo, without } from "./history"
import { waitOf } from "./limits"
import { type ChatMessage, createMessage } from "./message"
import { createOutcome } from "./outcome"
import { createPending } from "./pending"
import { createReturns } from "./returns"
import { createRun, type Run } from "./run"
import type { Screen } from "./screen"

export interface ConversationOptions {
  client: Client
  memory: Memory
  screen: Screen
  strings: Strings
  emit: Emit
  /** Other tabs have to look again. */
  changed(): void
}

export function createConversation(options: ConversationOptions): Conversation {
  const { client, memory, screen, emit, changed, strings } = options
  const { say } = strings
  /** Where answers are whose connection did not come back. */
  const lost = new Map<ChatMessage, Place>()
  const outcome = createOutcome(options)
  const { report } = outcome
  const pending = createPending(memory, screen)
  const earlier = createEarlier(client, screen, report, (history) => {
    const shown = messages
    adopt(history)
    messages = [...messages, ...shown]
    screen.show(messages)
  })
  let messages: ChatMessage[] = []
  let running: Run | undefined
  let loading: Promise<void> | undefined
  let current: string | null = null
  let services: Services = {}
  /** Messages that were sent, to know whether any was while the history was on its way. */
  let sent = 0
  /** A stop whose reply is not known yet. */
  let stopping: Promise<unknown> | undefined

  async function follow(
    answer: ChatMessage,
    place: Place,
    outgoing?: Outgoing | Decision,
    undo?: (problem: unknown) => void,
  ): Promise<void> {
    const run = createRun(answer, place, { client, strings, screen, accepted })
    running = run
    memory.set({ running: true })
    screen.setRunning(true)
    const problem = await run.follow(outgoing)
    if (running !== run) return
    end()
    if (run.isForPerson) {
      messages = without(messages, [answer])
      screen.show(messages)
      if (!memory.values.person) await conversation.refresh()
    } else if (!problem) {
      outcome.finish(run)
      changed()
    } else if (undo && !run.isKnown) undo(problem)
    else if (problem instanceof Refusal && problem.status === 404) await conversation.refresh()
    else {
      lost.set(answer, place)
      answer.finish("interrupted", { text: say(problem instanceof Refusal ? "failed" : "lost"), retry: true })
      report(problem)
    }
  }

  /** The server has the message. */
  function accepted(): void {
    pending.accepted()
    changed()
  }

  function end(): void {
    running = undefined
    memory.set({ running: false })
    screen.setRunning(false)
  }

  /** Takes over what the server has, keeping what is drawn already. */
  function adopt(history: History): void {
    messages = takeOver(history.messages, messages)
    for (const message of messages) message.note ??= outcome.noteFor(message.status, message.error)
  }

  /** Shows what the server has; `recent` was written meanwhile, and is newer. */
  function show(history: History, recent: readonly ChatMessage[]): void {
    adopt(history)
    messages = [...without(messages, recent), ...recent]
    current = history.conversation
    earlier.set(history.before)
    const wait = waitOf(history.limits)
    if (!recent.length) screen.notice(wait ? { text: "", until: Date.now() + wait * 1000, mild: true } : undefined)
    screen.start(history.greeting, history.suggestions)
    services = history
    screen.services(history)
    screen.show(messages)
    if (recent.length) return
    pending.restore(messages)
    const answer = messages.find(({ id }) => id === history.running)
    if (answer) {
      void follow(answer, { reply: answer.id, offset: countPoints(answer.text) })
      return
    }
    const wasRunning = memory.values.running
    memory.set({ running: false })
    // the reply ended while no page was open to follow it
    const last = messages.at(-1)
    if (wasRunning && last?.role === "assistant") screen.arrived(last)
  }

  /** Shows what there is besides the assistant, in a conversation without a person. */
  function showWithoutPerson({ person = null, ...others }: Services): void {
    services = { ...others, person: person && { ...person, state: "none" } }
    screen.services(services)
  }

  /** Shows what is there before the server has been asked. */
  function showNothing(): void {
    messages = []
    screen.show(messages)
    earlier.set(null)
    screen.notice()
  }

  const returns = createReturns({
    screen,
    pending,
    report,
    refresh: () => conversation.refresh(),
    send: (text, replaces) => conversation.send(text, replaces),
  })

  const conversation: Conversation = {
    current: () => current,
    isEmpty: () => !messages.length,

    load() {
      loading ??= conversation.refresh()
      return loading
    },

    async refresh() {
      if (running) return
      if (memory.values.fresh) {
        current = null
        showNothing()
        pending.restore(messages)
        // what cannot be had now is told by the first message
        await client.history().then(showWithoutPerson, () => undefined)
        return
      }
      screen.setLoading(true)
      const sentBefore = sent
      try {
        const history = await client.history(memory.values.conversation)
        show(history, sent === sentBefore ? [] : messages)
      } catch (error) {
        loading = undefined
        if (memory.values.conversation && error instanceof Refusal && error.status === 404) {
          // it was deleted elsewhere
          memory.set({ conversation: undefined })
          await conversation.refresh()
        } else report(error, "unloaded", () => void conversation.load())
      } finally {
        screen.setLoading(false)
      }
    },

    earlier: () => earlier.load(current ?? undefined),

    async send(text, replaces) {
      if (running) return
      await stopping
      const outgoing = pending.begin(text, replaces)
      const { id } = outgoing
      const known = messages
      sent++
      // a message is a no to what is asked
      for (const message of messages) message.dropConfirmation()
      screen.notice()
      screen.sent(text)
      const question = createMessage({ id, role: "user", text })
      const answer = createMessage({ id: "", role: "assistant", text: "", status: "running" })
      answer.isNew = true
      messages = [...(replaces ? upTo(messages, replaces) : messages), question, answer]
      screen.show(messages)
      screen.follow(question)
      emit("site-chat:message", { id, text })
      await follow(answer, { offset: 0 }, outgoing, (problem) => {
        messages = known
        screen.show(messages)
        returns.message(outgoing, problem)
      })
    },

    async decide(answer, approve) {
      const { confirm, status, note } = answer
      if (running || !confirm) return
      answer.confirm = null
      answer.resume()
      const place = { reply: answer.id, offset: countPoints(answer.text) }
      await follow(answer, place, { id: confirm.id, approve }, (problem) =>
        returns.decision(answer, { confirm, status, note }, problem),
      )
    },

    receive(given) {
      const { fromAgents, hasMore } = newsOf(given, messages)
      messages = [...messages, ...fromAgents]
      if (fromAgents.length) screen.show(messages)
      for (const message of fromAgents) screen.arrived(message)
      // what another tab sent stands where the server has it
      if (hasMore) void conversation.refresh()
    },

    stop() {
      if (!running) return
      const { answer } = running
      const ending = running.stop()
      // until the server knows of the stop, it refuses the next message
      stopping = ending.then(changed, conversation.refresh).finally(() => {
        stopping = undefined
      })
      end()
      answer.stop(answer.shown?.() ?? countPoints(answer.text), { text: say("stopped"), retry: false })
      screen.say("stopped")
      emit("site-chat:reply", { id: answer.id, text: answer.text, status: "stopped" })
    },

    async retry(answer) {
      if (running) return
      const place = lost.get(answer)
      if (place) {
        lost.delete(answer)
        answer.resume()
        await follow(answer, place)
        return
      }
      await conversation.askAgain(answer)
    },

    async askAgain(answer) {
      const at = messages.indexOf(answer)
      const question = messages[at - 1]
      if (question) await conversation.send(question.text, at === messages.length - 1 ? question.id : undefined)
    },

    async rate(answer, rating, comment) {
      try {
        await client.rate(answer.id, rating, comment)
      } catch (error) {
        report(error, "lost")
        return false
      }
      emit("site-chat:rating", { id: answer.id, rating, comment })
      return true
    },

    report: (problem) => report(problem, "lost"),

    suspend() {
      running?.letGo()
      running = undefined
      screen.setRunning(false)
    },

    fresh() {
      conversation.suspend()
      end()
      current = null
      memory.set({ pending: undefined, fresh: true, conversation: undefined })
      showNothing()
      showWithoutPerson(services)
    },

    async open(id) {
      conversation.suspend()
      end()
      showWithoutPerson(services)
      memory.set({ pending: undefined, fresh: undefined, conversation: id })
      messages = []
      await conversation.refresh()
    },

    removed(id) {
      emit("site-chat:clear", null)
      if (id === current) conversation.fresh()
      changed()
    },
  }
  return conversation
}
