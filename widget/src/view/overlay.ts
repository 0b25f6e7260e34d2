/** Shows the window above everything on the page. On a phone, it fills the screen. */

import { PHONE } from "../shared/launcher-types"

export interface Overlay {
  show(): void
  hide(): void
  /** Returns whether the window fills the screen when it is shown. */
  isFull(): boolean
}

/** `status` is the live region. While a modal dialog is open, only live regions in it are announced. */
export function createOverlay(root: HTMLElement, element: HTMLElement, status: HTMLElement): Overlay {
  const phone = matchMedia(PHONE)
  let shown = false

  /**
   * Returns whether the window must be a modal dialog. A modal dialog of the page makes everything else inert,
   * except for another modal dialog.
   */
  function mustBeModal(): boolean {
    return phone.matches || !!document.querySelector("dialog:modal")
  }

  function fitScreen(): void {
    // the part of the screen above a phone's keyboard
    const view = window.visualViewport
    const full = shown && phone.matches && view
    element.style.height = full ? `${view.height}px` : ""
    element.style.top = full ? `${view.offsetTop}px` : ""
    // keep the page behind from scrolling
    document.documentElement.style.overflow = full ? "hidden" : ""
  }

  function hideDialog(): void {
    const dialog = element as HTMLDialogElement
    if (dialog.matches(":popover-open")) dialog.hidePopover()
    if (dialog.open) dialog.close?.()
    dialog.removeAttribute("open")
  }

  /** Shows the dialog in the top layer; in browsers without a top layer, as a box over the page. */
  function showDialog(): void {
    const dialog = element as HTMLDialogElement
    // the caller sets the focus, so the dialog must not take it
    dialog.inert = true
    const isModal = mustBeModal()
    ;(isModal ? dialog : root).append(status)
    try {
      if (isModal) {
        dialog.removeAttribute("popover")
        dialog.showModal()
      } else {
        dialog.popover = "manual"
        dialog.showPopover()
      }
    } catch {
      dialog.setAttribute("open", "")
    }
    dialog.inert = false
  }

  const overlay: Overlay = {
    isFull: () => phone.matches,
    show() {
      shown = true
      root.classList.add("opened")
      hideDialog()
      showDialog()
      fitScreen()
    },
    hide() {
      shown = false
      hideDialog()
      root.append(status)
      fitScreen()
    },
  }
  phone.addEventListener("change", () => {
    if (shown) overlay.show()
  })
  window.visualViewport?.addEventListener("resize", fitScreen)
  window.visualViewport?.addEventListener("scroll", fitScreen)
  return overlay
}
