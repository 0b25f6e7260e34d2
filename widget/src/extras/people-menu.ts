/** The menu with the ways to reach people. */

import type { Strings } from "../i18n/strings"
import { button, h, onEscape } from "../shared/dom"
import type { Offer, Services } from "../shared/http-types"

export interface PeopleMenu {
  /** Opens the menu below `opener`. A single way is chosen without a menu; without a way, does nothing. */
  open(opener: HTMLElement, services: Services): void
}

export function createPeopleMenu({ translate }: Strings, choose: (offer: Offer) => void): PeopleMenu {
  return {
    open(opener, { person, contact }) {
      const offers: Offer[] = []
      if (person?.available && !/waiting|joined/.test(person.state)) offers.push("person")
      if (contact) offers.push("contact")
      if (offers.length < 2) {
        for (const offer of offers) choose(offer)
        return
      }
      const close = (): void => {
        opener.ariaExpanded = "false"
        menu.remove()
      }
      const items = offers.map((offer) =>
        button(
          "",
          () => {
            close()
            choose(offer)
          },
          translate(offer),
        ),
      )
      for (const item of items) {
        item.role = "menuitem"
        item.tabIndex = -1
      }
      const menu = h(
        "div",
        "menu",
        {
          role: "menu",
          "aria-label": translate("help"),
          popover: "auto",
          keydown(event: KeyboardEvent) {
            leave(event)
            const step = { ArrowDown: 1, ArrowUp: -1, Home: 0, End: 0 }[event.key]
            if (event.key === "Tab") close()
            if (step === undefined) return
            event.preventDefault()
            const index = items.findIndex((item) => item.matches(":focus"))
            const next = step ? index + step : event.key === "Home" ? 0 : -1
            items.at(next % items.length)?.focus()
          },
          toggle(event: ToggleEvent) {
            if (event.newState === "closed") close()
          },
        },
        ...items,
      )
      const leave = onEscape(() => {
        close()
        opener.focus()
      })
      opener.after(menu)
      opener.ariaExpanded = "true"
      place(menu, opener)
      items[0]?.focus()
    },
  }
}

function place(menu: HTMLElement, opener: HTMLElement): void {
  menu.showPopover?.()
  const openerRect = opener.getBoundingClientRect()
  const left = getComputedStyle(opener).direction === "rtl" ? openerRect.left : openerRect.right - menu.offsetWidth
  menu.style.left = `${Math.min(Math.max(8, left), innerWidth - menu.offsetWidth - 8)}px`
  menu.style.top = `${openerRect.bottom + 4}px`
}
