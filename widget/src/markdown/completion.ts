/** Completes open Markdown at the end of an unfinished text, so that its markers are not shown. */

/** If more emphasis markers than this are open, nothing is completed, because each marker costs parsing time. */
const MAX_OPEN = 8

const TOKEN = /\\.|(`+)|(\*\*|__|~~|[*_])/gs

/**
 * Returns the markers that close open emphasis, code and link addresses at the end of `text`. Returns "" if
 * nothing is open, in a code block, and with more than MAX_OPEN open markers.
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
  if (open.length > MAX_OPEN) return ""
  // an opening backtick at the very end has no content yet
  if (code) return /`$/.test(paragraph) ? "" : code + open.reverse().join("")
  if (/\]\([^()\s]*$/.test(paragraph)) return `)${open.reverse().join("")}`
  return open.reverse().join("")
}
