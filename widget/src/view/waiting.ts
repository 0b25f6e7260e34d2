/** What an answer shows before it is written: that something goes on, after a while in words. */

import { h } from "../shared/dom"
import type { Actions } from "./actions"

/** Milliseconds of silence until words say that something goes on, and that it takes long. */
const WORDS_AFTER = 2000
const SLOW_AFTER = 8000

export interface Waiting {
  readonly element: HTMLElement
  /** Undefined when there is nothing to wait for. */
  show(state: { activity: string; writes: boolean } | undefined): void
}

export function createWaiting({ strings: { say }, say: announce }: Actions): Waiting {
  const words = h("span")
  const element = h("div", "waiting", { hidden: true }, h("i"), h("i"), h("i"), words)
  let timers: ReturnType<typeof setTimeout>[] = []
  let last = ""

  function set(text: string): void {
    words.textContent = text
    if (text && text !== last) announce(text)
    last = text
  }

  function stop(): void {
    for (const timer of timers) clearTimeout(timer)
    timers = []
  }

  function start(): void {
    timers = [
      setTimeout(() => words.textContent || set(say("waiting")), WORDS_AFTER),
      setTimeout(() => set(say("slow")), SLOW_AFTER),
    ]
  }

  return {
    element,
    show(state) {
      const idle = !state || (state.writes && !state.activity)
      element.hidden = idle
      if (idle) {
        stop()
        set("")
      } else if (state.activity && state.activity !== last) {
        stop()
        start()
        set(state.activity)
      } else if (!timers.length) start()
    },
  }
}
