import { describe, expect, it } from "vitest"

import { advance } from "../src/client"
import { countPoints, indexOfPoint } from "../src/offsets"

describe("offsets count code points, as Python does", () => {
  it("counts an emoji as one", () => {
    expect(countPoints("a😀b")).toBe(3)
    expect("a😀b".length).toBe(4)
  })

  it("finds where code points end", () => {
    expect(indexOfPoint("a😀b", 0)).toBe(0)
    expect(indexOfPoint("a😀b", 2)).toBe(3)
    expect(indexOfPoint("a😀b", 9)).toBe(4)
  })
})

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
