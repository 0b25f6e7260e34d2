/**
 * Offsets of the contract count Unicode code points, as Python does; JavaScript's strings count
 * UTF-16 units.
 */

const PAIRS = /[\ud800-\udbff][\udc00-\udfff]/g

export function countPoints(text: string): number {
  return text.length - (text.match(PAIRS)?.length ?? 0)
}

/** The index in `text`, in UTF-16 units, at which its first `points` code points end. */
export function indexOfPoint(text: string, points: number): number {
  let index = 0
  while (points-- > 0 && index < text.length) {
    index += (text.codePointAt(index) ?? 0) > 0xffff ? 2 : 1
  }
  return index
}
