import { describe, expect, it } from "vitest"

import { createStrings } from "../../src/i18n/strings"

describe("strings", () => {
  it("fills in values", () => {
    const strings = createStrings({ source: "Quelle %(number)s: %(title)s" }, "de")
    expect(strings.translate("source", { number: 2, title: "%(number)s" })).toBe("Quelle 2: %(number)s")
  })

  it("chooses the form that the language has for a number", () => {
    const forms = {
      zero: "صفر",
      one: "واحد",
      two: "اثنان",
      few: "%(count)s قليل",
      many: "%(count)s كثير",
      other: "%(count)s",
    }
    const strings = createStrings({ left: forms }, "ar")
    expect(strings.count("left", 1)).toBe("واحد")
    expect(strings.count("left", 2)).toBe("اثنان")
    expect(strings.count("left", 3)).toContain("قليل")
    expect(strings.count("left", 11)).toContain("كثير")
  })

  it("says how long to wait in the language of the page", () => {
    expect(createStrings({}, "en").wait(1)).toBe("in 1 second")
    expect(createStrings({}, "en").wait(700)).toBe("in 12 minutes")
    expect(createStrings({}, "de").wait(7200)).toBe("in 2 Stunden")
    expect(createStrings({}, "fr").wait(60)).toBe("dans 60 secondes")
  })

  it("lives without texts and with an unknown language", () => {
    expect(createStrings({}, "de").translate("send")).toBe("send")
    expect(createStrings({}, "not a language").count("left", 3)).toBe("3")
  })
})
