/** Announces texts to screen readers, one after the other. A text that is already in the queue is not added. */

import { h } from "../shared/dom"

export interface Announcer {
  readonly element: HTMLElement
  announce(text: string): void
}

/** Milliseconds that a text stays before the next one replaces it. */
const TEXT_TIME = 700

export function createAnnouncer(): Announcer {
  const element = h("div", "hidden", { role: "status" })
  const queue: string[] = []
  let timer: ReturnType<typeof setTimeout> | undefined

  function next(): void {
    const text = queue.shift()
    timer = undefined
    if (text === undefined) return
    // screen readers announce the same text again only after an empty one
    element.textContent = ""
    timer = setTimeout(() => {
      element.textContent = text
      timer = setTimeout(next, TEXT_TIME)
    }, 50)
  }

  return {
    element,
    announce(text) {
      const trimmed = text.trim()
      if (!trimmed || queue.includes(trimmed)) return
      queue.push(trimmed)
      if (timer === undefined) next()
    },
  }
}
