/** Numbered marks of sources, placed in the text by the offsets of the Markdown's source. */

import { countPoints, indexOfPoint } from "../shared/offsets"

/** Source `n` supports the text up to `at`, an index in the source. */
export interface Mark {
  at: number
  n: number
}

/** Marks stand before the blanks, and the bars of a table's row, that they come after. */
export function beforeBlanks(source: string, at: number): number {
  while (at > 0 && /[\s|]/.test(source.charAt(at - 1))) at--
  return at
}

/** The marks with `from < at <= to`, of marks that are sorted. */
export function marksBetween(marks: readonly Mark[], from: number, to: number): Mark[] {
  return marks.filter(({ at }) => at > from && at <= to)
}

const REFERENCE = /^&(?:#x?[\da-f]+|[a-z\d]+);/i

/**
 * The index in `value` that belongs to `offset` in `source`, whose text `value` is: without
 * backslashes of escapes, with character references decoded, without the prefixes of lines.
 */
export function indexInValue(source: string, value: string, offset: number): number {
  if (source.length === value.length) return offset
  let index = 0
  let at = 0
  while (at < offset && index < value.length) {
    const character = source.charAt(at)
    if (character === value.charAt(index)) {
      if (character === "&") {
        const reference = REFERENCE.exec(source.slice(at, at + 40))?.[0]
        if (reference && !value.startsWith(reference, index)) at += reference.length - 1
      }
      at++
      index++
    } else if (character === "&") {
      const reference = REFERENCE.exec(source.slice(at, at + 40))?.[0] ?? "&"
      at += reference.length
      index += value.charCodeAt(index) >>> 10 === 0x36 ? 2 : 1
    } else at++
  }
  return index
}

export interface LateMarks {
  /** Adds the mark of source `n` behind the first `points` code points. */
  add(points: number, n: number): void
  /** Hands on the marks whose text is there, or all if no more text comes. */
  place(source: string, ended: boolean): void
}

/** Marks that may come before their text. */
export function createLateMarks(hand: (mark: Mark) => void): LateMarks {
  let waiting: Mark[] = []
  return {
    add: (points, n) => void waiting.push({ at: points, n }),
    place(source, ended) {
      if (!waiting.length) return
      const length = countPoints(source)
      const there = waiting.filter(({ at }) => at <= length || ended)
      waiting = waiting.filter((mark) => !there.includes(mark))
      for (const { at, n } of there) {
        const index = length === source.length ? at : indexOfPoint(source, at)
        hand({ n, at: Math.max(1, beforeBlanks(source, Math.min(index, source.length))) })
      }
    },
  }
}
