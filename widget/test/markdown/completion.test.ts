import { describe, expect, it } from "vitest"
import { completionFor } from "../../src/markdown/completion"

describe("completion", () => {
  it.each([
    ["a **b", "**"],
    ["a *b `c", "`*"],
    ["[a](/b", ")"],
    ["a ** b", ""],
    ["```\na **b", ""],
  ])("of %j is %j", (text, missing) => {
    expect(completionFor(text)).toBe(missing)
  })

  it("leaves what opens more than any answer does", () => {
    expect(completionFor("*a _b ".repeat(1000))).toBe("")
  })
})
