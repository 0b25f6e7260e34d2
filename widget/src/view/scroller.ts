/**
 * The list of messages. A question goes to its top and the answer grows below it; the reader is
 * never pulled anywhere.
 */

import type { Strings } from "../i18n/strings"
import { h, iconButton } from "../shared/dom"
import { DOWN } from "../shared/icons"

/** Pixels from the end that count as being there. */
const NEAR = 48

const CALM = matchMedia("(prefers-reduced-motion: reduce)")

export interface Scroller {
  readonly element: HTMLElement
  readonly list: HTMLElement
  readonly below: HTMLElement
  /** The content has grown, or shrunk. */
  changed(): void
  toEnd(): void
  /** Brings a question to the top, with room for its answer below it. */
  follow(question: HTMLElement): void
  /** Shows what stands behind the last message. */
  reveal(element: HTMLElement): void
  /** Changes the list; a reader who was at its end stays there. */
  keepEnd(change: () => void): void
  /** Another conversation is shown: its end comes first. */
  reset(): void
  /** Goes back to where the reader was before the list was hidden or moved. */
  restore(): void
}

export function createScroller({ say }: Strings, before: HTMLElement[], after: HTMLElement): Scroller {
  let position = 0
  /** Nobody has scrolled since the conversation was shown: its end is what counts. */
  let atStart = true
  const list = h("ol", "list")
  const element = h(
    "div",
    "scroller",
    { tabindex: 0, role: "group", "aria-label": say("conversation"), scroll: scrolled },
    ...before,
    list,
    after,
  )
  const below = iconButton("below", DOWN, say("below"), () => {
    scroller.toEnd()
    element.focus({ preventScroll: true })
  })
  below.hidden = true

  function scrolled(): void {
    if (!element.clientHeight) return
    position = element.scrollTop
    below.hidden = restBelow() < NEAR
  }

  /** Pixels of the last message that are below what can be seen. */
  function restBelow(): number {
    const last = list.lastElementChild?.lastElementChild ?? list
    return last.getBoundingClientRect().bottom - element.getBoundingClientRect().bottom
  }

  /** Takes back the room below the last question. */
  function shrink(): void {
    for (const message of list.querySelectorAll<HTMLElement>(".message[style]")) message.style.minHeight = ""
  }

  const scroller: Scroller = {
    element,
    list,
    below,

    changed() {
      if (atStart) scroller.toEnd()
      else if (element.clientHeight) below.hidden = restBelow() < NEAR
    },

    toEnd() {
      if (list.lastElementChild) element.scrollTop += restBelow() + NEAR / 2
      scrolled()
    },

    reveal(element) {
      atStart = false
      shrink()
      element.scrollIntoView({ block: "nearest" })
    },

    follow(question) {
      atStart = false
      const answer = question.nextElementSibling
      shrink()
      const gap = Number.parseFloat(getComputedStyle(list).rowGap) || 0
      const room = element.clientHeight - question.offsetHeight - 3 * gap
      if (answer instanceof HTMLElement) answer.style.minHeight = `${Math.max(0, room)}px`
      const top = question.getBoundingClientRect().top - element.getBoundingClientRect().top
      element.scrollTo({ top: element.scrollTop + top - gap, behavior: CALM.matches ? "instant" : "smooth" })
    },

    keepEnd(change) {
      const wasAtEnd = restBelow() < NEAR
      change()
      if (wasAtEnd && restBelow() > 0) scroller.toEnd()
    },

    reset() {
      atStart = true
    },

    restore() {
      if (atStart) scroller.toEnd()
      else element.scrollTop = position
    },
  }
  for (const name of ["wheel", "touchmove", "keydown", "pointerdown"]) {
    element.addEventListener(name, () => (atStart = false), { passive: true })
  }
  return scroller
}
