/**
 * Where a text is cut so that no step takes long. Cuts depend on the text alone, not on the pieces
 * in which it arrives.
 */

/** Characters of a block that are parsed together; a longer block goes on as another one. */
export const LONGEST_BLOCK = 6000
/** Characters that are taken up between two looks at the clock. */
export const STEP = 1000
/** Markers of quotes and lists in front of one line, and columns in front of a marker. */
const DEEPEST_LINE = 20
const DEEPEST_INDENT = 64

const MARKER = "(?:>|[-+*](?=\\s)|\\d{1,9}[.)](?=\\s))"
const TOO_DEEP = new RegExp(`^(?:(?:[ \\t]*${MARKER}){${DEEPEST_LINE}}|[ \\t]{${DEEPEST_INDENT},}${MARKER})`, "m")

/**
 * The index at which a line begins that is nested too deep to be parsed, undefined if there is
 * none. Such a line is drawn as it is.
 */
export function findDeepLine(text: string): number | undefined {
  const index = text.search(TOO_DEEP)
  return index < 0 ? undefined : index
}

/** Where to cut `text`, in which no block ends: behind a line, else behind a word. */
export function findCut(text: string): number {
  const cut = text.lastIndexOf("\n") + 1 || text.lastIndexOf(" ") + 1
  if (cut > 0) return cut
  // a pair of surrogates stays together
  return text.charCodeAt(text.length - 1) >>> 10 === 0x36 ? text.length - 1 : text.length
}
