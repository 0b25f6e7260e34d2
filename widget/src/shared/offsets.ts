/**
 * Converts offsets in texts. The server counts Unicode code points, as Python does; JavaScript counts
 * UTF-16 units.
 */

const PAIRS = /[\ud800-\udbff][\udc00-\udfff]/g

/** Returns the number of code points of `text`. */
export function countPoints(text: string): number {
  return text.length - (text.match(PAIRS)?.length ?? 0)
}

/** Returns the index in `text`, in UTF-16 units, after its first `points` code points; at most its length. */
export function indexOfPoint(text: string, points: number): number {
  let index = 0
  while (points-- > 0 && index < text.length) {
    index += (text.codePointAt(index) ?? 0) > 0xffff ? 2 : 1
  }
  return index
}
