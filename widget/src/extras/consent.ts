/** The card with the text that a visitor must accept before the first message. */

import { button, h } from "../shared/dom"
import type { Surface } from "../shared/extras-types"
import type { Services } from "../shared/http-types"
import { refusalOf } from "./refusal-errors"

export interface ConsentCard {
  readonly element: HTMLElement
  /** Shows the card if the text must be accepted. Returns whether it must. */
  show(services: Services): boolean
}

export function createConsent(surface: Surface, accepted: () => void): ConsentCard {
  const { translate } = surface.strings
  const text = h("p", "", { id: "consent", dir: "auto" })
  const accept = button("primary", () => void send(), translate("accept"))
  const element = h("div", "card consent", { hidden: true, role: "group", "aria-labelledby": "consent" })

  async function send(): Promise<void> {
    if (accept.ariaDisabled === "true") return
    accept.ariaDisabled = "true"
    try {
      await surface.call("consent/", { json: { text: text.textContent } })
      accepted()
      await surface.refresh()
    } catch (problem) {
      surface.report(problem)
      // the text may have changed
      if (refusalOf(problem).status === 422) await surface.refresh()
    } finally {
      accept.ariaDisabled = "false"
    }
  }

  return {
    element,
    show({ consent }) {
      let isNew = false
      const isNeeded = !!consent?.required && !consent.given
      if (isNeeded && (element.hidden || text.textContent !== consent.text)) {
        const privacy = surface.privacy()
        text.textContent = consent.text
        const link = privacy && h("a", "privacy", { href: privacy }, translate("privacy"))
        element.replaceChildren(text, h("div", "choices", {}, accept, link))
        surface.announce(consent.text)
        isNew = true
      }
      element.hidden = !isNeeded
      if (isNew && !surface.isEmpty()) surface.reveal(element)
      return isNeeded
    },
  }
}
