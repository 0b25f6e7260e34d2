/** What a conversation may need besides messages, and the extras for it, fetched when they are needed. */

import type { Strings } from "../i18n/strings"
import type { ChatMessage } from "../model/message"
import type { Services as Given, Person } from "../shared/contract"
import { button, h, iconButton, setLabel } from "../shared/dom"
import type { Extras, Surface } from "../shared/extras"
import type { Launcher } from "../shared/host"
import { PERSON } from "../shared/icons"
import type { Actions } from "./actions"

export interface Services {
  /** Leads to people; stands in the window's head. */
  readonly button: HTMLButtonElement
  /** Follows what the server says there is. */
  update(given: Given): void
  /** Says who answers, and whom one can ask for. */
  setPerson(person: Person): void
  /** Does something with the extras once they are there. */
  use(action: (extras: Extras) => void): void
  offer: Actions["offer"]
  /** Returns the place of a card that asks before a tool runs. */
  confirm(message: ChatMessage, decide: (approve: boolean) => void): HTMLElement
  /** Shows the conversation again, if its visitor looks at the list of conversations. */
  hidePast(): void
  /** Lets go of all connections. */
  suspend(): void
}

export interface ServicesOptions {
  launcher: Launcher
  strings: Strings
  surface: Surface
  /** Changes the list of messages; a reader at its end stays there. */
  keepEnd(change: () => void): void
  /** The extras bring a style sheet along. */
  adopt(sheet: CSSStyleSheet): void
  /** The extras could not be loaded. */
  failed(retry: () => void): void
}

export function createServices(options: ServicesOptions): Services {
  const { launcher, surface, adopt, failed, keepEnd } = options
  const { say } = options.strings
  let given: Given = {}
  let extras: Extras | undefined

  const isWithPerson = (): boolean => /waiting|joined/.test(given.person?.state ?? "")
  const isAvailable = (): boolean => !!given.person?.available && !isWithPerson()

  function showButton(): void {
    const { button } = services
    button.hidden = !isAvailable() && !given.contact
    const only = isAvailable() ? "person" : "contact"
    const isMenu = isAvailable() && !!given.contact
    button.ariaHasPopup = isMenu ? "menu" : null
    setLabel(button, say(isMenu ? "help" : only))
  }

  async function load(): Promise<Extras> {
    const create = await launcher.load("extras")
    if (!extras) {
      extras = create(surface)
      adopt(extras.sheet)
      extras.update(given)
    }
    return extras
  }

  const services: Services = {
    button: iconButton("help", PERSON, say("help"), () => services.use((all) => all.help(services.button))),
    update(next) {
      given = next
      const { contact, consent } = given
      showButton()
      const mustConsent = consent?.required && !consent.given
      if (extras) extras.update(given)
      else if (mustConsent || contact?.before || isWithPerson()) services.use(() => undefined)
    },
    setPerson(person) {
      given = { ...given, person }
      showButton()
    },
    use(action) {
      load().then(action, () => failed(() => services.use(action)))
    },
    offer(wanted, isNew) {
      const offer = given.contact && (wanted === "contact" || !isAvailable()) ? "contact" : "person"
      if (offer === "person" && !isAvailable()) return undefined
      if (isNew && wanted === "contact") {
        services.use((all) => all.reach(offer, false))
        return undefined
      }
      return button("offer secondary", () => services.use((all) => all.reach(offer, true)), say(offer))
    },
    confirm({ confirm }, decide) {
      const place = h("div")
      if (confirm) services.use((all) => keepEnd(() => place.append(all.confirm(confirm, decide))))
      return place
    },
    hidePast: () => extras?.hidePast(),
    suspend: () => extras?.suspend(),
  }
  services.button.hidden = true
  return services
}
