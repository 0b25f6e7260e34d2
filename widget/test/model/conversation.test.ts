import { describe, expect, it, vi } from "vitest"
import { createConversation } from "../../src/model/conversation"
import type { ChatMessage } from "../../src/model/message"
import type { Screen } from "../../src/model/view-types"
import type { History, Message, StreamEvent } from "../../src/shared/http-types"
import type { Remembered } from "../../src/shared/tab-storage"
import type { Client } from "../../src/transport/client"
import { Refusal } from "../../src/transport/http"
import { WORDS } from "../words"

const CONFIRM = { id: "k", text: "Cancel order A-1042?" }
const message = (id: string, role: Message["role"], text: string, more: Partial<Message> = {}): Message => ({
  ...{ id, role, text, status: "complete", sources: [], citations: [], rating: 0 },
  ...more,
})

/** A conversation whose server has these messages and answers with these events, or refuses. */
async function create(given: Message[], answer: StreamEvent[] | Refusal = [], history: Partial<History> = {}) {
  const values: Remembered = {}
  let shown: readonly ChatMessage[] = []
  const screen = {
    showNotice: vi.fn<Screen["showNotice"]>(),
    ...{ greet: vi.fn(), setEarlier: vi.fn(), setRunning: vi.fn(), setLoading: vi.fn(), announce: vi.fn() },
    ...{ restoreText: vi.fn(), clearSent: vi.fn(), scrollToQuestion: vi.fn(), arrived: vi.fn(), showServices: vi.fn() },
    show: vi.fn((messages: readonly ChatMessage[]) => {
      shown = messages
    }),
  } satisfies Screen
  const client = {
    call: vi.fn(),
    history: vi.fn(async () => ({
      ...{ conversation: "c", messages: given, running: null, greeting: "", suggestions: [], limits: [] },
      ...history,
    })),
    ...{ stop: vi.fn(), rate: vi.fn() },
    follow: vi.fn<Client["follow"]>(async (_outgoing, place, follower) => {
      if (answer instanceof Refusal) throw answer
      for (const event of answer) {
        place.reply = event.reply ?? place.reply
        follower.event(event)
      }
    }),
  } satisfies Client
  const memory = { values, set: (changes: object) => void Object.assign(values, changes) }
  const conversation = createConversation({ client, memory, screen, strings: WORDS, emit: vi.fn(), changed: vi.fn() })
  await conversation.load()
  return { conversation, client, screen, values, shown: () => shown, texts: () => shown.map(({ text }) => text) }
}

/** Resolves when everything that waits has gone on. */
const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve))

const asked = (): Message[] => [
  message("m", "user", "Cancel it."),
  message("r", "assistant", "Well.", { confirm: CONFIRM }),
]

describe("a question whether a tool may run", () => {
  it("is answered, and the answer goes on", async () => {
    const events: StreamEvent[] = [{ reply: "r" }, { t: " Done." }, { done: "complete" }]
    const { conversation, client, shown } = await create(asked(), events)
    await conversation.decide(shown()[1] as ChatMessage, true)
    expect(client.follow.mock.calls[0]?.[0]).toEqual({ id: "k", approve: true })
    expect(shown()[1]).toMatchObject({ id: "r", text: "Well. Done.", confirm: null, status: "complete" })
  })

  it("comes back if the answer did not arrive", async () => {
    const { conversation, screen, shown } = await create(
      asked(),
      new Refusal({ error: "overloaded", message: "" }, 503),
    )
    await conversation.decide(shown()[1] as ChatMessage, true)
    expect(shown()[1]).toMatchObject({ confirm: CONFIRM, status: "complete" })
    expect(screen.showNotice).toHaveBeenCalled()
  })

  it("is gone when the server does not know it", async () => {
    const setup = await create(asked(), new Refusal({ error: "not_found", message: "" }, 404))
    setup.client.history.mockResolvedValueOnce({
      ...(await setup.client.history()),
      messages: [message("m", "user", "Cancel it."), message("r", "assistant", "Well.")],
    })
    await setup.conversation.decide(setup.shown()[1] as ChatMessage, true)
    await vi.waitFor(() => expect(setup.shown()[1]?.confirm).toBeFalsy())
  })

  it("that was answered elsewhere is not open any more", async () => {
    const decided = new Refusal({ error: "already_decided", message: "Too late." }, 409)
    const { conversation, client, screen, shown } = await create(asked(), decided)
    client.history.mockResolvedValue({
      ...(await client.history()),
      messages: [message("m", "user", "Cancel it."), message("r", "assistant", "Well. Done.")],
    })
    await conversation.decide(shown()[1] as ChatMessage, true)
    await vi.waitFor(() => expect(screen.showNotice.mock.lastCall?.[0]).toMatchObject({ text: "Too late." }))
    expect(shown()[1]).toMatchObject({ text: "Well. Done." })
    expect(shown()[1]?.confirm).toBeFalsy()
  })

  it("is declined by a new message", async () => {
    const { conversation, shown } = await create(asked(), [{ reply: "r2", message: "m2" }, { t: "Yes?" }])
    await conversation.send("Wait.")
    expect(shown()[1]?.confirm).toBeNull()
  })

  it("may be all that an answer has", async () => {
    const { conversation, shown } = await create([], [{ reply: "r" }, { confirm: CONFIRM }, { done: "complete" }])
    await conversation.send("Cancel it.")
    expect(shown()[1]).toMatchObject({ confirm: CONFIRM, status: "complete", note: undefined })
  })
})

describe("a person", () => {
  const JOINED: StreamEvent[] = [{ message: "m" }, { status: "person", text: "Ann answers here." }, { done: "person" }]

  it("gets messages to which there is no reply", async () => {
    const { conversation, client, texts, values } = await create([], JOINED)
    client.history.mockImplementation(async () => ({ ...(await create([]).then(({ client }) => client.history())) }))
    values.person = "waiting"
    await conversation.send("Hello?")
    expect(texts()).toEqual(["Hello?"])
    expect(values.pending).toBeUndefined()
    expect(client.history).toHaveBeenCalledOnce()
  })

  it("whom this tab did not know is looked for", async () => {
    const { conversation, client } = await create([], JOINED)
    await conversation.send("Hello?")
    expect(client.history).toHaveBeenCalledTimes(2)
  })

  it("writes messages that come by themselves, once", async () => {
    const { conversation, screen, texts, client } = await create(asked())
    const hello = message("a", "agent", "Hello.", { name: "Ann" })
    conversation.receive([...asked(), hello])
    conversation.receive([hello])
    expect(texts()).toEqual(["Cancel it.", "Well.", "Hello."])
    expect(screen.arrived).toHaveBeenCalledOnce()
    expect(client.history).toHaveBeenCalledOnce()
  })

  it("is left behind by a new conversation", async () => {
    const person = { available: true, state: "joined", name: "Ann" } as const
    const { conversation, screen } = await create(asked(), [], { person })
    expect(screen.showServices).toHaveBeenLastCalledWith(expect.objectContaining({ person }))
    conversation.startNew()
    expect(screen.showServices.mock.lastCall?.[0].person?.state).toBe("none")
    await conversation.refresh()
    expect(screen.showServices.mock.lastCall?.[0].person?.state).toBe("none")
  })
})

it("what another tab sent is fetched", async () => {
  const { conversation, client } = await create(asked())
  conversation.receive([message("x", "user", "From elsewhere.")])
  expect(client.history).toHaveBeenCalledTimes(2)
})

it("a message that lacks consent comes back, and consent is asked for", async () => {
  const { conversation, client, screen } = await create(
    [],
    new Refusal({ error: "consent_required", message: "" }, 403),
  )
  await conversation.send("Hello?")
  expect(screen.restoreText).toHaveBeenCalledWith("Hello?")
  expect(client.history).toHaveBeenCalledTimes(2)
  expect(screen.showNotice).not.toHaveBeenCalledWith(expect.objectContaining({ retry: expect.anything() }))
})

describe("a history that comes late", () => {
  const historyOf = (conversation: string, ...messages: Message[]): History => ({
    ...{ conversation, messages, running: null, greeting: "", suggestions: [], limits: [] },
  })

  /** A conversation whose further histories arrive when the test gives them. */
  async function createLate(...events: StreamEvent[]) {
    const setup = await create(asked(), events)
    const waiting: ((history: History) => void)[] = []
    setup.client.history.mockImplementation(() => new Promise((resolve) => void waiting.push(resolve)))
    return { ...setup, waiting }
  }

  it("does not replace a conversation that was opened since", async () => {
    const { conversation, client, waiting, texts } = await createLate()
    void conversation.open("a")
    void conversation.open("b")
    waiting[1]?.(historyOf("b", message("1", "user", "B")))
    await settled()
    waiting[0]?.(historyOf("a", message("2", "user", "A")))
    await settled()
    expect(texts()).toEqual(["B"])
    await conversation.send("more")
    expect(client.follow.mock.calls[0]?.[0]).toMatchObject({ conversation: "b" })
  })

  it("does not replace a new conversation", async () => {
    const { conversation, waiting, texts } = await createLate()
    void conversation.refresh()
    conversation.startNew()
    waiting[0]?.(historyOf("c", ...asked()))
    await settled()
    expect(texts()).toEqual([])
  })

  it("does not detach the answer that goes on since", async () => {
    const { conversation, waiting, shown, texts } = await createLate(
      { reply: "r" },
      { t: " Done." },
      { done: "complete" },
    )
    void conversation.refresh()
    const decided = conversation.decide(shown()[1] as ChatMessage, true)
    waiting[0]?.(historyOf("c", ...asked()))
    await decided
    await settled()
    expect(texts()).toEqual(["Cancel it.", "Well. Done."])
    expect(shown()[1]?.confirm).toBeNull()
  })

  it("is not added above another conversation, if it has earlier messages", async () => {
    const { conversation, waiting, texts } = await createLate()
    void conversation.open("a")
    waiting[0]?.({ ...historyOf("a", message("2", "user", "A2")), before: "2" })
    await settled()
    void conversation.earlier()
    void conversation.open("b")
    waiting[2]?.(historyOf("b", message("3", "user", "B")))
    await settled()
    waiting[1]?.(historyOf("a", message("1", "user", "A1")))
    await settled()
    expect(texts()).toEqual(["B"])
  })
})

it("a message that is sent twice while the server learns of a stop is sent once", async () => {
  const { conversation, client, texts } = await create([])
  client.follow.mockImplementation(
    (_, place, follower, signal) =>
      new Promise((_resolve, reject) => {
        place.reply = `r${client.follow.mock.calls.length}`
        follower.event({ reply: place.reply, message: "m" })
        signal.addEventListener("abort", () => reject(signal.reason as Error))
      }),
  )
  let learn = (): void => undefined
  const stopped = new Promise<void>((resolve) => {
    learn = resolve
  })
  client.stop.mockReturnValue(stopped)
  void conversation.send("one")
  await settled()
  conversation.stop()
  void conversation.send("two")
  void conversation.send("two")
  learn()
  await settled()
  expect(texts().filter((text) => text)).toEqual(["one", "two"])
})
