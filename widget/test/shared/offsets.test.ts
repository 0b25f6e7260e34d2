import { describe, expect, it } from "vitest"

import { countPoints, indexOfPoint } from "../../src/shared/offsets"

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
