/** The bar that shows whether a person of the site was asked for, has joined or has left. */

import { button, h, iconButton } from "../shared/dom"
import type { PanelForExtras } from "../shared/extras-types"
import type { Person, Updates } from "../shared/http-types"
import { CLOSE } from "../shared/icons"
import { describePage } from "../shared/page"
import { refusalOf } from "./refusal-errors"
import { createUpdates } from "./updates"

export interface PersonBar {
  readonly element: HTMLElement
  /** Returns the state that the server reported last. */
  current(): Person
  /** Shows the state that the server reports. */
  update(person: Person | null | undefined): void
  /** Asks the server for a person. Shows the new state, or the problem. */
  ask(): Promise<void>
  /** Closes the connection for updates. */
  suspend(): void
}

const NO_PERSON: Person = { available: false, state: "none", name: null }

/** `offerContact` is called if the visitor has asked for a person, but no person is available. */
export function createPersonBar(panel: PanelForExtras, offerContact: () => void): PersonBar {
  const { translate } = panel.strings
  const initial = h("span", "initial", { "aria-hidden": "true" })
  const text = h("p")
  const leave = button("secondary", () => void returnToAssistant(), "")
  const dismiss = iconButton("dismiss", CLOSE, translate("dismiss"), () => {
    element.hidden = true
    panel.focus()
  })
  const element = h("div", "person", { hidden: true }, initial, text, leave, dismiss)
  const updates = createUpdates(panel, handleUpdates, () => void panel.refresh())
  let person = NO_PERSON
  let asking: Promise<void> | undefined
  /** The state on the previous page, until the server reports the current one. */
  let previousPageState = panel.memory.values.person

  const isAskedOrJoined = (): boolean => person.state === "waiting" || person.state === "joined"
  const name = (): string => person.name || translate("support")

  function handleUpdates({ messages, person: next }: Updates): void {
    if (messages) panel.receive(messages)
    const previous = person
    if (next) bar.update(next)
    if (isAskedOrJoined()) return
    if (previous.state === "joined") showEnd(departed(previous))
    else if (previous.state === "waiting" && person.state === "closed") showEnd(translate("unattended"))
  }

  /** Announces a change of the state to screen readers. */
  function announce(previous: Person): void {
    if (person.state === "joined" && previous.state !== "joined") panel.announce(translate("joined", { name: name() }))
    else if (person.state === "waiting" && previous.state !== "waiting")
      panel.announce(`${translate("awaiting")} ${translate("meanwhile")}`)
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
    panel.announce(words)
  }

  /** Stops waiting for a person, or ends the conversation with the person. */
  async function returnToAssistant(): Promise<void> {
    try {
      await panel.call("person/", { method: "DELETE", query: { conversation: panel.conversation() } })
    } catch (problem) {
      panel.report(problem)
      return
    }
    const hadFocus = element.matches(":focus-within")
    bar.update({ ...person, state: "none" })
    if (hadFocus) panel.focus()
  }

  /** Asks for a person, and shows the new state, or the problem. */
  async function requestPerson(): Promise<void> {
    try {
      const response = await panel.call("person/", {
        json: { page: describePage() },
        query: { conversation: panel.conversation() },
      })
      const { person: given } = (await response.json()) as Partial<Updates>
      if (panel.memory.values.fresh) {
        // the request belongs to the visitor's last conversation, so show that one
        panel.memory.set({ fresh: undefined })
        await panel.refresh()
      } else bar.update({ ...person, state: "waiting", ...given })
    } catch (problem) {
      const { error } = refusalOf(problem).detail
      if (error === "busy" || error === "consent_required") await panel.refresh()
      else {
        panel.report(problem)
        if (error === "person_unavailable") offerContact()
      }
    }
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
      panel.memory.set({ person: isAskedOrJoined() ? (person.state as "waiting" | "joined") : undefined })
      panel.setPerson(person)
      if (isAskedOrJoined()) {
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
    ask() {
      // Without a session, a second click before the response would begin another conversation.
      asking ??= requestPerson().finally(() => {
        asking = undefined
      })
      return asking
    },
  }
  return bar
}
