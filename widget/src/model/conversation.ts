/** The visitor's conversation: loads it, sends messages, and switches to another one. */

import type { Strings } from "../i18n/strings"
import type { History, Services } from "../shared/http-types"
import type { Emit } from "../shared/launcher-types"
import { countPoints } from "../shared/offsets"
import type { Memory } from "../shared/tab-storage"
import type { Client } from "../transport/client"
import { Refusal } from "../transport/http"
import type { Conversation } from "./conversation-types"
import { createEarlier } from "./earlier-messages"
import { createFollowing } from "./following"
import { messagesBefore, newMessages, reuseMessages, without } from "./history"
import { type ChatMessage, createMessage } from "./message"
import { createPending } from "./pending"
import { createRefusedMessages } from "./refused-messages"
import { createReplyEnd } from "./reply-end"
import type { Screen } from "./view-types"
import { secondsToWait } from "./visitor-limits"

export interface ConversationOptions {
  client: Client
  memory: Memory
  screen: Screen
  strings: Strings
  emit: Emit
  /** Called when other tabs must refresh. */
  changed(): void
}

export function createConversation(options: ConversationOptions): Conversation {
  const { client, memory, screen, emit, changed } = options
  const replyEnd = createReplyEnd(options)
  const { report } = replyEnd
  const pending = createPending(memory, screen)
  const earlier = createEarlier(client, screen, report, (history) => {
    const shown = messages
    adopt(history)
    messages = [...messages, ...shown]
    screen.show(messages)
  })
  const following = createFollowing({
    ...options,
    replyEnd,
    accepted() {
      pending.accepted()
      changed()
    },
    remove(answer) {
      messages = without(messages, [answer])
      screen.show(messages)
    },
    refresh: () => conversation.refresh(),
  })
  let messages: ChatMessage[] = []
  let loading: Promise<void> | undefined
  let current: string | null = null
  /** What the site offers besides the assistant, according to the last response of the server. */
  let services: Services = {}
  /** The number of sent messages. If it changes while the history is loading, a message was sent meanwhile. */
  let sent = 0
  /** Incremented when other content must be shown. Histories that were requested earlier are ignored. */
  let generation = 0

  /** Replaces the messages with those of the server. Unchanged messages stay the same objects. */
  function adopt(history: History): void {
    messages = reuseMessages(history.messages, messages)
    for (const message of messages) message.note ??= replyEnd.noteFor(message.status, message.error)
  }

  /**
   * Shows the server's history. If a message was sent while the history was loading, `recent` are the messages
   * that are shown now. They stay at the end. Otherwise `recent` is empty.
   */
  function show(history: History, recent: readonly ChatMessage[]): void {
    adopt(history)
    messages = [...without(messages, recent), ...recent]
    current = history.conversation
    earlier.set(history.before)
    const wait = secondsToWait(history.limits)
    if (!recent.length) screen.showNotice(wait ? { text: "", until: Date.now() + wait * 1000, mild: true } : undefined)
    screen.greet(history.greeting, history.suggestions)
    services = history
    screen.showServices(history)
    screen.show(messages)
    if (recent.length) return
    pending.restore(messages)
    const answer = messages.find(({ id }) => id === history.running)
    if (answer) {
      void following.follow(answer, { reply: answer.id, offset: countPoints(answer.text) })
      return
    }
    const wasRunning = memory.values.running
    memory.set({ running: false })
    // the reply ended while the visitor went from one page to the next
    const last = messages.at(-1)
    if (wasRunning && last?.role === "assistant") screen.arrived(last)
  }

  /** Shows what the site offers, for a conversation that no person has joined. */
  function showWithoutPerson({ person = null, ...others }: Services): void {
    services = { ...others, person: person && { ...person, state: "none" } }
    screen.showServices(services)
  }

  /** Shows an empty conversation. */
  function showNothing(): void {
    messages = []
    screen.show(messages)
    earlier.set(null)
    screen.showNotice()
  }

  const refused = createRefusedMessages({
    screen,
    pending,
    report,
    refresh: () => conversation.refresh(),
    send: (text, replaces) => conversation.send(text, replaces),
  })

  const conversation: Conversation = {
    current: () => current,
    isEmpty: () => !messages.length,
    earlier: () => earlier.load(current ?? undefined),
    report: (problem) => report(problem, "lost"),
    stop: following.stop,
    suspend: following.suspend,

    load() {
      loading ??= conversation.refresh()
      return loading
    },

    async refresh() {
      if (following.isRunning()) return
      const ownGeneration = ++generation
      if (memory.values.fresh) {
        current = null
        showNothing()
        pending.restore(messages)
        // an error is ignored, because the first message will report it
        const history = await client.history().catch(() => undefined)
        if (history && ownGeneration === generation) showWithoutPerson(history)
        return
      }
      screen.setLoading(true)
      const sentBefore = sent
      try {
        const history = await client.history(memory.values.conversation)
        if (ownGeneration === generation) show(history, sent === sentBefore ? [] : messages)
      } catch (error) {
        if (ownGeneration !== generation) return
        loading = undefined
        if (memory.values.conversation && error instanceof Refusal && error.status === 404) {
          // the conversation was deleted in another tab or on another device
          memory.set({ conversation: undefined })
          await conversation.refresh()
        } else report(error, "unloaded", () => void conversation.load())
      } finally {
        if (ownGeneration === generation) screen.setLoading(false)
      }
    },

    async send(text, replaces) {
      if (following.isRunning()) return
      await following.stopped()
      // another message was sent during this wait
      if (following.isRunning()) return
      const outgoing = pending.begin(text, replaces)
      const { id } = outgoing
      const previous = messages
      sent++
      // a new message declines open confirmations
      for (const message of messages) message.dropConfirmation()
      screen.showNotice()
      screen.clearSent(text)
      const question = createMessage({ id, role: "user", text })
      const answer = createMessage({ id: "", role: "assistant", text: "", status: "running" })
      answer.isNew = true
      messages = [...(replaces ? messagesBefore(messages, replaces) : messages), question, answer]
      screen.show(messages)
      screen.scrollToQuestion(question)
      emit("site-chat:message", { id, text })
      await following.follow(answer, { offset: 0 }, outgoing, (problem) => {
        messages = previous
        screen.show(messages)
        refused.restoreMessage(outgoing, problem)
      })
    },

    async decide(answer, approve) {
      const { confirm, status, note } = answer
      if (following.isRunning() || !confirm) return
      generation++
      screen.setLoading(false)
      answer.confirm = null
      answer.resume()
      const position = { reply: answer.id, offset: countPoints(answer.text) }
      await following.follow(answer, position, { id: confirm.id, approve }, (problem) =>
        refused.restoreConfirmation(answer, { confirm, status, note }, problem),
      )
    },

    receive(given) {
      const { fromAgents, hasMore } = newMessages(given, messages)
      messages = [...messages, ...fromAgents]
      if (fromAgents.length) screen.show(messages)
      for (const message of fromAgents) screen.arrived(message)
      // other new messages are from other tabs: load them in the server's order
      if (hasMore) void conversation.refresh()
    },

    async retry(answer) {
      if (following.isRunning()) return
      if (!(await following.resume(answer))) await conversation.askAgain(answer)
    },

    async askAgain(answer) {
      const index = messages.indexOf(answer)
      const question = messages[index - 1]
      if (question) await conversation.send(question.text, index === messages.length - 1 ? question.id : undefined)
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

    startNew() {
      following.leave()
      generation++
      screen.setLoading(false)
      current = null
      memory.set({ pending: undefined, fresh: true, conversation: undefined })
      showNothing()
      showWithoutPerson(services)
    },

    async open(id) {
      following.leave()
      showWithoutPerson(services)
      memory.set({ pending: undefined, fresh: undefined, conversation: id })
      messages = []
      earlier.set(null)
      await conversation.refresh()
    },

    conversationDeleted(id) {
      emit("site-chat:clear", null)
      if (id === current) conversation.startNew()
      changed()
    },
  }
  return conversation
}
