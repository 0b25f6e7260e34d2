/** The position up to which a reply was received. Pure. */

import { countPoints, indexOfPoint } from "../shared/offsets"

export interface ReplyPosition {
  reply?: string | undefined
  /** Number of code points of the text so far. */
  offset: number
}

/** Text is missing between the known text and the new text. */
export class Gap extends Error {}

/** Returns the new part of `text`, and moves `place` to its end. `end` is the offset of the end, if known. */
export function advance(position: ReplyPosition, text: string, end?: number): string {
  const length = countPoints(text)
  const until = end ?? position.offset + length
  const knownLength = position.offset - (until - length)
  if (knownLength < 0) throw new Gap()
  if (knownLength >= length) return ""
  position.offset = until
  return text.slice(indexOfPoint(text, knownLength))
}
