/** The position up to which a reply was received. Pure. */

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
 * Returns the part of `text` after `position`, and moves `position` to the end of the text. `end` is the
 * offset of this end; by default all of the text is new. Throws a Gap if text is missing before `text`.
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
