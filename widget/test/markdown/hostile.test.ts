/** What a hostile model or page can write: nothing runs, nothing is fetched. */

import { describe, expect, it } from "vitest"
import AGENTDOJO from "../../../tests/data/injections/agentdojo.json"
import GARAK from "../../../tests/data/injections/garak.json"
import { draw } from "./drawing"
import PAYLOADS from "./payloads.json"

const FORBIDDEN =
  "img, script, iframe, style, object, embed, link, meta, base, form, video, audio, source, svg:not([aria-hidden]), math, template"

const PUBLIC = [
  ...Object.values(GARAK.hidden).flat(),
  ...Object.values(GARAK.printed).flat(),
  ...Object.values(AGENTDOJO.attacks),
  ...AGENTDOJO.goals,
]

function expectHarmless(root: HTMLElement): void {
  expect(root.querySelector(FORBIDDEN)).toBeNull()
  for (const element of root.querySelectorAll("*")) {
    const names = element.getAttributeNames()
    expect(names.filter((name) => /^on|^style$|^src|srcdoc|formaction/.test(name))).toEqual([])
  }
  for (const link of root.querySelectorAll("a")) {
    expect(new URL(link.getAttribute("href") ?? "", "https://site.example/").protocol).toMatch(
      /^(?:https?|mailto|tel|xmpp):$/,
    )
  }
}

describe("hostile Markdown", () => {
  it.each(PAYLOADS)("%s is harmless", (text) => {
    for (const size of [1, 3, Number.POSITIVE_INFINITY]) expectHarmless(draw(text, size))
  })

  it("of public sets is harmless and hides no host", () => {
    for (const text of PUBLIC) {
      const root = draw(text, 50)
      expectHarmless(root)
      for (const link of root.querySelectorAll<HTMLAnchorElement>("a[target]")) {
        const shown = [link.textContent, link.dataset["host"], link.parentElement?.textContent].join(" ")
        expect(shown.toLowerCase()).toContain(new URL(link.href).hostname)
      }
    }
  })

  it("names the host of every other site that a link leads to", () => {
    const hosts = (text: string): (string | undefined)[] =>
      Array.from(draw(text, 3).querySelectorAll("a"), (link) => link.dataset["host"])
    expect(hosts("[Pay here](https://evil.example/pay)")).toEqual(["evil.example"])
    expect(hosts("![Pay here](https://evil.example/pixel.png)")).toEqual(["evil.example"])
    expect(hosts("[evil.example](https://evil.example/), https://evil.example/")).toEqual([undefined, undefined])
    expect(hosts("[Prices](/prices/)")).toEqual([undefined])
  })

  it("stays shallow, however deep the text nests", () => {
    const texts = [
      `${">".repeat(10_000)} deep`,
      "*a _b ".repeat(5000),
      "[".repeat(10_000),
      "**a *b ".repeat(300) + "c* d** ".repeat(300),
      Array.from({ length: 3000 }, (_, depth) => `${" ".repeat(2 * (depth % 300))}- x`).join("\n"),
    ]
    for (const text of texts) {
      const root = draw(text, 1000)
      let deepest = 0
      for (const element of root.querySelectorAll("*")) {
        let depth = 0
        for (let node: Element | null = element; node && node !== root; node = node.parentElement) depth++
        deepest = Math.max(deepest, depth)
      }
      expect(deepest).toBeLessThan(100)
    }
  })
})
