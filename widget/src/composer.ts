/** Where the visitor writes: input, counter, send and stop. */

import { h, icon, iconButton } from "./elements"
import { countPoints } from "./offsets"
import type { Strings } from "./strings"

export interface ComposerOptions {
  strings: Strings
  placeholder: string
  /** Code points that a message may have. */
  limit: number
  send(text: string): void
  stop(): void
  /** The draft changed. */
  draft(text: string): void
}

export class Composer {
  readonly element: HTMLFormElement
  readonly input: HTMLTextAreaElement
  private readonly counter: HTMLElement
  private readonly sendButton: HTMLButtonElement
  private readonly stopButton: HTMLButtonElement
  private running = false

  constructor(private readonly options: ComposerOptions) {
    const { strings } = options
    this.input = h("textarea", { rows: 1, dir: "auto", part: "input", "aria-label": strings.say("input"),
      placeholder: options.placeholder, enterkeyhint: "send", autocomplete: "off", "aria-describedby": "counter",
      input: () => {
        this.options.draft(this.input.value)
        this.show()
      },
      keydown: (event: KeyboardEvent) => this.key(event) })
    this.counter = h("p", { id: "counter", class: "counter", part: "counter", role: "status", hidden: true })
    this.sendButton = h("button", { type: "submit", class: "send", part: "button send", "aria-label": strings.say("send"), title: strings.say("send") }, icon("send"))
    this.stopButton = iconButton("stop", strings.say("stop"), () => options.stop(), "button stop")
    this.stopButton.classList.add("send")
    this.element = h("form", { class: "composer", part: "composer", submit: (event: Event) => {
      event.preventDefault()
      this.send()
    } }, this.input, this.sendButton, this.stopButton)
    this.setRunning(false)
  }

  get counterElement(): HTMLElement {
    return this.counter
  }

  get value(): string {
    return this.input.value
  }

  set value(text: string) {
    this.input.value = text
    this.options.draft(text)
    this.show()
  }

  setRunning(running: boolean): void {
    const focused = this.element.contains((this.element.getRootNode() as ShadowRoot).activeElement)
    this.running = running
    this.sendButton.hidden = running
    this.stopButton.hidden = !running
    if (focused) this.input.focus()
    this.show()
  }

  /** Shows what depends on the text: the height, the counter, whether it can be sent. */
  show(): void {
    const { input, options } = this
    const left = options.limit - countPoints(input.value.trim())
    const near = left <= Math.max(20, options.limit / 10)
    this.counter.hidden = !near
    this.counter.classList.toggle("over", left < 0)
    this.counter.textContent = near ? options.strings.count(left < 0 ? "over" : "left", Math.abs(left)) : ""
    input.setAttribute("aria-invalid", String(left < 0))
    this.sendButton.setAttribute("aria-disabled", String(left < 0 || !input.value.trim()))
    if (!CSS.supports("field-sizing", "content")) {
      input.style.height = "auto"
      input.style.height = `${input.scrollHeight}px`
    }
  }

  private key(event: KeyboardEvent): void {
    // while a word is being composed (Japanese, Chinese, ...) Enter belongs to the input method;
    // Safari ends the composition before it sends the key, with 229 as its code
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return
    event.preventDefault()
    this.send()
  }

  /** Sends `text` if it may be sent, else leaves it in the input. */
  ask(text: string): void {
    this.value = text
    this.send()
  }

  private send(): void {
    const text = this.input.value.trim()
    if (this.running || !text || countPoints(text) > this.options.limit) return
    this.options.send(text)
  }
}
