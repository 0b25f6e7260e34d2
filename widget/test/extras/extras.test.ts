import { afterEach, describe, expect, it, vi } from "vitest"
import { EXPIRES_AFTER } from "../../src/extras/confirmation"
import { createExtras } from "../../src/extras/extras"
import { createPanelForExtras, find, refusal } from "./panel-for-extras"

const CONSENT = { required: true, given: false, text: "We keep what you write." }
const FORM = { fields: ["email", "message"] as const, required: ["email"] as const, consent: "Store it." }
const CONTACT = { ...FORM, fields: [...FORM.fields], required: [...FORM.required] }
const done = (): Response => new Response(null, { status: 204 })

const isShown = (selector: string): boolean => !find(selector).hidden
const click = (selector: string): void => find(selector).click()

afterEach(() => void vi.useRealTimers())

describe("consent", () => {
  it("comes before the first message, with the privacy notice", async () => {
    const { panel, asked } = createPanelForExtras(done)
    createExtras(panel).update({ consent: CONSENT })
    expect(isShown(".consent")).toBe(true)
    expect(find(".consent").textContent).toContain("We keep what you write.")
    expect(find<HTMLAnchorElement>(".consent a").getAttribute("href")).toBe("/privacy/")
    expect(panel.setClosed).toHaveBeenLastCalledWith(true)
    click(".consent .primary")
    await vi.waitFor(() => expect(panel.setClosed).toHaveBeenLastCalledWith(false))
    expect(asked).toEqual([{ method: "POST", path: "consent/", body: { text: CONSENT.text } }])
    expect(isShown(".consent")).toBe(false)
    expect(panel.refresh).toHaveBeenCalledOnce()
  })

  it("is asked for with the new text if the text has changed", async () => {
    const { panel } = createPanelForExtras(() => refusal(422, { error: "conflict", message: "Read again." }))
    createExtras(panel).update({ consent: CONSENT })
    click(".consent .primary")
    await vi.waitFor(() => expect(panel.refresh).toHaveBeenCalledOnce())
  })

  it("is asked for again when it can't be given, or has another text", async () => {
    const { panel } = createPanelForExtras(() => refusal(503, { error: "overloaded" }))
    const extras = createExtras(panel)
    extras.update({ consent: CONSENT })
    click(".consent .primary")
    await vi.waitFor(() => expect(panel.report).toHaveBeenCalledOnce())
    expect(isShown(".consent")).toBe(true)
    extras.update({ consent: { ...CONSENT, text: "We keep less." } })
    expect(find("#consent").textContent).toBe("We keep less.")
  })

  it.each([undefined, null, { ...CONSENT, given: true }, { required: false, given: false, text: "" }])(
    "is not in the way if it is %j",
    (consent) => {
      const { panel } = createPanelForExtras(done)
      createExtras(panel).update(consent === undefined ? {} : { consent })
      expect(isShown(".consent")).toBe(false)
      expect(panel.setClosed).toHaveBeenLastCalledWith(false)
    },
  )
})

describe("the contact form", () => {
  const open = (respond: () => Response, contact = {}) => {
    const { panel, asked } = createPanelForExtras(respond)
    const extras = createExtras(panel)
    extras.update({ contact: { ...CONTACT, ...contact } })
    extras.reach("contact", true)
    return { panel, asked, extras }
  }
  const fill = (values: Record<string, string>): void => {
    for (const [name, value] of Object.entries(values)) find<HTMLInputElement>(`#contact-${name}`).value = value
    find<HTMLInputElement>("#contact-consent").checked = true
  }
  const submit = (): void => void find(".contact").dispatchEvent(new Event("submit", { cancelable: true }))

  it("sends what the visitor wrote", async () => {
    const { panel, asked } = open(() => Response.json({}, { status: 201 }))
    fill({ email: " ann@example.org ", message: "Call me." })
    submit()
    await vi.waitFor(() => expect(find(".contact").textContent).toBe("contacted"))
    expect(asked[0]?.body).toMatchObject({ email: "ann@example.org", message: "Call me.", consent: true })
    expect(panel.announce).toHaveBeenCalledWith("contacted")
    expect(panel.memory.values.contacted).toBe(true)
  })

  it("says what the server finds wrong, where it is wrong", async () => {
    const wrong = { error: "invalid_contact", message: "Look again.", fields: { email: "No such host." } }
    const { panel } = open(() => refusal(400, wrong))
    fill({ email: "ann@example" })
    submit()
    await vi.waitFor(() => expect(find("#wrong-email").textContent).toBe("No such host."))
    expect(find("#contact-email").ariaInvalid).toBe("true")
    expect(find("#contact-email").matches(":focus")).toBe(true)
    expect(panel.announce).toHaveBeenCalledWith("Look again.")
    find("#contact-email").dispatchEvent(new Event("input"))
    expect(find("#wrong-email").hidden).toBe(true)
  })

  it("asks the server for nothing while something is missing", () => {
    const { asked } = open(done)
    submit()
    expect(asked).toEqual([])
    expect(find("#contact-email").ariaInvalid).toBe("true")
  })

  it("keeps what was written when it can't be sent", async () => {
    const { panel } = open(() => refusal(429, { error: "rate_limited", message: "Later." }))
    fill({ email: "ann@example.org" })
    submit()
    await vi.waitFor(() => expect(panel.report).toHaveBeenCalledOnce())
    expect(find<HTMLInputElement>("#contact-email").value).toBe("ann@example.org")
  })

  it("stays as it is when the same is told again, and leaves out what it does not know", () => {
    const { extras } = open(done, { fields: ["email", "fax"] })
    fill({ email: "ann@" })
    extras.update({ contact: { ...CONTACT, fields: ["email", "fax"] } as never })
    expect(find<HTMLInputElement>("#contact-email").value).toBe("ann@")
    expect(document.querySelector("#contact-fax")).toBeNull()
  })

  it("comes before the first message if the owner wants that", async () => {
    const { panel } = createPanelForExtras(() => Response.json({}, { status: 201 }))
    const extras = createExtras(panel)
    extras.update({ contact: { ...CONTACT, before: true }, consent: CONSENT })
    expect(document.querySelector("#contact-email")).toBeNull()
    extras.update({ contact: { ...CONTACT, before: true }, consent: { ...CONSENT, given: true } })
    expect(panel.setClosed).toHaveBeenLastCalledWith(true)
    fill({ email: "ann@example.org" })
    submit()
    await vi.waitFor(() => expect(panel.setClosed).toHaveBeenLastCalledWith(false))
  })

  it("can be left for later", () => {
    const { panel } = createPanelForExtras(done)
    const extras = createExtras(panel)
    extras.update({ contact: { ...CONTACT, before: true } })
    expect(find(".contact .secondary").textContent).toBe("notNow")
    click(".contact .secondary")
    expect(isShown(".contact")).toBe(false)
    expect(panel.setClosed).toHaveBeenLastCalledWith(false)
    extras.update({ contact: { ...CONTACT, before: true } })
    expect(isShown(".contact")).toBe(false)
  })
})

describe("the question whether a tool may run", () => {
  const ask = () => {
    const { panel, end } = createPanelForExtras(done)
    const decide = vi.fn()
    end.append(createExtras(panel).confirm({ id: "k", text: "Cancel order A-1042?" }, decide))
    return { panel, decide }
  }

  it("is the site's text, and is said", () => {
    const { panel } = ask()
    const card = find(".confirm")
    expect(document.getElementById(card.getAttribute("aria-labelledby") ?? "")?.textContent).toBe(
      "Cancel order A-1042?",
    )
    expect(panel.announce).toHaveBeenCalledWith("Cancel order A-1042?")
  })

  it.each([
    [".primary", true],
    [".secondary", false],
  ])("is answered by %s with %j", (button, approve) => {
    const { decide } = ask()
    click(`.confirm ${button}`)
    expect(decide).toHaveBeenCalledExactlyOnceWith(approve)
  })

  it("can't be answered after five minutes", () => {
    vi.useFakeTimers()
    const { panel } = ask()
    vi.advanceTimersByTime(EXPIRES_AFTER)
    expect(document.querySelector(".confirm button")).toBeNull()
    expect(panel.announce).toHaveBeenCalledWith("expired")
  })
})
