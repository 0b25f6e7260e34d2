/** The chat's window: what it holds, and what it says besides messages. */

import { Composer, type ComposerOptions } from "./composer"
import { h, icon, iconButton } from "./elements"
import { Scroller } from "./scroller"
import type { Strings } from "./strings"
import type { MessageView } from "./message"

/** Milliseconds of a frame that drawing may take. */
const BUDGET = 8

export interface PanelOptions extends Pick<ComposerOptions, "send" | "stop" | "draft" | "limit" | "placeholder"> {
  strings: Strings
  title: string
  disclosure: string
  /** In the page, not over it. */
  inline: boolean
  close(): void
  fresh(): void
}

export interface Notice {
  text: string
  /** When it ends by itself, as `Date.now()` counts. */
  until?: number
  retry?: () => void
  error?: boolean
}

export class Panel {
  readonly element: HTMLElement
  readonly composer: Composer
  readonly scroller: Scroller
  private readonly greeting = h("p", { class: "greeting", part: "greeting", dir: "auto", hidden: true })
  private readonly suggestions = h("ul", { class: "suggestions", hidden: true })
  private readonly noticeBox = h("div", { class: "notice", part: "notice", hidden: true })
  private readonly question = h("div", { class: "confirm", part: "confirm", role: "alertdialog", hidden: true })
  private readonly freshButton: HTMLButtonElement
  private readonly closeButton: HTMLButtonElement
  private readonly dirty = new Set<MessageView>()
  private ticking: ReturnType<typeof setInterval> | undefined
  private frame = 0

  constructor(private readonly options: PanelOptions) {
    const { strings } = options
    this.composer = new Composer(options)
    this.scroller = new Scroller(strings, this.greeting, this.suggestions)
    this.freshButton = iconButton("fresh", strings.say("fresh"), () => this.askFresh(), "button fresh")
    this.closeButton = iconButton("close", strings.say("close"), options.close, "button close")
    this.closeButton.classList.add("closing")
    this.freshButton.hidden = true
    this.question.id = "question"
    this.element = h(options.inline ? "section" : "dialog", { class: "panel", part: "panel", "aria-labelledby": "title", tabindex: -1,
        cancel: (event: Event) => {
          event.preventDefault()
          options.close()
        } },
      h("header", { class: "header", part: "header" },
        h("h2", { id: "title", part: "title", dir: "auto" }, options.title), this.freshButton, this.closeButton),
      this.question,
      h("div", { class: "body" }, this.scroller.element, this.scroller.below),
      this.noticeBox,
      h("div", { class: "bottom" },
        this.composer.element,
        this.composer.counterElement,
        options.disclosure && h("p", { class: "disclosure", part: "disclosure", dir: "auto" }, options.disclosure)))
  }

  /** Draws `view` with the next frame; however much there is, the page stays usable. */
  changed(view: MessageView): void {
    this.dirty.add(view)
    this.frame ||= requestAnimationFrame(() => this.paint())
  }

  private paint(): void {
    this.frame = 0
    const deadline = performance.now() + BUDGET
    for (const view of this.dirty) {
      if (view.paint(deadline)) break
      this.dirty.delete(view)
    }
    this.scroller.grown()
    if (this.dirty.size) this.frame = requestAnimationFrame(() => this.paint())
  }

  add(...views: MessageView[]): void {
    this.scroller.list.append(...views.map((view) => view.element))
    this.showStart()
    this.scroller.grown()
  }

  start(greeting: string, suggestions: string[]): void {
    this.greeting.textContent = greeting
    this.suggestions.replaceChildren(
      ...suggestions.map((text) =>
        h("li", {}, h("button", { type: "button", part: "button suggestion", dir: "auto", click: () => this.options.send(text) }, text))),
    )
    this.showStart()
  }

  /** The greeting stands before the conversation; suggestions help only to begin one. */
  showStart(): void {
    const begun = this.scroller.list.childElementCount > 0
    this.greeting.hidden = !this.greeting.textContent
    this.suggestions.hidden = begun || !this.suggestions.childElementCount
    this.freshButton.hidden = !begun
  }

  notice(notice: Notice | undefined): void {
    clearInterval(this.ticking)
    this.noticeBox.hidden = !notice
    this.noticeBox.replaceChildren()
    if (!notice) return
    const { strings } = this.options
    const { text, until, retry } = notice
    const countdown = h("span", { "aria-live": "off" })
    this.noticeBox.classList.toggle("error", !!notice.error)
    this.noticeBox.append(h("p", { role: notice.error ? "alert" : "status", dir: "auto" }, text, " ", countdown))
    if (retry) {
      this.noticeBox.append(h("button", { type: "button", class: "retry", part: "button retry", click: retry }, icon("retry"), strings.say("retry")))
    }
    if (!until) return
    const tick = (): void => {
      const left = Math.ceil((until - Date.now()) / 1000)
      if (left > 0) countdown.textContent = strings.say("again", { time: strings.wait(left) })
      else this.notice(undefined)
    }
    tick()
    this.ticking = setInterval(tick, 1000)
  }

  private askFresh(): void {
    const { strings } = this.options
    const close = (): void => {
      this.question.hidden = true
      this.freshButton.focus()
    }
    const cancel = h("button", { type: "button", class: "secondary", part: "button secondary", click: close }, strings.say("cancel"))
    this.question.setAttribute("aria-labelledby", "asked")
    this.question.replaceChildren(
      h("p", { id: "asked" }, strings.say("confirm")),
      h("div", {}, h("button", { type: "button", class: "primary", part: "button primary", click: () => {
        this.question.hidden = true
        this.options.fresh()
        this.composer.input.focus()
      } }, strings.say("confirmed")), cancel))
    this.question.onkeydown = (event) => {
      if (event.key !== "Escape") return
      event.preventDefault()
      event.stopPropagation()
      close()
    }
    this.question.hidden = false
    cancel.focus()
  }
}
