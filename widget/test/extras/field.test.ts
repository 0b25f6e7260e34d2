import { describe, expect, it } from "vitest"

import { createField } from "../../src/extras/field"

describe("a field of the contact form", () => {
  it("does not cut a long message, about which the server says how much fits", () => {
    const { input } = createField({ name: "message", label: "Message", type: "", length: 20 }, false)
    expect(input.tagName).toBe("TEXTAREA")
    expect(input.hasAttribute("maxlength")).toBe(false)
  })

  it("limits a field of one line", () => {
    const { input } = createField({ name: "name", label: "Name", type: "text", length: 200 }, false)
    expect(input.getAttribute("maxlength")).toBe("200")
  })
})
