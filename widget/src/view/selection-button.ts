/** The button to ask about text that the visitor selects on the page. */

import { button, h } from "../shared/dom"

/** Maximum characters of a selection that are quoted in the question. */
const MAX_QUOTED = 500
/** Minimum characters of a selection for which the button is shown. */
const MIN_SELECTED = 3

export interface SelectionOptions {
  label: string
  /** Returns whether the button may be shown now. */
  mayShow(): boolean
  ask(text: string): void
}

export function createSelectionButton({ label, mayShow, ask }: SelectionOptions): HTMLElement {
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
    if (!element.isConnected || !mayShow() || !selection?.rangeCount || text.length < MIN_SELECTED) {
      hide()
      return
    }
    const selectionRect = selection.getRangeAt(0).getBoundingClientRect()
    if (!element.matches(":popover-open")) element.showPopover?.()
    const left = Math.min(Math.max(8, selectionRect.left), innerWidth - element.offsetWidth - 8)
    element.style.left = `${left}px`
    element.style.top = `${Math.min(selectionRect.bottom + 6, innerHeight - element.offsetHeight - 8)}px`
  }

  document.addEventListener("pointerup", () => setTimeout(show))
  document.addEventListener("keyup", ({ shiftKey }) => {
    if (shiftKey) show()
  })
  document.addEventListener("selectionchange", () => {
    if (getSelection()?.isCollapsed) hide()
  })
  // the panel may have been loaded because the visitor has selected text
  setTimeout(show)
  return element
}

/** Returns the text as a quote, followed by an empty paragraph for the question. */
function quote(text: string): string {
  const short = text.length > MAX_QUOTED ? `${text.slice(0, MAX_QUOTED)}…` : text
  return `${short.replace(/^/gm, "> ")}\n\n`
}
