/**
 * The scrolling list of messages. At first, it follows new content: it scrolls to the end of the last message. It
 * stops following when the visitor touches, clicks, scrolls or presses a key in it, or sends a message. It also stops
 * when it scrolls to a card. A new question is scrolled to the top. Its answer grows below it without scrolling.
 */

import type { Strings } from "../i18n/strings"
import { h, iconButton } from "../shared/dom"
import { DOWN } from "../shared/icons"

/** Pixels from the end within which the list counts as being at the end. */
const END_DISTANCE = 48

const REDUCED_MOTION = matchMedia("(prefers-reduced-motion: reduce)")

export interface Scroller {
  readonly element: HTMLElement
  readonly list: HTMLElement
  /** The button that scrolls to the end. */
  readonly below: HTMLElement
  /** Call this when the content has changed. */
  changed(): void
  /** Scrolls to the end of the last message. */
  toEnd(): void
  /** Scrolls a question to the top, and reserves room for its answer. */
  scrollToQuestion(question: HTMLElement): void
  /** Scrolls to a card after the last message. */
  reveal(element: HTMLElement): void
  /** Calls `change`. If the list was at its end, scrolls to the new end, even if it does not follow new content. */
  keepEnd(change: () => void): void
  /** Makes the list follow new content again, because another conversation is shown. */
  reset(): void
  /** Restores the position that the list had before it was hidden or moved. */
  restore(): void
}

/** `before` and `after` are the elements before and after the list, which scroll with it. */
export function createScroller({ translate }: Strings, before: HTMLElement[], after: HTMLElement): Scroller {
  let position = 0
  /** Whether the list follows new content. */
  let staysAtEnd = true
  const list = h("ol", "list")
  const element = h(
    "div",
    "scroller",
    { tabindex: 0, role: "group", "aria-label": translate("conversation"), scroll: scrolled },
    ...before,
    list,
    after,
  )
  const below = iconButton("below", DOWN, translate("below"), () => {
    scroller.toEnd()
    element.focus({ preventScroll: true })
  })
  below.hidden = true

  function scrolled(): void {
    if (!element.clientHeight) return
    position = element.scrollTop
    below.hidden = pixelsBelow() < END_DISTANCE
  }

  /** Returns how many pixels of the last message are below the visible part. */
  function pixelsBelow(): number {
    const last = list.lastElementChild?.lastElementChild ?? list
    return last.getBoundingClientRect().bottom - element.getBoundingClientRect().bottom
  }

  /** Removes the room that was reserved for an answer. */
  function removeRoom(): void {
    for (const message of list.querySelectorAll<HTMLElement>(".message[style]")) message.style.minHeight = ""
  }

  const scroller: Scroller = {
    element,
    list,
    below,

    changed() {
      if (staysAtEnd) scroller.toEnd()
      else if (element.clientHeight) below.hidden = pixelsBelow() < END_DISTANCE
    },

    toEnd() {
      if (list.lastElementChild) element.scrollTop += pixelsBelow() + END_DISTANCE / 2
      scrolled()
    },

    reveal(element) {
      staysAtEnd = false
      removeRoom()
      element.scrollIntoView({ block: "nearest" })
    },

    scrollToQuestion(question) {
      staysAtEnd = false
      const answer = question.nextElementSibling
      removeRoom()
      const gap = Number.parseFloat(getComputedStyle(list).rowGap) || 0
      const room = element.clientHeight - question.offsetHeight - 3 * gap
      if (answer instanceof HTMLElement) answer.style.minHeight = `${Math.max(0, room)}px`
      const top = question.getBoundingClientRect().top - element.getBoundingClientRect().top
      element.scrollTo({ top: element.scrollTop + top - gap, behavior: REDUCED_MOTION.matches ? "instant" : "smooth" })
    },

    keepEnd(change) {
      const wasAtEnd = pixelsBelow() < END_DISTANCE
      change()
      if (wasAtEnd && pixelsBelow() > 0) scroller.toEnd()
    },

    reset() {
      staysAtEnd = true
    },

    restore() {
      if (staysAtEnd) scroller.toEnd()
      else element.scrollTop = position
    },
  }
  for (const name of ["wheel", "touchmove", "keydown", "pointerdown"]) {
    element.addEventListener(name, () => (staysAtEnd = false), { passive: true })
  }
  return scroller
}
