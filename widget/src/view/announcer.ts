/** Announces texts to screen readers, one after the other. */

import { h } from "../shared/dom"

export interface Announcer {
  readonly element: HTMLElement
  say(text: string): void
}

/** Milliseconds that a text stays before the next one replaces it. */
const PAUSE = 700

export function createAnnouncer(): Announcer {
  const element = h("div", "hidden", { role: "status" })
  const queue: string[] = []
  let timer: ReturnType<typeof setTimeout> | undefined

  function next(): void {
    const text = queue.shift()
    timer = undefined
    if (text === undefined) return
    // the same text is announced again only if the region was empty in between
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
