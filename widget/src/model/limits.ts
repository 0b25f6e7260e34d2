/** What the visitor's limits mean. Pure. */

import type { Limit } from "../shared/contract"

/** Seconds until the visitor may write again; 0 now. */
export function waitOf(limits: readonly Limit[] | undefined): number {
  return Math.max(0, ...(limits ?? []).map(({ left, resets_in: seconds }) => (left > 0 ? 0 : seconds)))
}
