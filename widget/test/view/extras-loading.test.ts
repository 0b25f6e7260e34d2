import { describe, expect, it, vi } from "vitest"
import type { Extras } from "../../src/shared/extras-types"
import type { ContactForm, Services } from "../../src/shared/http-types"
import type { Launcher } from "../../src/shared/launcher-types"
import { createExtrasControl } from "../../src/view/extras-loading"
import { createPanelForExtras } from "../extras/panel-for-extras"
import { WORDS } from "../words"

const FORM: ContactForm = { fields: ["email"], required: ["email"] }
const PERSON = { available: true, state: "none", name: null } as const

function control(services: Services) {
  const reach = vi.fn()
  const extras = { reach, update: vi.fn(), sheet: new CSSStyleSheet() } as unknown as Extras
  const launcher = { load: async () => () => extras } as unknown as Launcher
  const created = createExtrasControl({
    launcher,
    strings: WORDS,
    panelForExtras: createPanelForExtras(() => Response.json({})).panel,
    keepEnd: (change) => change(),
    adopt: vi.fn(),
    failed: vi.fn(),
  })
  created.update(services)
  return { created, reach }
}

describe("an offer below a new answer", () => {
  it("opens the contact form", async () => {
    const { created, reach } = control({ contact: FORM, person: PERSON })
    expect(created.createOffer("contact", true)).toBeUndefined()
    await vi.waitFor(() => expect(reach).toHaveBeenCalledWith("contact", false))
  })

  it("does not ask for a person without a click, if the site has no contact form any more", async () => {
    const { created, reach } = control({ contact: null, person: PERSON })
    const button = created.createOffer("contact", true)
    expect(reach).not.toHaveBeenCalled()
    button?.click()
    await vi.waitFor(() => expect(reach).toHaveBeenCalledWith("person", true))
  })
})
