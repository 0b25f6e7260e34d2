/** The list of messages: it stays at its end while the reader is there, else says what is below. */

import { h, icon } from "./elements"
import type { Strings } from "./strings"

/** Pixels from the end that count as being there. */
const NEAR = 48

export class Scroller {
  readonly list: HTMLOListElement
  readonly element: HTMLElement
  readonly below: HTMLButtonElement
  private following = true
  private position = 0

  constructor(strings: Strings, ...before: HTMLElement[]) {
    this.list = h("ol", { class: "list", "aria-label": strings.say("conversation") })
    this.element = h("div", { class: "scroller", part: "messages", tabindex: 0, role: "group",
      "aria-label": strings.say("conversation"), scroll: () => this.scrolled() }, ...before, this.list)
    this.below = h("button", { type: "button", class: "below", part: "button below", hidden: true,
      click: () => this.toEnd() }, icon("down"), strings.say("below"))
  }

  /** The content has grown. */
  grown(): void {
    const { element } = this
    if (this.following) element.scrollTop = element.scrollHeight
    else if (!this.atEnd) this.below.hidden = false
  }

  /** Goes back to where the reader was before the list was hidden or moved. */
  restore(): void {
    if (this.following) this.toEnd()
    else this.element.scrollTop = this.position
  }

  toEnd(): void {
    this.following = true
    this.below.hidden = true
    this.grown()
  }

  private get atEnd(): boolean {
    const { element } = this
    return element.scrollHeight - element.scrollTop - element.clientHeight < NEAR
  }

  private scrolled(): void {
    this.following = this.atEnd
    this.position = this.element.scrollTop
    if (this.following) this.below.hidden = true
  }
}
