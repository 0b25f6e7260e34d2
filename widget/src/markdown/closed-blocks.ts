/** Finds the parts of a growing text that can no longer change (closed parts). */

import type { List, Nodes, Table } from "mdast"
import { type Block, endOf, startOf } from "./grammar"
import { endOfLine } from "./lines"

/** A part of the source and its syntax tree. An offset in the tree plus `base` is an index in the source. */
export interface Parsed {
  nodes: Block[]
  base: number
  /** The index at which the part ends. */
  to: number
}

/** Returns whether there is a blank line between two indexes, in a quote also a line with only `>`. */
export function hasBlankLine(source: string, from: number, to: number): boolean {
  return /\n[ \t>]*\r?\n/.test(source.slice(from, to))
}

/**
 * Returns the number of closed blocks. A block is closed when the first line of a later block is
 * complete, because only a complete line shows which block it starts.
 */
export function countClosed(source: string, { nodes, base, to }: Parsed): number {
  for (let index = nodes.length - 1; index > 0; index--) {
    const [before, node] = [nodes[index - 1], nodes[index]]
    if (!before || !node || !hasCompleteLine(source, node, base, to)) continue
    const start = startOf(node) + base
    // a definition can continue with a title on the next line
    const mayContinue = before.type === "definition" && /["'(]/.test(source.charAt(start))
    if (!mayContinue || hasBlankLine(source, endOf(before) + base, start)) return index
  }
  return 0
}

/** Returns the number of closed items of an open list. */
export function countClosedItems(source: string, list: List, { base, to }: Parsed): number {
  const last = list.children.findLastIndex((item) => hasCompleteLine(source, item, base, to))
  return Math.max(0, last)
}

/** Returns the number of closed rows of an open table, including its head; 0 if it has only a head. */
export function countClosedRows(source: string, table: Table, { base, to }: Parsed): number {
  const rows = table.children
  const last = rows.findLastIndex((row, index) => index > 0 && hasCompleteLine(source, row, base, to))
  return last < 1 ? 0 : last + 1
}

/** Returns whether the first `count` items make a list loose: a blank line is in one of them, or after it. */
export function isLoose(source: string, list: List, base: number, count = list.children.length): boolean {
  return list.children.slice(0, count).some((item, index) => {
    const next = list.children[index + 1]
    return item.spread || (next && hasBlankLine(source, endOf(item) + base, startOf(next) + base))
  })
}

function hasCompleteLine(source: string, node: Nodes, base: number, to: number): boolean {
  return endOfLine(source, startOf(node) + base, to) !== undefined
}
