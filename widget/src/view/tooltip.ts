/** A tooltip, which is shown while an element is hovered or focused. */

import { h } from "../shared/dom"

export interface Tooltip {
  readonly element: HTMLElement
  /** Shows the text of `describe` while `target` is hovered or focused. */
  attach(target: HTMLElement, describe: () => string): void
}

export function createTooltip(): Tooltip {
  const element = h("div", "tooltip", { popover: "manual", "aria-hidden": "true", dir: "auto" })

  function show(target: HTMLElement, text: string): void {
    if (!text) return
    element.textContent = text
    if (!element.matches(":popover-open")) element.showPopover?.()
    const targetRect = target.getBoundingClientRect()
    const { offsetWidth: width, offsetHeight: height } = element
    const left = Math.min(Math.max(8, targetRect.left + targetRect.width / 2 - width / 2), innerWidth - width - 8)
    const above = targetRect.top - height - 6
    element.style.left = `${left}px`
    element.style.top = `${above < 8 ? targetRect.bottom + 6 : above}px`
  }

  const hide = (): void => {
    if (element.matches(":popover-open")) element.hidePopover()
  }

  return {
    element,
    attach(target, describe) {
      for (const name of ["pointerenter", "focus"]) target.addEventListener(name, () => show(target, describe()))
      for (const name of ["pointerleave", "blur"]) target.addEventListener(name, hide)
    },
  }
}
