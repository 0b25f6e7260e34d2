/** The bar that shows errors, and the time until the visitor can write again. */

import type { Strings } from "../i18n/strings"
import type { Notice } from "../model/view-types"
import { button, h, icon } from "../shared/dom"
import { RETRY, WARNING } from "../shared/icons"

export interface NoticeBar {
  readonly element: HTMLElement
  /** Shows a notice instead of the current one. Without an argument, hides the bar. */
  show(notice?: Notice): void
}

export interface NoticeOptions {
  strings: Strings
  /** Disables or enables sending. It is disabled while a notice with a countdown is shown. */
  setBlocked(blocked: boolean): void
  /** Announces a text to screen readers. */
  announce(text: string): void
}

export function createNoticeBar({ strings: { translate, wait }, setBlocked, announce }: NoticeOptions): NoticeBar {
  const element = h("div", "notice", { hidden: true })
  let ticking: ReturnType<typeof setInterval> | undefined

  const bar: NoticeBar = {
    element,
    show(notice) {
      clearInterval(ticking)
      element.hidden = !notice
      setBlocked(!!notice?.until)
      if (!notice) return
      const { text, until, retry, mild } = notice
      element.classList.toggle("mild", !!mild)
      const countdown = h("span")
      element.replaceChildren(
        icon(WARNING),
        h("div", "", {}, text && h("p", "", { dir: "auto" }, text), text && " ", countdown),
      )
      if (retry) element.append(button("retry", retry, icon(RETRY), translate("retry")))
      if (!until) {
        announce(text)
        return
      }
      const tick = (): void => {
        const left = Math.ceil((until - Date.now()) / 1000)
        if (left > 0) countdown.textContent = translate("again", { time: wait(left) })
        else bar.show()
      }
      tick()
      // announce the time once, not every second
      announce(`${text} ${countdown.textContent ?? ""}`)
      ticking = setInterval(tick, 1000)
    },
  }
  return bar
}
