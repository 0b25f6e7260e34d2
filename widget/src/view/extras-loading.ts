/** Loads the extras when a conversation needs more than messages, and shows the button for people. */

import type { Strings } from "../i18n/text-names"
import type { ChatMessage } from "../model/message"
import { button, h, iconButton, setLabel } from "../shared/dom"
import type { Extras, Surface } from "../shared/extras-types"
import type { Person, Services } from "../shared/http-types"
import { PERSON } from "../shared/icons"
import type { Launcher } from "../shared/launcher-types"
import type { Actions } from "./action-types"

export interface ServicesControl {
  /** The button in the window's header that leads to people. */
  readonly button: HTMLButtonElement
  /** Sets what the server offers. */
  update(given: Services): void
  /** Sets the state of the person. */
  setPerson(person: Person): void
  /** Calls `action` with the extras, once they are loaded. */
  use(action: (extras: Extras) => void): void
  offer: Actions["offer"]
  /** Returns an element, which will contain a card that asks whether a tool may run. */
  confirm(message: ChatMessage, decide: (approve: boolean) => void): HTMLElement
  /** Closes the list of conversations. */
  hidePast(): void
  /** Closes all connections. */
  suspend(): void
}

export interface ServicesOptions {
  launcher: Launcher
  strings: Strings
  surface: Surface
  /** Changes the list of messages, and stays at its end if it was there. */
  keepEnd(change: () => void): void
  /** Adds the style sheet of the extras. */
  adopt(sheet: CSSStyleSheet): void
  /** Called if the extras could not be loaded. */
  failed(retry: () => void): void
}

export function createServices(options: ServicesOptions): ServicesControl {
  const { launcher, surface, adopt, failed, keepEnd } = options
  const { say } = options.strings
  let given: Services = {}
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

  const services: ServicesControl = {
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
