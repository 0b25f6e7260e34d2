/** Drawing as text arrives: what is kept, what is drawn again, and where marks go. */

import { describe, expect, it } from "vitest"
import { createMarkdownStream } from "../../src/markdown"
import { WORDS } from "../words"
import { draw, html } from "./drawing"

const SIZES = [1, 3, 4, 7, Number.POSITIVE_INFINITY]

/** The text that is drawn, with marks in brackets. */
function marked(text: string, marks: { at: number; n: number }[], size?: number): string {
  const root = draw(text, size, marks)
  for (const mark of root.querySelectorAll("sup")) mark.textContent = `[${mark.textContent}]`
  for (const button of root.querySelectorAll("button")) button.remove()
  return root.textContent ?? ""
}

describe("while text arrives", () => {
  const start = () => {
    const root = document.createElement("div")
    const stream = createMarkdownStream(root, {
      strings: WORDS,
      mark: (n) => Object.assign(document.createElement("sup"), { textContent: String(n) }),
      copy: () => undefined,
    })
    const write = (text: string): void => {
      stream.append(text)
      while (stream.paint(performance.now() + 100));
    }
    return { root, stream, write }
  }

  it("keeps closed blocks as they are", () => {
    const { root, write } = start()
    write("One.\n\n- a\n- b\n- c\n\nTwo.\n\nThr")
    const [one, list] = root.children
    const [first] = list?.children ?? []
    write("ee.\n\nFour.\n\nFive.")
    expect(root.children[0]).toBe(one)
    expect(root.children[1]).toBe(list)
    expect(list?.children[0]).toBe(first)
  })

  it("keeps the items of a list that is still open", () => {
    const { root, write } = start()
    write("- a\n- b\n- c")
    const first = root.querySelector("li")
    write("c\n- d\n- e")
    expect(root.querySelector("li")).toBe(first)
    expect(html(root)).toBe(html(draw("- a\n- b\n- cc\n- d\n- e")))
  })

  it("keeps the rows of a table that is still open, and the text right after it", () => {
    const { root, write } = start()
    write("| a | b |\n|---|--:|\n| 1 | 2 |\n| 3 |")
    const row = root.querySelector("tbody tr")
    write(" 4 |\n\nafter")
    expect(root.querySelector("tbody tr")).toBe(row)
    expect(root.querySelectorAll("tbody tr")).toHaveLength(2)
    expect(root.lastElementChild?.textContent).toBe("after")
  })

  it("draws again only the block of which a later definition makes a link", () => {
    const { root, write } = start()
    write("See [here].\n\nAnother one.\n\n- in [here]\n- list\n\nMore.\n\n")
    const [, other] = root.children
    expect(root.querySelector("a")).toBeNull()
    write("[here]: /there\n\nEnd.\n\nx")
    expect([...root.querySelectorAll("a")].map((link) => link.getAttribute("href"))).toEqual(["/there", "/there"])
    expect(root.children[1]).toBe(other)
  })

  it("shows an open block of code, but not its closing line", () => {
    const { root, write } = start()
    write("```py\nx = 1\ny")
    expect(root.querySelector("code")?.textContent).toBe("x = 1\ny")
    write(" = 2\n``")
    expect(root.querySelector("code")?.textContent).toBe("x = 1\ny = 2\n")
    write("`\nafter")
    expect(root.lastElementChild?.textContent).toBe("after")
    expect(root.querySelector("code")?.className).toBe("language-py")
  })

  it("sets all items apart once one of them is", () => {
    const { root, write } = start()
    write("- a\n- b\n- c\n")
    expect(root.querySelector("li p")).toBeNull()
    write("\n- d\n- e\n")
    expect(root.querySelectorAll("li > p")).toHaveLength(5)
  })

  it("is drawn in steps if there is much of it", () => {
    const { stream } = start()
    stream.append("word\n\n".repeat(10_000))
    expect(stream.paint(performance.now())).toBe(true)
  })

  it("keeps what was drawn when it is cut", () => {
    const { root, stream, write } = start()
    write("seen 😀 ")
    stream.append("unseen")
    stream.cut()
    while (stream.paint(performance.now() + 100));
    expect(root.textContent).toBe("seen 😀")
    expect(stream.countDrawn()).toBe(7)
  })
})

describe("marks", () => {
  it.each(SIZES)("stand behind the text that they belong to, in pieces of %s characters", (size) => {
    expect(marked("😀 nine euro. And more.", [{ at: 12, n: 1 }], size)).toBe("😀 nine euro.[1] And more.")
    expect(
      marked(
        "a *b* [c](/d) e",
        [
          { at: 4, n: 1 },
          { at: 13, n: 2 },
        ],
        size,
      ),
    ).toBe("a b[1] c[2] e")
    expect(marked("one.\n\ntwo.", [{ at: 6, n: 1 }], size)).toBe("one.[1]two.")
    expect(
      marked(
        "- a\n- b\n- c\n",
        [
          { at: 3, n: 1 },
          { at: 11, n: 2 },
        ],
        size,
      ),
    ).toBe("a[1]bc[2]")
    expect(marked("| a |\n|---|\n| b |\n| c |", [{ at: 17, n: 1 }], size)).toBe("ab[1]c")
    expect(
      marked(
        "```\nx\n```\nb",
        [
          { at: 5, n: 1 },
          { at: 11, n: 2 },
        ],
        size,
      ),
    ).toBe("x\n[1]b[2]")
    expect(
      marked(
        "a \\* &amp; b &copy; c",
        [
          { at: 4, n: 1 },
          { at: 10, n: 2 },
        ],
        size,
      ),
    ).toBe("a *[1] &[2] b © c")
  })

  it("count from the source, whatever stands before them", () => {
    const text = "# Head\n\n> quote\n> more\n\n1. x\n   y\n\nend"
    for (let at = 1; at <= text.length; at++) {
      const drawn = marked(text, [{ at, n: 9 }])
      expect(drawn.replace("[9]", "")).toBe(marked(text, []))
      for (const size of [1, 4]) expect(marked(text, [{ at, n: 9 }], size)).toBe(drawn)
    }
  })

  it("may come late", () => {
    const root = document.createElement("div")
    const stream = createMarkdownStream(root, {
      strings: WORDS,
      mark: (n) => Object.assign(document.createElement("sup"), { textContent: `[${n}]` }),
      copy: () => undefined,
    })
    stream.append("one.\n\ntwo.\n\nthree.")
    stream.end()
    while (stream.paint(performance.now() + 100));
    stream.mark(4, 1)
    stream.mark(10, 2)
    stream.paint(performance.now() + 100)
    expect(root.textContent).toBe("one.[1]two.[2]three.")
  })
})

describe("content", () => {
  const linked = (text: string): string[] =>
    [...draw(text).querySelectorAll("a")].map((link) => link.getAttribute("href") ?? "")

  it.each([
    ["ask mail@example.com now", "mailto:mail@example.com"],
    ["see www.example.com.", "http://www.example.com"],
    ["see https://a.b/c_(d), or", "https://a.b/c_(d)"],
    ["(https://a.b/c)", "https://a.b/c"],
    ["请看https://example.com/路径。谢谢", "https://example.com/%E8%B7%AF%E5%BE%84"],
    ["参照（https://example.com/a）", "https://example.com/a"],
    ["<https://a.b/>", "https://a.b/"],
    ["**https://a.b/**", "https://a.b/"],
    ["call [us](tel:+3291234567)", "tel:+3291234567"],
    ["![a cat](https://a.b/cat.png)", "https://a.b/cat.png"],
  ])("%s leads to %s", (text, href) => {
    for (const size of SIZES) {
      expect([...draw(text, size).querySelectorAll("a")].map((link) => link.getAttribute("href"))).toEqual([href])
    }
  })

  it("says where a link leads whose text shows another host", () => {
    expect(draw("[https://bank.example](https://evil.example/x)").textContent).toContain("(evil.example)")
    expect(draw("[bank.example](https://evil.example/x)").textContent).toContain("(evil.example)")
    expect(draw("<https://bank.example@evil.example/>").textContent).toContain("(evil.example)")
    expect(draw("[log in at bank.example](https://evil.example/x)").textContent).toContain("(evil.example)")
    expect(draw("[mail@bank.example](https://evil.example/x)").textContent).toContain("mail@bank.example")
    expect(draw("[the bank](https://bank.example/x)").textContent).toBe("the bank")
    expect(draw("https://www.bank.example/x").textContent).toBe("https://www.bank.example/x")
  })

  it("leaves formulas and prices as they are", () => {
    const formulas = ["$a_1 * b_2 * c$", "\\(x_1 + y_1\\)", "\\[ \\frac{a}{b} \\]", "$$a_i * b_i$$"]
    for (const text of formulas) expect(draw(text).textContent).toBe(text)
    expect(draw("costs $5 *or* $10").querySelector("em")).not.toBeNull()
    expect(draw("$5 and $7_a_").textContent).toBe("$5 and $7_a_")
  })

  it("decodes entities", () => {
    expect(draw("&copy; &amp; &lt;b&gt; &#x1F600;").textContent).toBe("© & <b> 😀")
  })

  it("copies code without the indentation of its list", () => {
    let copied = ""
    const root = document.createElement("div")
    const copy = (text: string): void => {
      copied = text
    }
    const stream = createMarkdownStream(root, { strings: WORDS, mark: () => document.createElement("sup"), copy })
    stream.append("1. Run\n\n   ```sh\n   make\n     test\n   ```\n")
    stream.end()
    while (stream.paint(performance.now() + 100));
    root.querySelector<HTMLButtonElement>(".code-copy")?.click()
    expect(copied).toBe("make\n  test\n")
  })

  it("links to other sites open in a new tab and learn nothing", () => {
    const link = draw("[x](https://other.example/)").querySelector("a")
    expect(link?.target).toBe("_blank")
    expect(link?.rel).toBe("noopener noreferrer nofollow")
    expect(linked("[x](/own/)")).toEqual(["/own/"])
  })

  it("has one direction for a list, a table or a quote as a whole", () => {
    const directed = (text: string): string[] =>
      [...draw(text).querySelectorAll("[dir=auto]")].map(({ localName }) => localName)
    expect(directed("- a\n\n  b\n- c\n  - d")).toEqual(["ul"])
    expect(directed("> a\n>\n> - b")).toEqual(["blockquote"])
    expect(directed("| a | b |\n|---|---|\n| c | d |")).toEqual(["div"])
    expect(directed("# a\n\nb")).toEqual(["h3", "p"])
  })

  it("drops overrides of direction", () => {
    expect(draw("a\u202eb\u202cc").textContent).toBe("abc")
  })
})

describe("limits", () => {
  it.each([301, 1000])("cut the same text at the same places, in pieces of %s characters", (size) => {
    const texts = [
      "word ".repeat(3000),
      `- ${"an item ".repeat(2000)}\n- b`,
      `${"> ".repeat(30)}deep\n\nafter`,
      `${"- ".repeat(600)}x\n\nafter`,
      `${"x".repeat(15_000)}\n\nafter`,
      `| a |\n|---|\n${"| cell |\n".repeat(900)}\nafter`,
    ]
    for (const text of texts) {
      const drawn = draw(text, size)
      expect(html(drawn)).toBe(html(draw(text)))
      expect(drawn.textContent?.replace(/\s/g, "").length).toBeGreaterThan(0)
    }
  })

  it("lose nothing", () => {
    for (const text of [
      `${"word ".repeat(3000)}END`,
      `\`\`\`\n${"x".repeat(50_000)}END`,
      `[a](${"x".repeat(50_000)}END`,
    ]) {
      expect(draw(text, 500).textContent).toContain("END")
    }
  })
})
