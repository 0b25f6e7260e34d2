/** The input, with its counter and the buttons to send and stop. */

import type { Strings } from "../i18n/strings"
import { button, h, iconButton, onEscape } from "../shared/dom"
import { SEND, STOP } from "../shared/icons"
import { countPoints } from "../shared/offsets"

export interface ComposerOptions {
  strings: Strings
  placeholder: string
  /** Maximum code points of a message. */
  limit: number
  /** `replaces` is the id of the message that is being edited. */
  send(text: string, replaces?: string): void
  stop(): void
  /** Called when the draft has changed. */
  draft(text: string): void
  /** Announces a text to screen readers. */
  announce(text: string): void
}

export interface Composer {
  readonly element: HTMLElement
  readonly counter: HTMLElement
  readonly input: HTMLTextAreaElement
  text(): string
  /** Replaces the text in the input, and saves it as the draft. */
  set(text: string): void
  setRunning(running: boolean): void
  /** Disables or enables sending. It is disabled while a limit is used up. */
  setBlocked(blocked: boolean): void
  /** Returns whether sending is disabled or the input is hidden. */
  isBlocked(): boolean
  /** Hides or shows the input. It is hidden while a card must be answered. */
  setClosed(closed: boolean): void
  setLimit(limit: number): void
  setPlaceholder(text: string): void
  /** Puts an earlier message into the input, so that the visitor edits it instead of writing a new one. */
  edit(id: string, text: string): void
  /** Sends the text in the input, if it can be sent. */
  send(): void
}

/** Input beyond this multiple of the limit is rejected, because browsers lay it out too slowly. */
const MAX_LENGTH_FACTOR = 10

/** The numbers of remaining characters at which the counter is announced. */
const ANNOUNCED_COUNTS = [100, 20, 0]

export function createComposer(options: ComposerOptions): Composer {
  const {
    strings: { translate, count },
    send,
    stop,
    draft,
  } = options
  let limit = options.limit
  let running = false
  let blocked = false
  let edited: { id: string; draft: string } | undefined
  let announced = Number.POSITIVE_INFINITY

  const input = h("textarea", "input", {
    rows: 1,
    placeholder: options.placeholder,
    "aria-label": translate("input"),
    enterkeyhint: "send",
    beforeinput(event: InputEvent) {
      const length = input.value.length + (event.data?.length ?? 0)
      if (length <= MAX_LENGTH_FACTOR * limit || !event.data) return
      event.preventDefault()
      showCount(limit - length)
    },
    input: () => {
      show()
      saveDraft()
    },
    keydown(event: KeyboardEvent) {
      // while an input method composes a word (Japanese, Chinese, ...), Enter ends the composition;
      // Safari reports the end before this key, which then has the key code 229
      if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return
      event.preventDefault()
      composer.send()
    },
  })
  const stopEditing = button("secondary", () => endEditing(true), translate("cancel"))
  const editing = h("div", "editing", { hidden: true }, h("span", "", {}, translate("editing")), stopEditing)
  const counter = h("p", "counter", { hidden: true })
  const sendButton = iconButton("send", SEND, translate("send"), () => composer.send())
  const stopButton = iconButton("send stop", STOP, translate("stop"), stop)

  /** Returns the number of remaining characters. It is inexact for texts that are far too long. */
  function charactersLeft(): number {
    const { value } = input
    return limit - (value.length > 4 * limit ? value.length : countPoints(value.trim()))
  }

  /** Updates the height, the counter and the send button for the text. */
  function show(): void {
    const left = charactersLeft()
    // an empty input has the page's direction, for the placeholder
    input.dir = input.value && "auto"
    showCount(left)
    sendButton.ariaDisabled = String(blocked || left < 0 || !input.value.trim())
    if (CSS.supports("field-sizing", "content")) return
    input.style.height = "auto"
    input.style.height = `${input.scrollHeight}px`
  }

  function showCount(left: number): void {
    counter.hidden = left > Math.max(20, limit / 10)
    counter.textContent = counter.hidden ? "" : count(left < 0 ? "over" : "left", Math.abs(left))
    input.ariaInvalid = String(left < 0)
    announceCount(left)
  }

  /** Saves the draft, unless it is too long to be sent. */
  function saveDraft(): void {
    if (charactersLeft() >= 0 && !edited) draft(input.value)
  }

  function announceCount(left: number): void {
    const step = ANNOUNCED_COUNTS.findLast((threshold) => left <= threshold) ?? Number.POSITIVE_INFINITY
    if (step < announced && limit > step) options.announce(count(left < 0 ? "over" : "left", Math.abs(left)))
    announced = step
  }

  /** Ends the editing, and restores the text that was in the input before it. */
  function endEditing(takesFocus: boolean): void {
    const { draft: text = "" } = edited ?? {}
    edited = undefined
    editing.hidden = true
    composer.set(text)
    if (takesFocus) input.focus()
  }

  const leave = onEscape(() => endEditing(true))
  const escapeEditing = (event: KeyboardEvent): void => {
    if (edited) leave(event)
  }

  const composer: Composer = {
    input,
    counter,
    element: h(
      "div",
      "writing",
      { keydown: escapeEditing },
      editing,
      h("div", "composer", {}, input, sendButton, stopButton),
    ),
    text: () => input.value,
    set(text) {
      input.value = text
      show()
      saveDraft()
    },
    setRunning(state) {
      const focused = sendButton.matches(":focus") || stopButton.matches(":focus")
      running = state
      sendButton.hidden = running
      stopButton.hidden = !running
      if (focused) input.focus()
    },
    setBlocked(state) {
      blocked = state
      show()
    },
    isBlocked: () => blocked || !!composer.element.hidden,
    setClosed(closed) {
      composer.element.hidden = closed
    },
    setLimit(characters) {
      limit = characters
      show()
    },
    setPlaceholder(text) {
      input.placeholder = text
    },
    edit(id, text) {
      edited = { id, draft: edited?.draft ?? input.value }
      editing.hidden = false
      input.value = text
      show()
      input.focus()
    },
    send() {
      const text = input.value.trim()
      if (running || composer.isBlocked() || !text || charactersLeft() < 0) return
      const id = edited?.id
      if (id) endEditing(false)
      send(text, id)
    },
  }
  composer.setRunning(false)
  return composer
}
