/**
 * Splits text so that no drawing step takes long. The result depends only on the text, not on the
 * pieces in which it arrives.
 */

/** Maximum characters of a block. A longer block is split. */
export const LONGEST_BLOCK = 6000
/** Characters that are processed between two checks of the deadline. */
export const STEP = 1000
/** Maximum markers of quotes and lists at the start of a line, less one. */
const MAX_MARKERS = 20
/** Maximum spaces and tabs before the first marker of a line, less one. */
const MAX_INDENT = 64

const MARKER = "(?:>|[-+*](?=\\s)|\\d{1,9}[.)](?=\\s))"
const TOO_DEEP = new RegExp(`^(?:(?:[ \\t]*${MARKER}){${MAX_MARKERS}}|[ \\t]{${MAX_INDENT},}${MARKER})`, "m")

/**
 * Returns the index of the first line that is nested too deeply to be parsed; undefined if there is
 * none. Such a line is drawn as plain text.
 */
export function findDeepLine(text: string): number | undefined {
  const index = text.search(TOO_DEEP)
  return index < 0 ? undefined : index
}

/** Returns where to split a long block: after a line, or else after a word. */
export function findCut(text: string): number {
  const cut = text.lastIndexOf("\n") + 1 || text.lastIndexOf(" ") + 1
  if (cut > 0) return cut
  // do not split a surrogate pair
  return text.charCodeAt(text.length - 1) >>> 10 === 0x36 ? text.length - 1 : text.length
}
