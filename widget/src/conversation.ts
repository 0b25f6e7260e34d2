/** What the visitor and the assistant say to each other: loads, sends, follows, stops, forgets. */

import { Refusal, type Client, type Outgoing, type Place } from "./client"
import type { Memory } from "./memory"
import { createMessage, type Actions, type MessageView } from "./message"
import { countPoints } from "./offsets"
import type { Panel } from "./panel"
import type { Emit, Message, Status, StreamEvent } from "./types"

export interface ConversationOptions {
  client: Client
  memory: Memory
  panel: Panel
  actions: Omit<Actions, "rate" | "retry">
  emit: Emit
  /** A reply came to its end. */
  arrived(view: MessageView): void
  /** Other tabs have to look again. */
  changed(): void
}

export interface Conversation {
  /** Loads what was said before, once. */
  load(): Promise<void>
  /** Shows what the server has. A reply that is being followed here is left alone. */
  refresh(): Promise<void>
  send(text: string): Promise<void>
  stop(): void
  /** Lets go of the running reply, which lives on at the server. */
  suspend(): void
  forget(): Promise<void>
}

interface Running {
  view: MessageView
  place: Place
  abort: AbortController
  stopping?: boolean
  failure?: StreamEvent
  ended?: Status
}

/** A random UUID: browsers end a blob's address with one. Without TLS they have no randomUUID. */
function uuid(): string {
  return URL.createObjectURL(new Blob()).slice(-36)
}

export function createConversation(options: ConversationOptions): Conversation {
  const { client, memory, panel, emit, arrived, changed } = options
  const { composer, scroller } = panel
  const { say } = options.actions.strings
  const lost = new Map<MessageView, Place>()
  let views: MessageView[] = []
  let running: Running | undefined
  let loading: Promise<void> | undefined

  const actions: Actions = {
    ...options.actions,
    async rate(view, rating, comment) {
      try {
        await client.rate(view.id, rating, comment)
        emit("site-chat:rating", { id: view.id, rating, comment })
        if (comment) actions.say(say("thanks"))
        return true
      } catch (error) {
        refused(error, "lost")
        return false
      }
    },
    retry(view) {
      const place = lost.get(view)
      if (running) return
      if (place) {
        lost.delete(view)
        view.resume()
        void run(view, place)
      } else void conversation.send(views[views.indexOf(view) - 1]!.text)
    },
  }

  const create = (message: Partial<Message> & Pick<Message, "id" | "role" | "text">): MessageView =>
    createMessage({ status: "complete", sources: [], citations: [], rating: 0, ...message }, actions)

  async function run(view: MessageView, place: Place, message?: Outgoing): Promise<void> {
    const current: Running = { view, place, abort: new AbortController() }
    running = current
    memory.set({ running: true })
    composer.setRunning(true)
    let problem
    try {
      await client.follow(message, place, {
        event: (event) => hear(current, event),
        lost: (state) => view.doing(state ? say(navigator.onLine ? "reconnecting" : "offline") : ""),
      }, current.abort.signal)
    } catch (error) {
      problem = error
    }
    if (current.abort.signal.aborted) return
    end()
    if (!problem) finish(current)
    else if (message && !place.reply) giveBack(view, message.message, problem)
    else if (problem instanceof Refusal && problem.status === 404) await conversation.refresh()
    else {
      lost.set(view, place)
      view.finish("interrupted", { text: say(problem instanceof Refusal ? "failed" : "lost"), retry: true })
      refused(problem)
    }
  }

  function hear(current: Running, event: StreamEvent): void {
    const { view } = current
    if (event.reply && event.reply !== view.id) {
      view.id = event.reply
      memory.set({ pending: undefined })
      changed()
      if (current.stopping) conversation.stop()
    }
    if (event.t) view.append(event.t)
    if (event.status && event.text) view.doing(event.text)
    if (event.source) view.source(event.source)
    if (event.cite) view.cite(event.cite)
    if (event.error) current.failure = event
    current.ended = event.done ?? current.ended!
  }

  function end(): void {
    running = undefined
    memory.set({ running: false })
    composer.setRunning(false)
  }

  function finish({ view, failure, ended }: Running): void {
    const status = ended ?? (failure ? "failed" : "complete")
    if (failure) {
      const { error, message, retryable, retry_after } = failure
      const text = message || say("failed")
      view.finish(status, { text, retry: !!retryable })
      emit("site-chat:error", { ...failure, error: error!, message: text })
      if (retry_after) panel.notice({ text, until: Date.now() + retry_after * 1000 })
    } else view.finish(status)
    emit("site-chat:reply", { id: view.id, text: view.text, status })
    arrived(view)
    changed()
  }

  /** The message was not accepted: it goes back to where it was written. */
  function giveBack(answer: MessageView, text: string, error: unknown): void {
    views.splice(views.indexOf(answer) - 1, 2)
    panel.show(views)
    composer.set([text, composer.input.value].filter(Boolean).join("\n"))
    if (error instanceof Refusal) {
      memory.set({ pending: undefined })
      if (error.detail.error === "busy") return void conversation.refresh().then(() => refused(error))
    }
    refused(error, "lost", composer.send)
  }

  /** Says what went wrong; `word` where the connection did, undefined where that is said already. */
  function refused(error: unknown, word?: "lost" | "unloaded", retry?: () => void): void {
    const detail = error instanceof Refusal ? error.detail : undefined
    const text = detail ? detail.message || say("failed") : say(navigator.onLine ? (word ?? "lost") : "offline")
    emit("site-chat:error", { retryable: true, error: "connection_lost", ...detail, message: text })
    if (!word && !detail?.message) return
    const until = detail?.retry_after && Date.now() + detail.retry_after * 1000
    const again = !detail || (error as Refusal).status >= 500
    panel.notice({ text, until, retry: again && !until ? retry : undefined })
  }

  const conversation: Conversation = {
    load() {
      loading ??= conversation.refresh()
      return loading
    },

    async refresh() {
      if (running) return
      let history
      try {
        history = await client.history()
      } catch (error) {
        loading = undefined
        return refused(error, "unloaded", () => void conversation.load())
      }
      if (running) return
      const wait = Math.max(0, ...(history.limits ?? []).map(({ left, resets_in }) => (left ? 0 : resets_in)))
      panel.notice(wait ? { text: "", until: Date.now() + wait * 1000 } : undefined)
      const messages = history.messages
      views = messages.map((message) => {
        const known = views.find(({ id, element }) => id === message.id && element.matches(`.${message.role}`))
        const same = known?.text === message.text && known.status === message.status && known.rating === message.rating
        return same ? known : create(message)
      })
      panel.start(history.greeting, history.suggestions)
      panel.show(views)
      const { pending } = memory.values
      if (pending) {
        if (messages.some(({ id }) => id === pending.id)) memory.set({ pending: undefined })
        else if (!composer.input.value) composer.set(pending.text)
      }
      const view = views.find(({ id }) => id === history.running)
      if (view) void run(view, { reply: view.id, offset: countPoints(view.text) })
      else memory.set({ running: false })
    },

    async send(text) {
      if (running) return
      const { pending } = memory.values
      const id = pending?.text === text ? pending.id : uuid()
      memory.set({ pending: { id, text } })
      panel.notice()
      if (composer.input.value.trim() === text) composer.set("")
      const answer = create({ id: "", role: "assistant", text: "", status: "running" })
      views.push(create({ id, role: "user", text }), answer)
      panel.show(views)
      scroller.toEnd()
      emit("site-chat:message", { id, text })
      await run(answer, { offset: 0 }, { id, message: text })
    },

    stop() {
      if (!running) return
      const { view, place: { reply }, abort } = running
      if (!reply) {
        running.stopping = true
        return
      }
      abort.abort()
      view.stop()
      end()
      client.stop(reply, view.shown()).then(changed, conversation.refresh)
      emit("site-chat:reply", { id: view.id, text: view.text, status: "stopped" })
    },

    suspend() {
      running?.abort.abort()
      running = undefined
      composer.setRunning(false)
    },

    async forget() {
      try {
        await client.forget()
      } catch (error) {
        return refused(error, "lost", () => void conversation.forget())
      }
      conversation.suspend()
      end()
      memory.set({ pending: undefined })
      views = []
      panel.show(views)
      panel.notice()
      emit("site-chat:clear", null)
      changed()
    },
  }
  return conversation
}
