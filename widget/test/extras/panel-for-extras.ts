import { vi } from "vitest"
import type { PanelForExtras } from "../../src/shared/extras-types"
import type { Remembered } from "../../src/shared/tab-storage"
import { readEvents } from "../../src/transport/events"
import { type CallOptions, createCall } from "../../src/transport/http"
import { WORDS } from "../words"

export interface Asked {
  method: string
  /** Behind `chat/`, with the query. */
  path: string
  body: unknown
}

/** A panel around extras, whose server answers with what `respond` returns. */
export function createPanelForExtras(respond: (asked: Asked) => Response | Promise<Response>) {
  document.body.replaceChildren()
  const asked: Asked[] = []
  const values: Remembered = {}
  const top = document.createElement("div")
  const end = document.createElement("div")
  document.body.append(top, end)
  const call = createCall(
    async (url, init) => {
      const { pathname, search } = new URL(url)
      const body = init.body ? JSON.parse(String(init.body)) : undefined
      const request = { method: init.method ?? "GET", path: pathname.replace("/api/chat/", "") + search, body }
      asked.push(request)
      const response = await respond(request)
      init.signal?.throwIfAborted()
      return response
    },
    "http://localhost/api/chat/",
    {},
  )
  const panel = {
    strings: WORDS,
    memory: { values, set: (changes) => void Object.assign(values, changes) },
    call: (path: string, options?: CallOptions) => call(path, options),
    readEvents,
    top,
    end,
    body: document.body,
    privacy: () => "/privacy/",
    isEmpty: () => true,
    conversation: () => undefined,
    announce: vi.fn(),
    report: vi.fn(),
    setClosed: vi.fn(),
    setPerson: vi.fn(),
    receive: vi.fn(),
    refresh: vi.fn(async () => undefined),
    ...{ current: () => "c", open: vi.fn(), leave: vi.fn(), undoLeave: vi.fn(), conversationDeleted: vi.fn() },
    ...{ focusListButton: vi.fn(), reportUnloaded: vi.fn(), reveal: vi.fn() },
    focus: vi.fn(),
  } satisfies PanelForExtras
  return { panel, asked, top, end }
}

export const refusal = (status: number, detail: object): Response => Response.json(detail, { status })

export function find<E extends HTMLElement>(selector: string): E {
  const element = document.querySelector<E>(selector)
  if (!element) throw new Error(`There is no ${selector}.`)
  return element
}
