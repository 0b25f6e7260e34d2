/** Reads the errors of refused calls. */

import type { ChatErrorDetail } from "../shared/http-types"
import type { Refusal } from "../transport/http"

/** Returns the error and the HTTP status of a refused call. The class is in the panel's script, so `instanceof` does not work here. */
export function refusalOf(problem: unknown): { detail: Partial<ChatErrorDetail>; status: number } {
  const { detail, status } = (problem ?? {}) as Partial<Refusal>
  return { detail: detail ?? {}, status: status ?? 0 }
}
