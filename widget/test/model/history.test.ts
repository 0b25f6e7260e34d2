import { describe, expect, it, vi } from "vitest"
import { messagesBefore, reuseMessages, without } from "../../src/model/history"
import { createMessage } from "../../src/model/message"
import { createReplyEnd } from "../../src/model/reply-end"
import type { Screen } from "../../src/model/view-types"
import { WORDS } from "../words"

const message = (id: string, text = id) => createMessage({ id, role: "assistant", text })

describe("what the server has", () => {
  it("keeps what is shown already, and leaves out what was asked again", () => {
    const known = [message("a"), message("b")]
    const taken = reuseMessages([message("a"), message("b", "changed"), { ...message("c"), replaced: true }], known)
    expect(taken.map(({ text }) => text)).toEqual(["a", "changed"])
    expect(taken[0]).toBe(known[0])
    expect(taken[1]).not.toBe(known[1])
  })

  it("is cut before a message, and without others", () => {
    const all = [message("a"), message("b"), message("c")]
    expect(messagesBefore(all, "b").map(({ id }) => id)).toEqual(["a"])
    expect(messagesBefore(all, "gone").map(({ id }) => id)).toEqual(["a", "b", "c"])
    expect(without(all, [message("b")]).map(({ id }) => id)).toEqual(["a", "c"])
  })
})

describe("an answer that did not end well", () => {
  const { noteFor } = createReplyEnd({ screen: {} as Screen, strings: WORDS, emit: vi.fn() })

  it("says what the server said of it", () => {
    const error = { error: "api_error", message: "Not now.", retryable: true }
    expect(noteFor("failed", error)).toEqual({ text: "Not now.", retry: true })
  })

  it("says how it ended if there is no more to say", () => {
    expect(noteFor("failed")).toEqual({ text: "failed", retry: true })
    expect(noteFor("truncated")).toEqual({ text: "truncated", retry: false })
    expect(noteFor("complete")).toBeUndefined()
  })
})
