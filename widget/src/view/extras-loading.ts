/** Loads the extras on demand, and shows the button that leads to people. */

import type { Strings } from "../i18n/strings"
import type { ChatMessage } from "../model/message"
import { button, h, iconButton, setLabel } from "../shared/dom"
import type { Extras, PanelForExtras } from "../shared/extras-types"
import type { Person, Services } from "../shared/http-types"
import { PERSON } from "../shared/icons"
import type { Launcher } from "../shared/launcher-types"
import type { Actions } from "./action-types"

export interface ExtrasControl {
  /** The button in the window's header that leads to people. */
  readonly button: HTMLButtonElement
  /** Sets what the server offers. */
  update(given: Services): void
  /** Sets the state of the person. */
  setPerson(person: Person): void
  /** Calls `action` with the extras, once they are loaded. If they can't be loaded, calls `failed`. */
  use(action: (extras: Extras) => void): void
  createOffer: Actions["createOffer"]
  /** Returns an empty element. Once the extras are loaded, it gets the card that asks whether a tool may run. */
  createConfirmation(message: ChatMessage, decide: (approve: boolean) => void): HTMLElement
  /** Closes the list of conversations. */
  hideConversations(): void
  /** Closes the connections of the extras. */
  suspend(): void
}

export interface ExtrasControlOptions {
  launcher: Launcher
  strings: Strings
  panelForExtras: PanelForExtras
  /** Calls `change`, which changes the list of messages. If the list was at its end, scrolls to the new end. */
  keepEnd(change: () => void): void
  /** Adds the style sheet of the extras. */
  adopt(sheet: CSSStyleSheet): void
  /** Called if the extras could not be loaded. */
  failed(retry: () => void): void
}

export function createExtrasControl(options: ExtrasControlOptions): ExtrasControl {
  const { launcher, panelForExtras, adopt, failed, keepEnd } = options
  const { translate } = options.strings
  let offered: Services = {}
  let extras: Extras | undefined

  const isWithPerson = (): boolean => /waiting|joined/.test(offered.person?.state ?? "")
  const isAvailable = (): boolean => !!offered.person?.available && !isWithPerson()

  function showButton(): void {
    const { button } = control
    button.hidden = !isAvailable() && !offered.contact
    const only = isAvailable() ? "person" : "contact"
    const isMenu = isAvailable() && !!offered.contact
    button.ariaHasPopup = isMenu ? "menu" : null
    setLabel(button, translate(isMenu ? "help" : only))
  }

  async function load(): Promise<Extras> {
    const create = await launcher.load("extras")
    if (!extras) {
      extras = create(panelForExtras)
      adopt(extras.sheet)
      extras.update(offered)
    }
    return extras
  }

  const control: ExtrasControl = {
    button: iconButton("help", PERSON, translate("help"), () => control.use((all) => all.help(control.button))),
    update(next) {
      offered = next
      const { contact, consent } = offered
      showButton()
      const mustConsent = consent?.required && !consent.given
      if (extras) extras.update(offered)
      else if (mustConsent || contact?.before || isWithPerson()) control.use(() => undefined)
    },
    setPerson(person) {
      offered = { ...offered, person }
      showButton()
    },
    use(action) {
      load().then(action, () => failed(() => control.use(action)))
    },
    createOffer(wanted, isNew) {
      const offer = offered.contact && (wanted === "contact" || !isAvailable()) ? "contact" : "person"
      if (offer === "person" && !isAvailable()) return undefined
      if (isNew && wanted === "contact" && offer === "contact") {
        control.use((all) => all.reach("contact", false))
        return undefined
      }
      return button("offer secondary", () => control.use((all) => all.reach(offer, true)), translate(offer))
    },
    createConfirmation({ confirm }, decide) {
      const container = h("div")
      if (confirm) control.use((all) => keepEnd(() => container.append(all.confirm(confirm, decide))))
      return container
    },
    hideConversations: () => extras?.hideConversations(),
    suspend: () => extras?.suspend(),
  }
  control.button.hidden = true
  return control
}
