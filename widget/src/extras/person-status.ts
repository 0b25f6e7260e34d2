/** The bar that shows whether a person of the site was asked for, has joined or has left. */

import { button, h, iconButton } from "../shared/dom"
import type { Surface } from "../shared/extras-types"
import type { Person, Updates } from "../shared/http-types"
import { CLOSE } from "../shared/icons"
import { describePage } from "../shared/page"
import { refusalOf } from "./refusal-errors"
import { createUpdates } from "./updates"

export interface PersonBar {
  readonly element: HTMLElement
  current(): Person
  /** Shows the state that the server reports. */
  update(person: Person | null | undefined): void
  ask(): Promise<void>
  suspend(): void
}

const NO_PERSON: Person = { available: false, state: "none", name: null }

/** `elsewhere` is called if no person is available. */
export function createPersonBar(surface: Surface, offerContact: () => void): PersonBar {
  const { translate } = surface.strings
  const initial = h("span", "initial", { "aria-hidden": "true" })
  const text = h("p")
  const leave = button("secondary", () => void goBack(), "")
  const dismiss = iconButton("dismiss", CLOSE, translate("dismiss"), () => {
    element.hidden = true
    surface.focus()
  })
  const element = h("div", "person", { hidden: true }, initial, text, leave, dismiss)
  const updates = createUpdates(surface, handleUpdates, () => void surface.refresh())
  let person = NO_PERSON
  /** The state on the previous page, until the server reports the current one. */
  let previousPageState = surface.memory.values.person

  const isThere = (): boolean => person.state === "waiting" || person.state === "joined"
  const name = (): string => person.name || translate("support")

  function handleUpdates({ messages, person: next }: Updates): void {
    if (messages) surface.receive(messages)
    const previous = person
    if (next) bar.update(next)
    if (isThere()) return
    if (previous.state === "joined") showEnd(departed(previous))
    else if (previous.state === "waiting" && person.state === "closed") showEnd(translate("unattended"))
  }

  /** Announces a change of the state to screen readers. */
  function announce(previous: Person): void {
    if (person.state === "joined" && previous.state !== "joined")
      surface.announce(translate("joined", { name: name() }))
    else if (person.state === "waiting" && previous.state !== "waiting")
      surface.announce(`${translate("awaiting")} ${translate("meanwhile")}`)
  }

  function show(): void {
    const { state, typing } = person
    const isJoined = state === "joined"
    element.hidden = false
    element.dataset["state"] = state
    initial.textContent = isJoined ? ([...name()][0] ?? "") : ""
    initial.hidden = !isJoined
    leave.textContent = translate(isJoined ? "handBack" : "stopWaiting")
    leave.hidden = false
    dismiss.hidden = true
    if (isJoined) text.replaceChildren(translate(typing ? "typing" : "joined", { name: name() }))
    else text.replaceChildren(h("strong", "", {}, translate("awaiting")), " ", translate("meanwhile"))
  }

  function departed({ name }: Pick<Person, "name">): string {
    return translate("departed", { name: name || translate("support") })
  }

  /** Shows and announces that a person has left, or that no person has come. */
  function showEnd(words: string): void {
    element.hidden = false
    element.dataset["state"] = "closed"
    initial.hidden = leave.hidden = true
    dismiss.hidden = false
    text.textContent = words
    surface.announce(words)
  }

  async function goBack(): Promise<void> {
    try {
      await surface.call("person/", { method: "DELETE", query: { conversation: surface.conversation() } })
    } catch (problem) {
      surface.report(problem)
      return
    }
    const hadFocus = element.matches(":focus-within")
    bar.update({ ...person, state: "none" })
    if (hadFocus) surface.focus()
  }

  const bar: PersonBar = {
    element,
    current: () => person,
    suspend: updates.stop,
    update(next) {
      const previous = person
      person = next ?? NO_PERSON
      const earlier = previousPageState
      previousPageState = undefined
      surface.memory.set({ person: isThere() ? (person.state as "waiting" | "joined") : undefined })
      surface.setPerson(person)
      if (isThere()) {
        show()
        announce(previous)
        updates.start()
        return
      }
      updates.stop()
      if (element.dataset["state"] !== "closed") element.hidden = true
      if (earlier && person.state === "closed")
        showEnd(earlier === "joined" ? departed({ name: null }) : translate("unattended"))
    },
    async ask() {
      try {
        const response = await surface.call("person/", {
          json: { page: describePage() },
          query: { conversation: surface.conversation() },
        })
        const { person: given } = (await response.json()) as Partial<Updates>
        if (surface.memory.values.fresh) {
          // the request belongs to the visitor's last conversation, so show that one
          surface.memory.set({ fresh: undefined })
          await surface.refresh()
        } else bar.update({ ...person, state: "waiting", ...given })
      } catch (problem) {
        const { error } = refusalOf(problem).detail
        if (error === "busy" || error === "consent_required") await surface.refresh()
        else {
          surface.report(problem)
          if (error === "person_unavailable") offerContact()
        }
      }
    },
  }
  return bar
}
