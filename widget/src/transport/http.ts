/** Makes HTTP requests to the chat, and reads their errors. */

import type { ChatErrorDetail } from "../shared/http-types"

export type Request = (url: string, init: RequestInit) => Promise<Response>

/** Returns whether the body is a stream of events. */
export const isStream = (response: Response): boolean => /event-stream/.test(response.headers.get("Content-Type") ?? "")

/** The server refused a request. */
export class Refusal extends Error {
  constructor(
    readonly detail: ChatErrorDetail,
    /** The HTTP status; 0 if the error is not an HTTP error. */
    readonly status = 0,
    /** Whether the response is from the chat, not from a proxy. */
    readonly isFromChat = true,
  ) {
    super(detail.error)
  }
}

/** The server did not respond in time. */
export class ResponseTimeout extends Error {}

export interface CallOptions extends RequestInit {
  /** Sent as JSON, with POST. */
  json?: object
  /** Parameters of the address. Undefined and empty values are left out. */
  query?: Record<string, string | number | undefined>
  /**
   * Milliseconds in which the start of a stream, or a whole response of another kind, must arrive. By
   * default there is no limit.
   */
  timeout?: number
}

/**
 * Sends a request to a path below the endpoint. Throws a Refusal if the HTTP status is an error, a
 * ResponseTimeout after `timeout`, and the error of `fetch` if there is no response.
 */
export type Call = (path: string, options?: CallOptions) => Promise<Response>

/** Returns a function for calls to the endpoint. `query` is added to the address of each request. */
export function createCall(request: Request, endpoint: string, query: Record<string, string | undefined>): Call {
  const base = new URL(endpoint, document.baseURI).href

  return async function call(path, { json, query: more, timeout, ...init } = {}) {
    const url = new URL(path || base, base)
    for (const [name, value] of Object.entries({ ...query, ...more })) {
      if (value !== undefined && value !== "") url.searchParams.set(name, String(value))
    }
    const options: RequestInit = { cache: "no-store", credentials: "include", ...init }
    if (json) {
      options.method = "POST"
      options.headers = { "Content-Type": "application/json", ...init.headers }
      options.body = JSON.stringify(json)
    }
    const response = await withTimeout(
      timeout,
      async (signal) => {
        const response = await request(url.href, { ...options, ...signal })
        return timeout ? loadBody(response) : response
      },
      init.signal,
    )
    if (!response.ok) throw await readRefusal(response)
    return response
  }
}

/** Waits for the whole body of the response, unless it is a stream. */
async function loadBody(response: Response): Promise<Response> {
  if (!response.body || isStream(response)) return response
  return new Response(await response.arrayBuffer(), response)
}

/** Calls `send` with a signal that aborts after `timeout` milliseconds, or if `outer` aborts. */
async function withTimeout(
  timeout: number | undefined,
  send: (signal: { signal?: AbortSignal }) => Promise<Response>,
  outer: AbortSignal | null | undefined,
): Promise<Response> {
  if (!timeout) return send(outer ? { signal: outer } : {})
  const controller = new AbortController()
  const timer = setTimeout(() => controller.abort(new ResponseTimeout()), timeout)
  const signal = outer ? AbortSignal.any([outer, controller.signal]) : controller.signal
  try {
    return await send({ signal })
  } finally {
    clearTimeout(timer)
  }
}

async function readRefusal(response: Response): Promise<Refusal> {
  const body: unknown = await response.json().catch(() => undefined)
  const detail = isDetail(body) ? body : undefined
  const seconds = parseRetryAfter(response.headers.get("Retry-After") ?? "")
  const fallback = { error: "server_error", message: "", ...(seconds > 0 && { retry_after: seconds }) }
  return new Refusal({ ...fallback, ...detail }, response.status, !!detail)
}

/** Returns the seconds of a Retry-After header, which can be a date. They are positive only if it is valid. */
function parseRetryAfter(header: string): number {
  const seconds = Number(header)
  return Number.isNaN(seconds) ? Math.ceil((Date.parse(header) - Date.now()) / 1000) : seconds
}

function isDetail(body: unknown): body is ChatErrorDetail {
  return typeof body === "object" && body !== null && typeof (body as ChatErrorDetail).error === "string"
}
