import { afterEach, beforeEach, describe, expect, it, vi } from "vitest"
import { createExtras } from "../../src/extras/extras"
import type { Extras } from "../../src/shared/extras-types"
import type { Person, Services } from "../../src/shared/http-types"
import { type Asked, createPanelForExtras, find, refusal } from "./panel-for-extras"

const NONE: Person = { available: true, state: "none", name: null }
const ANN: Person = { available: true, state: "joined", name: "Ann" }
const CONTACT: Services["contact"] = { fields: ["email"], required: ["email"] }
const HELLO = { id: "a", role: "agent", text: "Hello.", name: "Ann" }

let extras: Extras | undefined

/** The chat of a site that says `person`, and whose updates are those that are left. */
function meet(person: Person, updates: object[] = [], answer?: (asked: Asked) => Response | undefined) {
  const setup = createPanelForExtras((asked) => {
    const own = answer?.(asked)
    if (own) return own
    if (asked.path.startsWith("updates/")) return Response.json(updates.shift() ?? { cursor: "9", messages: [] })
    return Response.json({ person: { ...NONE, state: asked.method === "POST" ? "waiting" : "none" } })
  })
  extras = createExtras(setup.panel)
  extras.update({ person, contact: CONTACT ?? null })
  return { ...setup, extras, times: () => setup.asked.filter(({ path }) => path.startsWith("updates/")).length }
}

const bar = (): HTMLElement => find(".person")
const passes = (milliseconds: number) => vi.advanceTimersByTimeAsync(milliseconds)

beforeEach(() => void vi.useFakeTimers())
afterEach(() => {
  extras?.suspend()
  vi.useRealTimers()
})

describe("a person", () => {
  it("is asked for, and can be waited for no longer", async () => {
    const { extras, panel, asked } = meet(NONE)
    expect(bar().hidden).toBe(true)
    extras.reach("person", true)
    await passes(1)
    expect(asked[0]).toMatchObject({ method: "POST", path: "person/", body: { page: { url: location.href } } })
    expect(bar().textContent).toContain("awaiting")
    expect(panel.memory.values.person).toBe("waiting")
    find(".person .secondary").click()
    await passes(1)
    expect(asked.at(-1)).toMatchObject({ method: "DELETE", path: "person/" })
    expect(bar().hidden).toBe(true)
    expect(panel.memory.values.person).toBeUndefined()
  })

  it("is asked for once by a double click, and again after a problem", async () => {
    const { extras, asked } = meet(NONE, [], () => refusal(503, { error: "overloaded", message: "Later." }))
    extras.reach("person", true)
    extras.reach("person", true)
    await passes(1)
    expect(asked).toHaveLength(1)
    extras.reach("person", true)
    await passes(1)
    expect(asked).toHaveLength(2)
  })

  it("who can't be had leads to the contact form", async () => {
    const { extras, panel } = meet(NONE, [], () => refusal(503, { error: "person_unavailable", message: "Closed." }))
    extras.reach("person", true)
    await passes(1)
    expect(panel.report).toHaveBeenCalledOnce()
    expect(find(".contact").hidden).toBe(false)
    expect(find("#contact-email").matches(":focus")).toBe(true)
  })

  it("who has joined already is shown", async () => {
    const { extras, panel } = meet(NONE, [], () => refusal(409, { error: "busy" }))
    extras.reach("person", true)
    await passes(1)
    expect(panel.refresh).toHaveBeenCalledOnce()
    expect(panel.report).not.toHaveBeenCalled()
  })

  it("joins, types, writes and leaves", async () => {
    const updates = [
      { cursor: "3", messages: [], person: { ...ANN, typing: true } },
      { cursor: "4", messages: [HELLO], person: ANN },
      { cursor: "5", messages: [], person: { ...NONE, state: "closed" } },
    ]
    const { panel, asked, times } = meet({ ...NONE, state: "waiting" }, updates)
    await passes(1)
    expect(panel.announce).toHaveBeenLastCalledWith("joined Ann")
    expect(panel.setPerson).toHaveBeenLastCalledWith(expect.objectContaining({ state: "joined", name: "Ann" }))
    expect(bar().textContent).toContain("typing Ann")
    await passes(2500)
    expect(asked.at(-1)?.path).toBe("updates/?after=3")
    expect(panel.receive).toHaveBeenLastCalledWith([HELLO])
    expect(bar().textContent).toContain("joined Ann")
    await passes(2500)
    expect(panel.announce).toHaveBeenLastCalledWith("departed Ann")
    expect(panel.setPerson).toHaveBeenLastCalledWith(expect.objectContaining({ state: "closed" }))
    await passes(20_000)
    expect(times()).toBe(3)
  })

  it("who does not come is said to the visitor who waits", async () => {
    const closed: Person = { ...NONE, state: "closed" }
    const { panel, times } = meet({ ...NONE, state: "waiting" }, [{ cursor: "3", messages: [], person: closed }])
    await passes(1)
    expect(bar().hidden).toBe(false)
    expect(bar().textContent).toContain("unattended")
    expect(panel.announce).toHaveBeenLastCalledWith("unattended")
    await passes(20_000)
    expect(times()).toBe(1)
    find(".person .dismiss").click()
    expect(bar().hidden).toBe(true)
  })

  it.each([
    ["waiting", "unattended"],
    ["joined", "departed support"],
  ] as const)("who is gone while the visitor changed the page (%s) is said there", (state, words) => {
    const { panel } = meet(NONE)
    panel.memory.set({ person: state })
    extras = createExtras(panel)
    extras.update({ person: { ...NONE, state: "closed" } })
    expect(panel.announce).toHaveBeenLastCalledWith(words)
    extras.update({ person: { ...NONE, state: "closed" } })
    expect(panel.announce).toHaveBeenCalledOnce()
  })

  it("is followed by a stream if the server has one", async () => {
    const text = [HELLO, { ...HELLO, id: "b" }]
      .map(
        (message, index) => `data: ${JSON.stringify({ cursor: String(index), messages: [message], person: ANN })}\n\n`,
      )
      .join("")
    const headers = { "Content-Type": "text/event-stream" }
    let streams = 0
    const { panel, asked } = meet(ANN, [], ({ path }) =>
      path.startsWith("updates/") && streams++ < 1 ? new Response(`: open\n\n${text}`, { headers }) : undefined,
    )
    await passes(1)
    expect(panel.receive).toHaveBeenCalledTimes(2)
    await passes(600)
    expect(asked.at(-1)?.path).toBe("updates/?after=1")
  })

  it("is looked for again after a failure, less and less often", async () => {
    const { times } = meet(ANN, [], () => refusal(503, { error: "overloaded" }))
    await passes(60_000)
    expect(times()).toBeGreaterThan(3)
    expect(times()).toBeLessThan(8)
  })

  it("is no longer looked for in a conversation that is gone", async () => {
    const { panel, times } = meet(ANN, [], () => refusal(404, { error: "not_found" }))
    await passes(60_000)
    expect(times()).toBe(1)
    expect(panel.refresh).toHaveBeenCalledOnce()
  })
})

describe("the menu", () => {
  const open = (person: Person) => {
    const { extras, asked } = meet(person)
    const opener = document.body.appendChild(document.createElement("button"))
    extras.help(opener)
    return { opener, asked }
  }
  const press = (key: string): void =>
    void find(".menu").dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }))

  it("leads to a person and to the form, by keys", async () => {
    const { opener } = open(NONE)
    expect(opener.ariaExpanded).toBe("true")
    expect(document.activeElement?.textContent).toBe("person")
    press("ArrowUp")
    expect(document.activeElement?.textContent).toBe("contact")
    press("ArrowDown")
    press("End")
    expect(document.activeElement?.textContent).toBe("contact")
    press("Escape")
    expect(document.querySelector(".menu")).toBeNull()
    expect(document.activeElement).toBe(opener)
  })

  it("is no menu if there is one way only", () => {
    open({ ...NONE, available: false })
    expect(document.querySelector(".menu")).toBeNull()
    expect(find(".contact").hidden).toBe(false)
  })
})
