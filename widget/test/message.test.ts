import { describe, expect, it, vi } from "vitest"

import { createMessage, type Actions, type MessageView } from "../src/message"
import type { Message } from "../src/types"
import { WORDS } from "./words"

function actions(): Actions {
  return {
    strings: WORDS, name: "Bot", changed: vi.fn(), copy: vi.fn(), say: vi.fn(),
    rate: vi.fn(async () => true), retry: vi.fn(),
  }
}

function answer(message: Partial<Message>, with_ = actions()): MessageView {
  return createMessage(
    { id: "r", role: "assistant", text: "", status: "running", sources: [], citations: [], rating: 0, ...message },
    with_,
  )
}

const drawn = (view: MessageView): string => {
  while (view.paint(performance.now() + 50));
  return view.element.querySelector(".content")!.textContent!
}
const SOURCE = { n: 1, title: "Prices", url: "/prices/" }

describe("citations", () => {
  it("stand behind the text that they belong to, counted in code points", () => {
    const view = answer({ status: "complete", text: "😀 nine euro. And more.", sources: [SOURCE], citations: [{ at: 12, n: 1 }] })
    expect(drawn(view)).toBe("😀 nine euro.1 (opens in a new tab)".slice(0, 13) + "1 And more.")
  })

  it("link to their source, and are listed", () => {
    const view = answer({ status: "complete", text: "a", sources: [SOURCE], citations: [{ at: 1, n: 1 }] })
    drawn(view)
    expect(view.element.querySelector(".mark")!.getAttribute("href")).toContain("/prices/")
    expect(view.element.querySelector(".sources li a")!.textContent).toBe("Prices")
  })

  it("may come before their source, after the text, and before the text", () => {
    const view = answer({})
    view.append("one.\n\n")
    drawn(view)
    view.cite({ at: 6, n: 1 })
    view.append("two. three.")
    view.cite({ at: 10, n: 2 })
    expect(drawn(view)).toContain("one.1two.2 three")
    view.cite({ at: 4, n: 3 })
    view.finish("complete")
    expect(drawn(view)).toBe("one.31two.2 three.".replace("31", "31"))
    view.source(SOURCE)
    expect(view.element.querySelector('[data-n="1"]')!.getAttribute("href")).toContain("/prices/")
  })

  it("never break code or tables", () => {
    const view = answer({ status: "complete", text: "```\na\n```\nb", citations: [{ at: 7, n: 1 }, { at: 9, n: 2 }] })
    expect(drawn(view)).toContain("b")
    expect(view.element.querySelector("pre")!.textContent).toBe("a")
  })

  it("of sources that go nowhere safe have no link", () => {
    const view = answer({ status: "complete", text: "a", sources: [{ ...SOURCE, url: "javascript:x" }], citations: [{ at: 1, n: 1 }] })
    drawn(view)
    expect(view.element.querySelector("[href]")).toBeNull()
  })
})

describe("an answer", () => {
  it("is said whole when it is drawn, and only then", () => {
    const with_ = actions()
    const view = answer({}, with_)
    view.append("Hello ")
    drawn(view)
    expect(with_.say).not.toHaveBeenCalled()
    view.append("there.")
    view.announce = true
    view.finish("complete")
    drawn(view)
    expect(with_.say).toHaveBeenCalledExactlyOnceWith(expect.stringContaining("Hello there."))
  })

  it("that is stopped keeps what was shown", () => {
    const view = answer({})
    view.append("seen 😀 ")
    drawn(view)
    view.append("unseen")
    view.stop()
    expect(view.text).toBe("seen 😀")
    expect(view.shown()).toBe(6)
    expect(drawn(view)).toBe("seen 😀")
  })

  it("that failed offers to try again", () => {
    const with_ = actions()
    const view = answer({ status: "failed" }, with_)
    drawn(view)
    view.element.querySelector<HTMLButtonElement>("button.retry")!.click()
    expect(with_.retry).toHaveBeenCalledWith(view)
  })

  it("is drawn in steps when there is much of it", () => {
    const view = answer({})
    view.append("word ".repeat(100_000))
    expect(view.paint(performance.now())).toBe(true)
  })
})
