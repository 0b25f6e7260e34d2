import { describe, expect, it } from "vitest"
import { advance } from "../../src/transport/reply-position"

describe("advance", () => {
  it("takes a piece that continues the text", () => {
    const place = { offset: 3 }
    expect(advance(place, "😀x", 5)).toBe("😀x")
    expect(place.offset).toBe(5)
  })

  it("drops what is known already", () => {
    const place = { offset: 3 }
    expect(advance(place, "b😀cd", 5)).toBe("cd")
    expect(place.offset).toBe(5)
  })

  it("drops a piece that is known whole", () => {
    const place = { offset: 5 }
    expect(advance(place, "abc", 3)).toBe("")
    expect(place.offset).toBe(5)
  })

  it("counts for itself where the server gives no end", () => {
    const place = { offset: 3 }
    expect(advance(place, "😀")).toBe("😀")
    expect(place.offset).toBe(4)
  })

  it("refuses a gap", () => {
    expect(() => advance({ offset: 3 }, "x", 9)).toThrow()
  })
})
