/** The contact form. */

import { button, h, icon, onEscape } from "../shared/dom"
import type { PanelForExtras } from "../shared/extras-types"
import type { ContactField, ContactForm } from "../shared/http-types"
import { CHECK } from "../shared/icons"
import { describePage } from "../shared/page"
import { createField, type Field } from "./field"
import { refusalOf } from "./refusal-errors"

export interface ContactCard {
  readonly element: HTMLElement
  /** Sets the form that the server describes; null for none. */
  update(form: ContactForm | null | undefined): void
  /** Returns whether the form must be shown now, before the first message. */
  isDue(): boolean
  /** Shows the form, if the site has one. Focuses its first field if `focus`. */
  open(focus: boolean): void
}

/** The input type (empty for a textarea), the autofill hint and the maximum length of each field. */
const FIELD_KINDS: Record<ContactField, { type: string; autocomplete: string; length: number }> = {
  email: { type: "email", autocomplete: "email", length: 254 },
  name: { type: "text", autocomplete: "name", length: 200 },
  phone: { type: "tel", autocomplete: "tel", length: 50 },
  message: { type: "", autocomplete: "off", length: 2000 },
}

/** `done` is called when the form was sent or closed. */
export function createContact(panel: PanelForExtras, done: () => void): ContactCard {
  const { translate } = panel.strings
  const element = h("form", "card contact", {
    hidden: true,
    novalidate: true,
    "aria-labelledby": "contact",
    submit(event: Event) {
      event.preventDefault()
      void send()
    },
    keydown: onEscape(close),
  })
  const problem = h("p", "wrong", { hidden: true })
  let form: ContactForm | undefined
  let fields: Field[] = []
  let isSending = false

  /** Draws an empty form. */
  function draw({ fields: names, required, consent }: ContactForm): void {
    fields = names
      .filter((name) => name in FIELD_KINDS)
      .map((name) =>
        createField(
          { name, label: translate(name), ...FIELD_KINDS[name] },
          required.includes(name),
          translate("optional"),
        ),
      )
    if (consent) fields.push(createField({ name: "consent", label: consent, type: "checkbox" }, true))
    const submit = h("button", "primary", { type: "submit" }, translate("sendContact"))
    const cancel = button("secondary", close, translate(contact.isDue() ? "notNow" : "cancel"))
    problem.hidden = true
    element.replaceChildren(
      h("h3", "", { id: "contact" }, translate("contact")),
      ...fields.map((field) => field.element),
      problem,
      h("div", "choices", {}, submit, cancel),
    )
  }

  function close(): void {
    element.hidden = true
    panel.memory.set({ contacted: true })
    done()
    panel.focus()
  }

  /** Shows errors by field name and a general error, and focuses the first invalid field. */
  function showErrors(wrong: Record<string, string>, text: string): void {
    for (const field of fields) field.setError(wrong[field.name] ?? "")
    problem.textContent = text
    problem.hidden = !text
    const first = fields.find(({ name }) => wrong[name])
    first?.input.focus()
    panel.announce(text || (first && wrong[first.name]) || "")
  }

  async function send(): Promise<void> {
    if (isSending) return
    const invalid = fields.filter(({ input }) => !input.checkValidity())
    showErrors(Object.fromEntries(invalid.map(({ name, input }) => [name, input.validationMessage])), "")
    if (invalid.length) return
    isSending = true
    element.classList.add("sending")
    try {
      const entries = Object.fromEntries(fields.map(({ name, value }) => [name, value()]))
      await panel.call("contact/", {
        json: { ...entries, page: describePage() },
        query: { conversation: panel.conversation() },
      })
      thank()
    } catch (error) {
      refuse(error)
    } finally {
      isSending = false
      element.classList.remove("sending")
    }
  }

  function thank(): void {
    const hadFocus = element.matches(":focus-within")
    panel.memory.set({ contacted: true })
    fields = []
    element.replaceChildren(h("div", "thanked", {}, icon(CHECK), h("p", "", {}, translate("contacted"))))
    panel.announce(translate("contacted"))
    if (hadFocus) panel.focus()
    done()
  }

  function refuse(error: unknown): void {
    const { detail } = refusalOf(error)
    if (detail.error === "invalid_contact") showErrors(detail.fields ?? {}, detail.message ?? "")
    else panel.report(error)
  }

  const contact: ContactCard = {
    element,
    update(next) {
      const isSame = JSON.stringify(next) === JSON.stringify(form)
      form = next ?? undefined
      if (isSame) return
      if (!form) element.hidden = true
      else if (!element.hidden && fields.length) draw(form)
    },
    isDue: () => !!form?.before && panel.isEmpty() && !panel.memory.values.contacted,
    open(focus) {
      if (!form) return
      if (element.hidden || !fields.length) draw(form)
      element.hidden = false
      panel.reveal(element)
      if (focus) fields[0]?.input.focus()
      else panel.announce(translate("contact"))
    },
  }
  return contact
}
