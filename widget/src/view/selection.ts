/** Offers to ask about text that the visitor selects on the page. */

import { button, h } from "../shared/dom"

/** Characters of a selection that go into a question, and from which it is offered. */
const LONGEST = 500
const SHORTEST = 3

export interface SelectionOptions {
  label: string
  /** Whether the offer is wanted now. */
  isOn(): boolean
  ask(text: string): void
}

export function createSelectionOffer({ label, isOn, ask }: SelectionOptions): HTMLElement {
  let text = ""
  const element = button(
    "select",
    () => {
      hide()
      ask(quote(text))
    },
    h("span", "", {}, label),
  )
  element.popover = "manual"

  function hide(): void {
    if (element.matches(":popover-open")) element.hidePopover()
  }

  function show(): void {
    const selection = getSelection()
    const isWriting = document.activeElement?.matches("input, textarea, site-chat, [contenteditable]")
    text = isWriting ? "" : (selection?.toString().trim() ?? "")
    if (!element.isConnected || !isOn() || !selection?.rangeCount || text.length < SHORTEST) {
      hide()
      return
    }
    const at = selection.getRangeAt(0).getBoundingClientRect()
    if (!element.matches(":popover-open")) element.showPopover?.()
    const left = Math.min(Math.max(8, at.left), innerWidth - element.offsetWidth - 8)
    element.style.left = `${left}px`
    element.style.top = `${Math.min(at.bottom + 6, innerHeight - element.offsetHeight - 8)}px`
  }

  document.addEventListener("pointerup", () => setTimeout(show))
  document.addEventListener("keyup", ({ shiftKey }) => {
    if (shiftKey) show()
  })
  document.addEventListener("selectionchange", () => {
    if (getSelection()?.isCollapsed) hide()
  })
  // the selection for which the panel was fetched
  setTimeout(show)
  return element
}

/** The text as a quote, with room for the question. */
function quote(text: string): string {
  const short = text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text
  return `${short.replace(/^/gm, "> ")}\n\n`
}
