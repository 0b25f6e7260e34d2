/** Where in which reply a follower is. Pure. */

import { countPoints, indexOfPoint } from "../shared/offsets"

export interface Place {
  reply?: string | undefined
  /** Code points of the text so far. */
  offset: number
}

/** A piece is missing between what is known and what came. */
export class Gap extends Error {}

/** Takes what is new of `text`, which ends at `end` if that is known, and moves `place`. */
export function advance(place: Place, text: string, end?: number): string {
  const length = countPoints(text)
  const until = end ?? place.offset + length
  const known = place.offset - (until - length)
  if (known < 0) throw new Gap()
  if (known >= length) return ""
  place.offset = until
  return text.slice(indexOfPoint(text, known))
}
