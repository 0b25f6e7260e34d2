import { describe, expect, it } from "vitest"

import { createMarkdown } from "../src/markdown"
import { WORDS } from "./words"

/** Draws `text` in pieces of `size` characters, with marks `at` places. */
function draw(text: string, size = Infinity): HTMLElement {
  const root = document.createElement("div")
  const markdown = createMarkdown(root, {
    strings: WORDS,
    mark: (n) => Object.assign(document.createElement("sup"), { textContent: String(n) }),
    copy: () => undefined,
  })
  for (let start = 0; start < text.length; start += size) markdown.write(text.slice(start, start + size))
  markdown.end()
  return root
}

/** The drawn HTML, without what only helps to read or to reach it. */
function html(text: string, size?: number): string {
  const root = draw(text, size)
  for (const element of root.querySelectorAll("*")) {
    for (const name of ["dir", "part", "role", "tabindex", "aria-label", "rel", "target", "title", "type"]) {
      element.removeAttribute(name)
    }
  }
  for (const element of root.querySelectorAll(".hidden, button")) element.remove()
  for (const section of root.querySelectorAll(".section")) section.replaceWith(...section.childNodes)
  return root.innerHTML
}

describe("Markdown, drawn as it arrives", () => {
  const cases: [string, string, string][] = [
    ["emphasis", "a *b* **c** _d_ ~~e~~ `f`", "<p>a <em>b</em> <strong>c</strong> <em>d</em> <s>e</s> <code>f</code></p>"],
    ["headings", "# a\n## b\nc", '<h3 class="h1">a</h3><h3 class="h2">b</h3><p>c</p>'],
    ["lists", "- a\n- b\n  1. c\n  2. d", "<ul><li>a</li><li>b<ol><li>c</li><li>d</li></ol></li></ul>"],
    ["numbers that go on", "2. a\n3. b", '<ol start="2"><li>a</li><li>b</li></ol>'],
    ["tasks", "- [x] a\n- [ ] b", "<ul><li><span>☑</span> a</li><li><span>☐</span> b</li></ul>"],
    ["tables", "|a|b|\n|-|-|\n|1|2|\n\nc", '<div class="table"><table><tr><th>a</th><th>b</th></tr><tr><td>1</td><td>2</td></tr></table></div><p>c</p>'],
    ["code", "```py\nx_y = $1\n```\nz", '<div class="code"><div class="code-head"><span>py</span></div><pre><code><span class="lines">x_y = $1</span></code></pre></div><p>z</p>'],
    ["names with underscores", "CHAT_MAX_TOKENS and CHAT_MAX_* are _two_ names", "<p>CHAT_MAX_TOKENS and CHAT_MAX_* are <em>two</em> names</p>"],
    ["names of modules", "a__b and __c__", "<p>a__b and <strong>c</strong></p>"],
    ["money", "$5 or $x$", "<p>$5 or $x$</p>"],
    ["brackets", "see [1] and [b][c]", "<p>see [1] and [b][c]</p>"],
    ["a link in a sentence", "see https://a.b/c_d.", '<p>see <a href="https://a.b/c_d">https://a.b/c_d</a>.</p>'],
    ["a link in brackets", "(https://a.b/c_(d))", '<p>(<a href="https://a.b/c_%28d%29">https://a.b/c_(d)</a>)</p>'],
    ["a link in angle brackets", "<https://a.b/>, x", '<p><a href="https://a.b/">https://a.b/</a>, x</p>'],
    ["a bold link", "**https://a.b/**", '<p><strong><a href="https://a.b/">https://a.b/</a></strong></p>'],
    ["a link with a title", '[x](<https://a.b/> "t")', '<p><a href="https://a.b/">x</a></p>'],
    ["a link that is text", "[https://a.b/](https://a.b/)", '<p><a href="https://a.b/">https://a.b/</a></p>'],
    ["an image", "![alt](https://a.b/c.png)", '<p><a href="https://a.b/c.png">alt</a></p>'],
  ]

  it.each(cases)("%s", (_, text, expected) => {
    expect(html(text)).toBe(expected)
  })

  it.each(cases)("%s, character by character", (_, text, expected) => {
    expect(html(text, 1)).toBe(expected)
  })

  it("keeps a code block that never ends", () => {
    expect(html("```\na\nb")).toContain('<span class="lines">a\nb</span>')
  })
})

describe("hostile Markdown", () => {
  it.each([
    "<img src=x onerror=alert(1)>",
    "<script>alert(1)</script>",
    "<svg><use href='data:image/svg+xml,x'/></svg>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "![x](javascript:alert(1))",
    "![x][ref]\n\n[ref]: https://evil.example/x.png",
    "<style>*{display:none}</style>",
  ])("%s becomes text", (text) => {
    for (const size of [1, 3, Infinity]) {
      const root = draw(text, size)
      expect(root.querySelector("img, script, svg:not([aria-hidden]), iframe, style")).toBeNull()
      for (const element of root.querySelectorAll("*")) {
        expect(element.getAttributeNames().filter((name) => name.startsWith("on"))).toEqual([])
      }
    }
  })

  it.each([
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "<javascript:alert(1)>",
    "java\tscript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "vbscript:x",
    "blob:https://a.b/x",
    "file:///etc/passwd",
  ])("a link to %s goes nowhere", (address) => {
    for (const link of [`[x](${address})`, `<${address}>`, `![x](${address})`].flatMap((text) => [
      ...draw(text).querySelectorAll("a"),
    ])) {
      expect(link.protocol).toMatch(/^https?:$/)
      expect(link.href).not.toContain("script:")
    }
  })

  it("links to other sites open in a new tab and learn nothing", () => {
    const link = draw("[x](https://other.example/)").querySelector("a")!
    expect(link.target).toBe("_blank")
    expect(link.rel).toContain("noopener")
    expect(link.rel).toContain("noreferrer")
  })

  it("drops overrides of direction", () => {
    expect(draw("a\u202eb\u202cc").textContent).toBe("abc")
  })

  it("replaces the characters that marks travel as", () => {
    const root = draw("a\ue001b")
    expect(root.textContent).toBe("a\ufffdb")
    expect(root.querySelector("sup")).toBeNull()
  })

  it.each([
    ["quotes", ">".repeat(10_000) + " deep"],
    ["emphasis", "*a _b ".repeat(5_000)],
    ["brackets", "[".repeat(10_000)],
    ["lists", Array.from({ length: 3000 }, (_, depth) => " ".repeat(2 * (depth % 300)) + "- x").join("\n")],
  ])("10,000 nested %s stay shallow", (_, text) => {
    const root = draw(text, 1000)
    let depth = 0
    for (const element of root.querySelectorAll("*")) {
      let up = 0
      for (let node: Element | null = element; node && node !== root; node = node.parentElement) up++
      depth = Math.max(depth, up)
      if (depth > 100) break
    }
    expect(depth).toBeLessThan(100)
  })

  it("keeps all of a text that it gives up on", () => {
    expect(draw("```" + "x".repeat(50_000) + "END", 500).textContent).toContain("END")
    expect(draw("[a](" + "x".repeat(50_000) + "END", 500).textContent).toContain("END")
  })
})
