/** The extras: cards that must be answered, people, the contact form, and the list of conversations. */

import type { Extras, PanelForExtras } from "../shared/extras-types"
import type { Services } from "../shared/http-types"
import css from "../styles/extras.css?inline"
import { createConfirmation } from "./confirmation"
import { createConsent } from "./consent"
import { createContact } from "./contact"
import { createConversationList } from "./conversation-list"
import { createPeopleMenu } from "./people-menu"
import { createPersonBar } from "./person-status"

const sheet = new CSSStyleSheet()
sheet.replaceSync(css)

export function createExtras(panel: PanelForExtras): Extras {
  let services: Services = {}
  const consent = createConsent(panel, () => {
    services = { ...services, consent: null }
    answered()
  })
  const contact = createContact(panel, answered)
  const person = createPersonBar(panel, () => contact.open(true))
  const help = createPeopleMenu(panel.strings, (offer) => extras.reach(offer, true))
  const past = createConversationList(panel)
  panel.body.append(past.element)
  panel.end.append(consent.element, contact.element)
  panel.top.append(person.element)

  /** Shows the card that the visitor must answer before the next message. Returns whether there is one. */
  function showFirst(): boolean {
    const mustConsent = consent.show(services)
    const mustContact = !mustConsent && contact.isDue()
    if (mustContact) contact.open(false)
    return mustConsent || mustContact
  }

  /** Shows the next card that must be answered. If there is none, shows the input. */
  function answered(): void {
    const hadFocus = panel.end.matches(":focus-within")
    const isClosed = showFirst()
    panel.setClosed(isClosed)
    if (hadFocus && !isClosed) panel.focus()
  }

  const extras: Extras = {
    sheet,
    update(next) {
      services = next
      contact.update(next.contact)
      person.update(next.person)
      panel.setClosed(showFirst())
    },
    help: (button) => help.open(button, { ...services, person: person.current() }),
    reach(offer, focus) {
      if (offer === "person" && person.current().available) void person.ask()
      else contact.open(focus)
    },
    confirm: (confirmation, decide) => createConfirmation(panel, confirmation, decide),
    showConversations: () => void past.show(),
    hideConversations: past.hide,
    suspend: person.suspend,
  }
  return extras
}
