/**
 * Citation marks: numbers in an answer that show which source supports the text before them. They are placed at
 * offsets of the Markdown source.
 */

import { countPoints, indexOfPoint } from "../shared/offsets"

/** Source `n` supports the text up to `at`, an index in the Markdown source in UTF-16 units. */
export interface Mark {
  at: number
  n: number
}

/** Returns the index before white space and table bars that precede `at`. */
export function skipBlanksBefore(source: string, at: number): number {
  while (at > 0 && /[\s|]/.test(source.charAt(at - 1))) at--
  return at
}

/** Returns the marks with `from < at <= to`. */
export function marksBetween(marks: readonly Mark[], from: number, to: number): Mark[] {
  return marks.filter(({ at }) => at > from && at <= to)
}

const REFERENCE = /^&(?:#x?[\da-f]+|[a-z\d]+);/i

/**
 * Returns the index in `value` for an `offset` in `source`. `value` is the text of `source` without
 * escaping backslashes and line prefixes, and with decoded character references.
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
  /** Adds the mark of source `n` after the first `points` code points. */
  add(points: number, n: number): void
  /** Delivers the marks whose text has arrived, or all marks if the text has ended. */
  deliverArrived(source: string, ended: boolean): void
}

/**
 * Creates a queue for marks that arrive before their text. `deliver` gets each mark with its index in the source.
 * The index is moved before preceding white space and table bars, and is at least 1.
 */
export function createLateMarks(deliver: (mark: Mark) => void): LateMarks {
  let waiting: Mark[] = []
  return {
    add: (points, n) => void waiting.push({ at: points, n }),
    deliverArrived(source, ended) {
      if (!waiting.length) return
      const length = countPoints(source)
      const reached = waiting.filter(({ at }) => at <= length || ended)
      waiting = waiting.filter((mark) => !reached.includes(mark))
      for (const { at, n } of reached) {
        const index = length === source.length ? at : indexOfPoint(source, at)
        deliver({ n, at: Math.max(1, skipBlanksBefore(source, Math.min(index, source.length))) })
      }
    },
  }
}
