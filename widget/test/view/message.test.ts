import { describe, expect, it, vi } from "vitest"
import { createMessage } from "../../src/model/message"
import type { Message } from "../../src/shared/http-types"
import type { Actions } from "../../src/view/action-types"
import { createMessageView } from "../../src/view/message"
import { createTooltip } from "../../src/view/tooltip"
import { WORDS } from "../words"

function show(data: Partial<Message>) {
  const actions = {
    strings: WORDS,
    painter: { add: vi.fn() },
    tooltip: createTooltip(),
    name: () => "Bot",
    copy: vi.fn(),
    announce: vi.fn(),
    rate: vi.fn(async () => true),
    retry: vi.fn(),
    askAgain: vi.fn(),
    edit: vi.fn(),
    ask: vi.fn(),
    createOffer: vi.fn(),
    createConfirmation: vi.fn(() => document.createElement("div")),
  } satisfies Actions
  const message = createMessage({ id: "r", role: "assistant", text: "", status: "running", ...data })
  const view = createMessageView(message, actions)
  const drawn = (): string => {
    while (view.paint(performance.now() + 50));
    return view.element.querySelector(".content")?.textContent ?? ""
  }
  return { actions, message, view, drawn, element: view.element }
}

const SOURCE = { n: 1, title: "Prices", url: "/prices/" }

describe("sources", () => {
  it("are linked by marks, and listed", () => {
    const { element } = show({ status: "complete", text: "a", sources: [SOURCE], citations: [{ at: 1, n: 1 }] })
    expect(element.querySelector(".mark")?.getAttribute("href")).toContain("/prices/")
    expect(element.querySelector(".mark")?.ariaLabel).toBe("source 1 Prices")
    expect(element.querySelector(".sources li a")?.textContent).toBe("Prices")
  })

  it("may come after their marks", () => {
    const { message, drawn, element } = show({})
    message.append("one.")
    message.addCitation({ at: 4, n: 1 })
    expect(drawn()).toBe("one.1")
    message.addSource(SOURCE)
    expect(element.querySelector(".mark")?.getAttribute("href")).toContain("/prices/")
  })

  it.each(["javascript:x", ""])("that lead to %j have no link", (url) => {
    const { element } = show({
      status: "complete",
      text: "a",
      sources: [{ ...SOURCE, url }],
      citations: [{ at: 1, n: 1 }],
    })
    expect(element.querySelector("[href]")).toBeNull()
  })
})

describe("an answer", () => {
  it("is said whole when it is drawn, and only then", () => {
    const { actions, message, drawn } = show({})
    message.isNew = true
    message.append("Hello ")
    drawn()
    expect(actions.announce).not.toHaveBeenCalled()
    message.append("there.")
    message.finish("complete")
    drawn()
    drawn()
    expect(actions.announce).toHaveBeenCalledExactlyOnceWith(expect.stringContaining("Hello there."))
  })

  it("that is stopped keeps what was shown", () => {
    const { message, drawn } = show({})
    message.append("seen 😀")
    drawn()
    message.append(" unseen")
    message.stop(message.countDrawn?.() ?? 0, { text: "stopped", retry: false })
    expect(message.text).toBe("seen 😀")
    expect(drawn()).toBe("seen 😀")
  })

  it("that was lost is taken up again where it was", () => {
    const { message, drawn, element } = show({})
    message.append("One. ")
    drawn()
    message.finish("interrupted", { text: "lost", retry: true })
    drawn()
    expect(element.querySelector(".note")?.textContent).toContain("lost")
    message.resume()
    message.append("Two.")
    message.finish("complete")
    expect(drawn()).toBe("One. Two.")
    expect(element.querySelector(".note")).toBeNull()
  })

  it("that could not help leads to people, and opens the form while it is new", () => {
    const { actions, message, drawn } = show({})
    message.isNew = true
    message.append("I don't know.")
    message.offer = "contact"
    message.finish("complete")
    drawn()
    expect(actions.createOffer).toHaveBeenCalledExactlyOnceWith("contact", true)
    expect(show({ status: "complete", text: "No.", offer: "person" }).actions.createOffer).toHaveBeenCalledWith(
      "person",
      false,
    )
  })

  it("with a question whether a tool may run shows its card, and no rating", () => {
    const { actions, element } = show({ status: "complete", text: "Well.", confirm: { id: "k", text: "Do it?" } })
    expect(actions.createConfirmation).toHaveBeenCalledOnce()
    expect(element.querySelector(".feedback")).toBeNull()
  })

  it("of a person has a name, and no rating", () => {
    const { actions, message, drawn, element } = show({ role: "agent", name: "<b>Ann</b>" })
    message.isNew = true
    message.append("We **do**.")
    message.finish("complete")
    drawn()
    expect(element.querySelector(".author")?.textContent).toBe("<b>Ann</b>")
    expect(element.querySelector("strong")?.textContent).toBe("do")
    expect(element.querySelector(".feedback")).toBeNull()
    expect(actions.announce).toHaveBeenCalledWith(expect.stringContaining("<b>Ann</b>: We do."))
  })

  it("that failed offers to try again", () => {
    const { actions, message, drawn, element } = show({})
    message.finish("failed", { text: "failed", retry: true })
    drawn()
    element.querySelector<HTMLButtonElement>("button.retry")?.click()
    expect(actions.retry).toHaveBeenCalledWith(message)
  })
})
