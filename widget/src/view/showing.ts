/** Puts the window on the screen: above everything, over the whole of a phone. */

import { PHONE } from "../shared/host"

export interface Showing {
  show(): void
  hide(): void
  /** Whether the window fills the screen. */
  isFull(): boolean
}

/** `status` is what is heard of the chat: what stands outside of a modal dialog is not. */
export function createShowing(root: HTMLElement, element: HTMLElement, status: HTMLElement): Showing {
  const phone = matchMedia(PHONE)
  let shown = false

  /** A page's own modal dialog makes all inert but itself: only another modal one works above it. */
  function mustBeModal(): boolean {
    return phone.matches || !!document.querySelector("dialog:modal")
  }

  function fitScreen(): void {
    // what a phone's keyboard leaves of the screen
    const view = window.visualViewport
    const full = shown && phone.matches && view
    element.style.height = full ? `${view.height}px` : ""
    element.style.top = full ? `${view.offsetTop}px` : ""
    // the page behind stays where it is
    document.documentElement.style.overflow = full ? "hidden" : ""
  }

  function take(): void {
    const dialog = element as HTMLDialogElement
    if (dialog.matches(":popover-open")) dialog.hidePopover()
    if (dialog.open) dialog.close?.()
    dialog.removeAttribute("open")
  }

  /** Browsers that know neither popover nor modal dialogs show it as a box over the page. */
  function put(): void {
    const dialog = element as HTMLDialogElement
    // showing it takes no focus: whoever opened it gives that
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

  const showing: Showing = {
    isFull: () => phone.matches,
    show() {
      shown = true
      root.classList.add("opened")
      take()
      put()
      fitScreen()
    },
    hide() {
      shown = false
      take()
      root.append(status)
      fitScreen()
    },
  }
  phone.addEventListener("change", () => {
    if (shown) showing.show()
  })
  window.visualViewport?.addEventListener("resize", fitScreen)
  window.visualViewport?.addEventListener("scroll", fitScreen)
  return showing
}
