/** The indicator that the assistant is working: dots, and an activity or, after a while, a text. */

import { h } from "../shared/dom"
import type { Actions } from "./action-types"

/** Milliseconds after which a text says that the assistant is working. */
const WORKING_AFTER = 2000
/** Milliseconds after which a text says that the answer takes long. */
const SLOW_AFTER = 8000

export interface Waiting {
  readonly element: HTMLElement
  /**
   * Shows the activity of the answer. Hides the indicator if `state` is undefined, and while the answer has text
   * (`writes`) but no activity.
   */
  show(state: { activity: string; writes: boolean } | undefined): void
}

export function createWaiting({ strings: { translate }, announce }: Actions): Waiting {
  const label = h("span")
  const element = h("div", "waiting", { hidden: true }, h("i"), h("i"), h("i"), label)
  let timers: ReturnType<typeof setTimeout>[] = []
  let announced = ""

  function set(text: string): void {
    label.textContent = text
    if (text && text !== announced) announce(text)
    announced = text
  }

  function stop(): void {
    for (const timer of timers) clearTimeout(timer)
    timers = []
  }

  function start(): void {
    timers = [
      setTimeout(() => label.textContent || set(translate("waiting")), WORKING_AFTER),
      setTimeout(() => set(translate("slow")), SLOW_AFTER),
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
      } else if (state.activity && state.activity !== announced) {
        stop()
        start()
        set(state.activity)
      } else if (!timers.length) start()
    },
  }
}
