/** Where the visitor writes: input, counter, send and stop. */

import { h, iconButton } from "./elements"
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

export interface Composer {
  readonly element: HTMLElement
  readonly counter: HTMLElement
  readonly input: HTMLTextAreaElement
  set(text: string): void
  setRunning(running: boolean): void
  /** Sends what stands in the input, where that may be sent. */
  send(): void
}

export function createComposer({ strings: { say, count }, placeholder, limit, send, stop, draft }: ComposerOptions): Composer {
  let running = false

  const input = h("textarea", "input", {
    rows: 1, placeholder, "aria-label": say("input"), enterkeyhint: "send",
    input: () => show(),
    keydown(event: KeyboardEvent) {
      // while a word is being composed (Japanese, Chinese, ...) Enter belongs to the input method;
      // Safari ends the composition before it sends the key, with 229 as its code
      if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return
      event.preventDefault()
      composer.send()
    },
  })
  const counter = h("p", "counter", { role: "status" })
  const sendButton = iconButton("send", "send", say("send"), () => composer.send())
  const stopButton = iconButton("send stop", "stop", say("stop"), stop)

  /** Shows what depends on the text: the height, the counter, whether it can be sent. */
  function show(): void {
    draft(input.value)
    // without a text the placeholder has the page's direction
    input.dir = input.value && "auto"
    const left = limit - countPoints(input.value.trim())
    counter.hidden = left > Math.max(20, limit / 10)
    counter.textContent = counter.hidden ? "" : count(left < 0 ? "over" : "left", Math.abs(left))
    input.ariaInvalid = String(left < 0)
    sendButton.ariaDisabled = String(left < 0 || !input.value.trim())
    if (CSS.supports("field-sizing", "content")) return
    input.style.height = "auto"
    input.style.height = `${input.scrollHeight}px`
  }

  const composer: Composer = {
    input,
    counter,
    element: h("div", "composer", {}, input, sendButton, stopButton),
    set(text) {
      input.value = text
      show()
    },
    setRunning(state) {
      const focused = sendButton.matches(":focus") || stopButton.matches(":focus")
      running = state
      sendButton.hidden = running
      stopButton.hidden = !running
      if (focused) input.focus()
    },
    send() {
      const text = input.value.trim()
      if (!running && text && countPoints(text) <= limit) send(text)
    },
  }
  composer.setRunning(false)
  return composer
}
