import { describe, expect, it, vi } from "vitest"
import { createConversation } from "../../src/model/conversation"
import type { ChatMessage } from "../../src/model/message"
import type { Screen } from "../../src/model/screen"
import type { History, Message, StreamEvent } from "../../src/shared/contract"
import type { Remembered } from "../../src/shared/memory"
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
    notice: vi.fn<Screen["notice"]>(),
    ...{ start: vi.fn(), setEarlier: vi.fn(), setRunning: vi.fn(), setLoading: vi.fn(), say: vi.fn() },
    ...{ giveBack: vi.fn(), sent: vi.fn(), follow: vi.fn(), arrived: vi.fn(), services: vi.fn() },
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
    follow: vi.fn(async (_outgoing, place, follower) => {
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
    expect(screen.notice).toHaveBeenCalled()
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
    await vi.waitFor(() => expect(screen.notice.mock.lastCall?.[0]).toMatchObject({ text: "Too late." }))
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
    expect(screen.services).toHaveBeenLastCalledWith(expect.objectContaining({ person }))
    conversation.fresh()
    expect(screen.services.mock.lastCall?.[0].person?.state).toBe("none")
    await conversation.refresh()
    expect(screen.services.mock.lastCall?.[0].person?.state).toBe("none")
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
  expect(screen.giveBack).toHaveBeenCalledWith("Hello?")
  expect(client.history).toHaveBeenCalledTimes(2)
  expect(screen.notice).not.toHaveBeenCalledWith(expect.objectContaining({ retry: expect.anything() }))
})
