/** Says what happens to those who hear the page: politely, one thing after the other. */

import { h } from "../shared/dom"

export interface Announcer {
  readonly element: HTMLElement
  say(text: string): void
}

/** Milliseconds that a text stands before the next one takes its place. */
const PAUSE = 700

export function createAnnouncer(): Announcer {
  const element = h("div", "hidden", { role: "status" })
  const queue: string[] = []
  let timer: ReturnType<typeof setTimeout> | undefined

  function next(): void {
    const text = queue.shift()
    timer = undefined
    if (text === undefined) return
    // the same text again is only heard if the region was empty in between
    element.textContent = ""
    timer = setTimeout(() => {
      element.textContent = text
      timer = setTimeout(next, PAUSE)
    }, 50)
  }

  return {
    element,
    say(text) {
      const trimmed = text.trim()
      if (!trimmed || queue.includes(trimmed)) return
      queue.push(trimmed)
      if (timer === undefined) next()
    },
  }
}
