/** What the visitor and the assistant say to each other: loads, sends, follows, stops, forgets. */

import { Lost, Refusal, offline, type Client, type Place } from "./client"
import { MessageView, type MessageActions } from "./message"
import type { Memory } from "./memory"
import type { Panel } from "./panel"
import type { Strings } from "./strings"
import type { History, SiteChatEvents, Status, StreamEvent } from "./types"

export interface ConversationOptions {
  client: Client
  memory: Memory
  panel: Panel
  strings: Strings
  actions: Omit<MessageActions, "rate" | "retry">
  emit<K extends keyof SiteChatEvents>(name: K, detail: SiteChatEvents[K]["detail"]): void
  /** A reply came to its end. */
  arrived(view: MessageView): void
  /** Other tabs have to look again. */
  changed(): void
}

interface Running {
  view: MessageView
  place: Place
  abort: AbortController
  stopping?: boolean
  failure?: StreamEvent
  ended?: Status
}

/** `crypto.randomUUID` is missing on sites without TLS. */
function uuid(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  bytes[6] = (bytes[6]! & 0x0f) | 0x40
  bytes[8] = (bytes[8]! & 0x3f) | 0x80
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")
  return hex.replace(/(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-")
}

const MESSAGE = { status: "complete" as Status, sources: [], citations: [], rating: 0 }

export class Conversation {
  private views: MessageView[] = []
  private running: Running | undefined
  private loading: Promise<void> | undefined
  private readonly lost = new Map<MessageView, Place>()
  private readonly actions: MessageActions

  constructor(private readonly options: ConversationOptions) {
    this.actions = {
      ...options.actions,
      rate: (view, rating, comment) => this.rate(view, rating, comment),
      retry: (view) => this.retry(view),
    }
  }

  get busy(): boolean {
    return !!this.running
  }

  /** Loads what was said before, once. */
  load(): Promise<void> {
    this.loading ??= this.refresh()
    return this.loading
  }

  /** Shows what the server has. A reply that is being followed here is left alone. */
  async refresh(): Promise<void> {
    const { client, panel, strings } = this.options
    if (this.running) return
    let history: History
    try {
      history = await client.history()
    } catch (error) {
      this.loading = undefined
      this.refused(error, strings.say("unloaded"), () => void this.load())
      return
    }
    if (this.running) return
    panel.notice(undefined)
    this.show(history)
  }

  private show(history: History): void {
    const { panel, memory } = this.options
    const messages = history.messages ?? []
    const known = new Map(this.views.map((view) => [view.element.className + view.id, view]))
    this.views = messages.map((message) => {
      const view = known.get(`message ${message.role}${message.id}`)
      return view?.matches(message) ? view : new MessageView(message, this.actions)
    })
    panel.scroller.list.replaceChildren(...this.views.map((view) => view.element))
    panel.start(history.greeting ?? "", history.suggestions ?? [])
    panel.scroller.grown()
    const pending = memory.get("pending")
    if (pending) {
      if (messages.some(({ id }) => id === pending.id)) memory.set("pending", undefined)
      else if (!panel.composer.value) panel.composer.value = pending.text
    }
    const view = this.views.find(({ id }) => id === history.running)
    if (view) void this.run(view, { reply: view.id, offset: view.length })
    else memory.set("running", false)
  }

  async send(text: string): Promise<void> {
    const { panel, memory, emit } = this.options
    if (this.running) return
    const pending = memory.get("pending")
    const id = pending?.text === text ? pending.id : uuid()
    memory.set("pending", { id, text })
    panel.notice(undefined)
    if (panel.composer.value.trim() === text) panel.composer.value = ""
    const question = new MessageView({ ...MESSAGE, id, role: "user", text }, this.actions)
    const answer = new MessageView({ ...MESSAGE, id: "", role: "assistant", text: "", status: "running" }, this.actions)
    this.views.push(question, answer)
    panel.add(question, answer)
    panel.scroller.toEnd()
    emit("site-chat:message", { id, text })
    await this.run(answer, { offset: 0 }, { id, message: text })
  }

  private async run(view: MessageView, place: Place, message?: { id: string; message: string }): Promise<void> {
    const { client, memory, panel, strings } = this.options
    const running: Running = { view, place, abort: new AbortController() }
    this.running = running
    memory.set("running", true)
    panel.composer.setRunning(true)
    let problem: unknown
    try {
      await client.follow(message, place, {
        event: (event) => this.hear(running, event),
        lost: (state) => view.doing(state ? strings.say(offline() ? "offline" : "reconnecting") : ""),
      }, running.abort.signal)
    } catch (error) {
      problem = error
    }
    if (running.abort.signal.aborted) return
    this.end()
    if (!problem) this.finish(running)
    else if (message && !place.reply) this.giveBack(view, message.message, problem)
    else if (problem instanceof Refusal && problem.status === 404) await this.refresh()
    else {
      this.lost.set(view, place)
      const text = problem instanceof Refusal ? problem.detail.message || strings.say("failed") : strings.say("lost")
      view.finish("interrupted", { text, retry: true })
    }
  }

  private hear(running: Running, event: StreamEvent): void {
    const { memory, changed } = this.options
    const { view } = running
    if (event.reply && event.reply !== view.id) {
      view.id = event.reply
      memory.set("pending", undefined)
      changed()
      if (running.stopping) this.stop()
    }
    if (event.t) {
      view.doing("")
      view.append(event.t)
    }
    if (event.status && event.text) view.doing(event.text)
    if (event.source) view.source(event.source)
    if (event.cite) view.cite(event.cite)
    if (event.error) running.failure = event
    if (event.done) running.ended = event.done
  }

  private end(): void {
    this.running = undefined
    this.options.memory.set("running", false)
    this.options.panel.composer.setRunning(false)
  }

  private finish({ view, failure, ended }: Running): void {
    const { emit, strings, panel, arrived, changed } = this.options
    const status = ended ?? (failure ? "failed" : "complete")
    if (failure) {
      const text = failure.message || strings.say(status === "refused" ? "refused" : "failed")
      view.finish(status === "complete" ? "failed" : status, { text, retry: !!failure.retryable })
      emit("site-chat:error", { ...failure, error: failure.error!, message: text })
      if (failure.retry_after) panel.notice({ text: "", until: Date.now() + failure.retry_after * 1000 })
    } else view.finish(status)
    emit("site-chat:reply", { id: view.id, text: view.text, status })
    arrived(view)
    changed()
  }

  /** The message was not accepted: it goes back to where it was written. */
  private giveBack(answer: MessageView, text: string, error: unknown): void {
    const { panel, memory, strings } = this.options
    for (const view of this.views.splice(this.views.indexOf(answer) - 1, 2)) view.element.remove()
    panel.showStart()
    const { composer } = panel
    composer.value = [text, composer.value].filter(Boolean).join("\n")
    if (!(error instanceof Lost)) memory.set("pending", undefined)
    this.refused(error, strings.say("lost"), () => void this.send(composer.value.trim()))
    if (error instanceof Refusal && error.detail.error === "busy") void this.refresh()
  }

  private refused(error: unknown, lost: string, retry: () => void): void {
    const { panel, strings, emit } = this.options
    if (!(error instanceof Refusal)) {
      const text = offline() ? strings.say("offline") : lost
      panel.notice({ text, error: true, retry })
      emit("site-chat:error", { error: "connection_lost", message: text, retryable: true })
      return
    }
    const { detail } = error
    const text = detail.message || strings.say("failed")
    const until = detail.retry_after ? Date.now() + detail.retry_after * 1000 : undefined
    panel.notice({ text, error: true, ...(until ? { until } : !error.ours && { retry }) })
    emit("site-chat:error", { ...detail, message: text })
  }

  stop(): void {
    const { client, emit, changed } = this.options
    const { running } = this
    if (!running) return
    const { view, place } = running
    if (!place.reply) {
      running.stopping = true
      return
    }
    running.abort.abort()
    view.stop()
    this.end()
    client.stop(place.reply, view.shown).then(changed, () => this.refresh())
    emit("site-chat:reply", { id: view.id, text: view.text, status: "stopped" })
  }

  /** Lets go of the running reply, which lives on at the server. */
  suspend(): void {
    this.running?.abort.abort()
    this.running = undefined
  }

  async forget(): Promise<void> {
    const { client, panel, memory, strings, emit, changed } = this.options
    try {
      await client.forget()
    } catch (error) {
      this.refused(error, strings.say("failed"), () => void this.forget())
      return
    }
    this.running?.abort.abort()
    this.end()
    memory.set("pending", undefined)
    this.views = []
    panel.scroller.list.replaceChildren()
    panel.notice(undefined)
    panel.showStart()
    emit("site-chat:clear", null)
    changed()
  }

  private retry(view: MessageView): void {
    const place = this.lost.get(view)
    if (this.running) return
    if (place) {
      this.lost.delete(view)
      view.resume()
      void this.run(view, place)
      return
    }
    const question = this.views[this.views.indexOf(view) - 1]
    if (question) void this.send(question.text)
  }

  private async rate(view: MessageView, rating: number, comment: string): Promise<void> {
    const { client, emit, strings } = this.options
    try {
      await client.rate(view.id, rating, comment)
    } catch (error) {
      this.refused(error, strings.say("failed"), () => void this.rate(view, rating, comment))
      throw error
    }
    emit("site-chat:rating", { id: view.id, rating, comment })
  }
}
