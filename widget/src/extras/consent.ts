/** The card with the text that a visitor must accept before the first message. */

import { button, h } from "../shared/dom"
import type { PanelForExtras } from "../shared/extras-types"
import type { Services } from "../shared/http-types"
import { refusalOf } from "./refusal-errors"

export interface ConsentCard {
  readonly element: HTMLElement
  /** Shows the card if the visitor must accept its text, and hides it otherwise. Returns whether it is shown. */
  show(services: Services): boolean
}

/** `accepted` is called when the server has stored that the visitor accepts the text. */
export function createConsent(panel: PanelForExtras, accepted: () => void): ConsentCard {
  const { translate } = panel.strings
  const text = h("p", "", { id: "consent", dir: "auto" })
  const accept = button("primary", () => void send(), translate("accept"))
  const element = h("div", "card consent", { hidden: true, role: "group", "aria-labelledby": "consent" })

  async function send(): Promise<void> {
    if (accept.ariaDisabled === "true") return
    accept.ariaDisabled = "true"
    try {
      await panel.call("consent/", { json: { text: text.textContent } })
      accepted()
      await panel.refresh()
    } catch (problem) {
      panel.report(problem)
      // the text may have changed
      if (refusalOf(problem).status === 422) await panel.refresh()
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
        const privacy = panel.privacy()
        text.textContent = consent.text
        const link = privacy && h("a", "privacy", { href: privacy }, translate("privacy"))
        element.replaceChildren(text, h("div", "choices", {}, accept, link))
        panel.announce(consent.text)
        isNew = true
      }
      element.hidden = !isNeeded
      if (isNew && !panel.isEmpty()) panel.reveal(element)
      return isNeeded
    },
  }
}
