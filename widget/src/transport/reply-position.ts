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
  const known = position.offset - (until - length)
  if (known < 0) throw new Gap()
  if (known >= length) return ""
  position.offset = until
  return text.slice(indexOfPoint(text, known))
}
