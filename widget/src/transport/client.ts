/** The HTTP calls of the chat. */

import type { History } from "../shared/http-types"
import { InvalidResponse } from "./events"
import { createFollow, type Follow } from "./follow"
import { type Call, createCall, type Request } from "./http"

export interface Client {
  readonly call: Call
  /**
   * Loads a conversation, by default the current one: its newest messages, or those before a cursor.
   * Throws the errors of `call`, a SyntaxError if the response is not JSON, and an InvalidResponse if the JSON is
   * not a history.
   */
  history(conversation?: string, before?: string): Promise<History>
  /** Stops a reply. `at` is the number of code points that the visitor has seen. */
  stop(reply: string, at: number): Promise<unknown>
  /** Stores a rating: 1, -1, or 0 to remove it. An empty comment is not sent. */
  rate(reply: string, rating: number, comment: string): Promise<unknown>
  follow: Follow
}

export interface ClientOptions {
  request: Request
  endpoint: string
  bot: string | null
  /** The language of the page. */
  language: string | null
}

export function createClient({ request, endpoint, bot, language }: ClientOptions): Client {
  const call = createCall(request, endpoint, { bot: bot ?? undefined, lang: language ?? undefined })
  // without the bot, because the body of a message contains it
  const callWithoutBot = createCall(request, endpoint, { lang: language ?? undefined })
  return {
    call,
    async history(conversation, before) {
      const response = await call("", { query: { conversation, before }, timeout: 20_000 })
      const history = (await response.json()) as History | null
      if (!Array.isArray(history?.messages)) throw new InvalidResponse()
      return history
    },
    stop: (reply, at) => call(`replies/${reply}/stop/`, { json: { at } }),
    rate: (reply, rating, comment) =>
      call(`replies/${reply}/rating/`, { json: comment ? { rating, comment } : { rating } }),
    follow: createFollow((path, options) => (path ? call : callWithoutBot)(path, options), bot),
  }
}
