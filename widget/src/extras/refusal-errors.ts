/** Reads the errors of refused calls. */

import type { ChatErrorDetail } from "../shared/http-types"
import type { Refusal } from "../transport/http"

/**
 * Returns the error and the HTTP status of a refused call; an empty error and 0 for other problems.
 * `instanceof` can't be used, because the class is in the panel's script.
 */
export function refusalOf(problem: unknown): { detail: Partial<ChatErrorDetail>; status: number } {
  const { detail, status } = (problem ?? {}) as Partial<Refusal>
  return { detail: detail ?? {}, status: status ?? 0 }
}
