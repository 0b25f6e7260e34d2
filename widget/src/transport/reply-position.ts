/** The position up to which a reply was received. */

import { countPoints, indexOfPoint } from "../shared/offsets"

export interface ReplyPosition {
  /** The id of the reply; undefined until the server has reported it. */
  reply?: string | undefined
  /** Number of code points of the text so far. */
  offset: number
}

/** Text is missing between the known text and the new text. */
export class Gap extends Error {}

/**
 * Returns the part of `text` that was not received before, and moves `position` forward to its end. `end` is the
 * offset in the reply at which `text` ends; without `end`, all of `text` is new. If no part is new, returns "" and
 * does not move `position`. Throws a Gap if text is missing before `text`.
 */
export function advance(position: ReplyPosition, text: string, end?: number): string {
  const length = countPoints(text)
  const until = end ?? position.offset + length
  const knownLength = position.offset - (until - length)
  if (knownLength < 0) throw new Gap()
  if (knownLength >= length) return ""
  position.offset = until
  return text.slice(indexOfPoint(text, knownLength))
}
