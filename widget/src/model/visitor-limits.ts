/** Evaluates the visitor's limits. */

import type { Limit } from "../shared/http-types"

/** Returns the seconds until the visitor may write again; 0 if the visitor may write now. */
export function secondsToWait(limits: readonly Limit[] | undefined): number {
  return Math.max(0, ...(limits ?? []).map(({ left, resets_in: seconds }) => (left > 0 ? 0 : seconds)))
}
