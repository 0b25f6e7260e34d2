/** An open fenced block of code, whose lines are drawn as they arrive. */

import { removeBidiControls } from "./bidi-controls"
import { type Code, createCode } from "./code"
import { endOfLine } from "./lines"
import type { DrawOptions } from "./options"

const OPENING = /^( {0,3})(`{3,}|~{3,})/

export interface OpenFence {
  kind: "fence"
  code: Code
  /** The index at which the block starts. */
  from: number
  /** The index of the first line that is not drawn yet. */
  next: number
  /**
   * Draws the complete lines before `to`; with `all`, also an incomplete last line. Returns whether
   * the block is closed.
   */
  draw(source: string, to: number, all: boolean): boolean
}

/**
 * Returns the block of code that starts at `from`; undefined if no block starts there, or if its first line is
 * incomplete. `to` is the end of the known text.
 */
export function openFence(
  source: string,
  from: number,
  to: number,
  language: string,
  options: DrawOptions,
): OpenFence | undefined {
  const opening = OPENING.exec(source.slice(from, from + 2000))
  const first = endOfLine(source, from, to)
  if (!opening || first === undefined) return undefined
  const [, indent = "", marker = ""] = opening
  const closing = new RegExp(`^ {0,3}\\${marker.charAt(0)}{${marker.length},}[ \\t]*$`)
  const unindent = new RegExp(`^ {0,${indent.length}}`)
  const code = createCode(language, options)

  const fence: OpenFence = {
    kind: "fence",
    code,
    from,
    next: first,
    draw(source, to, all) {
      const lines: string[] = []
      let closed = false
      while (!closed && fence.next < to) {
        const end = endOfLine(source, fence.next, to) ?? (all ? to : undefined)
        if (end === undefined) break
        const line = source.slice(fence.next, end).replace(/\r?\n$/, "")
        closed = closing.test(line)
        if (!closed) lines.push(`${line.replace(unindent, "")}\n`)
        fence.next = end
      }
      code.write(removeBidiControls(lines.join("")))
      const rest = closed ? "" : source.slice(fence.next, to)
      // a line that may become the closing fence is not shown yet
      code.preview(/^ {0,3}[`~]*\s*$/.test(rest) ? "" : removeBidiControls(rest.replace(unindent, "")))
      return closed
    },
  }
  return fence
}
