/** The card that asks whether a tool may run. */

import { button, h, icon } from "../shared/dom"
import type { PanelForExtras } from "../shared/extras-types"
import type { Confirmation } from "../shared/http-types"
import { WARNING } from "../shared/icons"
import { uuid } from "../shared/uuid"

/** Milliseconds after which the server counts a missing decision as declined. */
export const EXPIRES_AFTER = 300_000

/** `decide` is called when the visitor has decided, but not when the time has expired. */
export function createConfirmation(
  panel: Pick<PanelForExtras, "strings" | "announce" | "focus">,
  { text }: Confirmation,
  decide: (approve: boolean) => void,
): HTMLElement {
  const { translate } = panel.strings
  const id = uuid()
  const answer = (approve: boolean) => () => {
    clearTimeout(timer)
    panel.focus()
    decide(approve)
  }
  const question = h("p", "", { id, dir: "auto" }, text)
  const buttons = h(
    "div",
    "choices",
    {},
    button("primary", answer(true), translate("agree")),
    button("secondary", answer(false), translate("decline")),
  )
  const card = h("div", "card confirm", { role: "group", "aria-labelledby": id }, icon(WARNING), question, buttons)
  const timer = setTimeout(() => {
    if (!card.isConnected) return
    if (buttons.matches(":focus-within")) panel.focus()
    buttons.replaceWith(h("p", "expired", {}, translate("expired")))
    panel.announce(translate("expired"))
  }, EXPIRES_AFTER)
  panel.announce(text)
  return card
}
