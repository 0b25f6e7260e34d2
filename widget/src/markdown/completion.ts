/** What is missing at the end of a text that is still written, so that it looks as it will. Pure. */

/** Open markers that are completed: no answer nests more, and a parser pays for each of them. */
const MOST_OPEN = 8

const TOKEN = /\\.|(`+)|(\*\*|__|~~|[*_])/gs

/**
 * Returns the markers that close what is open at the end of `text`: emphasis, code, a link's
 * address. Empty if nothing is, or if a block of code is open.
 */
export function completionFor(text: string): string {
  if ((text.match(/^ *(?:```|~~~)/gm)?.length ?? 0) % 2) return ""
  const paragraph = text.slice(text.lastIndexOf("\n\n") + 1).trimEnd()
  const open: string[] = []
  let code = ""
  for (const { 0: token, 1: ticks, 2: marker, index } of paragraph.matchAll(TOKEN)) {
    if (ticks) {
      if (!code) code = ticks
      else if (code === ticks) code = ""
    } else if (marker && !code) {
      const opens =
        /\S/.test(paragraph.charAt(index + token.length)) && !/[\p{L}\p{N}]/u.test(paragraph.charAt(index - 1))
      if (open.at(-1) === marker) open.pop()
      else if (opens) open.push(marker)
    }
  }
  if (open.length > MOST_OPEN) return ""
  // a marker at the very end has nothing to hold yet
  if (code) return /`$/.test(paragraph) ? "" : code + open.reverse().join("")
  if (/\]\([^()\s]*$/.test(paragraph)) return `)${open.reverse().join("")}`
  return open.reverse().join("")
}
