/** The list of messages: it stays at its end while the reader is there, else says what is below. */

import { button, h, icon } from "./elements"
import type { Strings } from "./strings"

/** Pixels from the end that count as being there. */
const NEAR = 48

export interface Scroller {
  readonly element: HTMLElement
  readonly list: HTMLElement
  readonly below: HTMLElement
  /** The content has grown. */
  grown(): void
  toEnd(): void
  /** Goes back to where the reader was before the list was hidden or moved. */
  restore(): void
}

export function createScroller({ say }: Strings, ...before: HTMLElement[]): Scroller {
  let following = true
  let position = 0

  const list = h("ol", "list")
  const element = h("div", "scroller", { tabindex: 0, role: "group", "aria-label": say("conversation"),
    scroll() {
      // growing text puts the end further away, too: only who scrolls back leaves it
      following = atEnd() || (following && element.scrollTop >= position)
      position = element.scrollTop
      if (following) below.hidden = true
    } }, ...before, list)
  const below = button("below", () => scroller.toEnd(), icon("down"), say("below"))
  below.hidden = true
  const atEnd = (): boolean => element.scrollHeight - element.scrollTop - element.clientHeight < NEAR

  const scroller: Scroller = {
    element,
    list,
    below,
    grown() {
      if (following) element.scrollTop = element.scrollHeight
      else below.hidden = atEnd()
    },
    toEnd() {
      following = below.hidden = true
      scroller.grown()
    },
    restore() {
      if (following) scroller.grown()
      else element.scrollTop = position
    },
  }
  return scroller
}
