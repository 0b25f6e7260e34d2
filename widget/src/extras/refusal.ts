/** Why the server said no. */

import type { ChatErrorDetail } from "../shared/contract"
import type { Refusal } from "../transport/http"

/** Returns what the server refused with. The panel's script has the class, so it is known by its form. */
export function refusalOf(problem: unknown): { detail: Partial<ChatErrorDetail>; status: number } {
  const { detail, status } = (problem ?? {}) as Partial<Refusal>
  return { detail: detail ?? {}, status: status ?? 0 }
}
