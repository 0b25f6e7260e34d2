/**
 * Splits text so that no drawing step takes long. The result depends only on the text, not on the
 * pieces in which it arrives.
 */

/** Maximum characters of a block. A longer block is split. */
export const MAX_BLOCK_LENGTH = 6000
/** Characters that are processed between two checks of the deadline. */
export const STEP_LENGTH = 1000
/** A line that starts with this many quote and list markers is nested too deeply. */
const TOO_MANY_MARKERS = 20
/** A line whose first marker follows this many spaces and tabs, or more, is nested too deeply. */
const TOO_WIDE_INDENT = 64

const MARKER = "(?:>|[-+*](?=\\s)|\\d{1,9}[.)](?=\\s))"
const TOO_DEEP = new RegExp(`^(?:(?:[ \\t]*${MARKER}){${TOO_MANY_MARKERS}}|[ \\t]{${TOO_WIDE_INDENT},}${MARKER})`, "m")

/**
 * Returns the index of the first line that is nested too deeply to be parsed; undefined if there is
 * none. Such a line is drawn as plain text.
 */
export function findDeepLine(text: string): number | undefined {
  const index = text.search(TOO_DEEP)
  return index < 0 ? undefined : index
}

/** Returns the index at which to split a long block: after the last line, or else the last word, or at the end. */
export function findCut(text: string): number {
  const cut = text.lastIndexOf("\n") + 1 || text.lastIndexOf(" ") + 1
  if (cut > 0) return cut
  // do not split a surrogate pair
  return text.charCodeAt(text.length - 1) >>> 10 === 0x36 ? text.length - 1 : text.length
}
