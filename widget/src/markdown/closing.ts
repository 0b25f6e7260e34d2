/** Which parts of a text that is still growing can't change any more. Pure. */

import type { List, Nodes, Table } from "mdast"
import { type Block, endOf, startOf } from "./grammar"

/** A part of the source, and the tree of it. Offsets in the tree are indexes less `base`. */
export interface Parsed {
  nodes: Block[]
  base: number
  /** Where the part ends. */
  to: number
}

/** The index at which the line with this index begins. */
export function startOfLine(source: string, index: number): number {
  return source.lastIndexOf("\n", index - 1) + 1
}

/** The index behind the line that begins at `from`; undefined while that is not whole. */
export function endOfLine(source: string, from: number, to = source.length): number | undefined {
  const end = source.indexOf("\n", from)
  return end < 0 || end >= to ? undefined : end + 1
}

/** Whether a blank line stands between two indexes. */
export function isApart(source: string, from: number, to: number): boolean {
  return /\n[ \t>]*\r?\n/.test(source.slice(from, to))
}

/**
 * How many of the blocks are closed. A block is closed once the first line of a later one is
 * whole: what a line begins is only known then.
 */
export function countClosed(source: string, { nodes, base, to }: Parsed): number {
  for (let index = nodes.length - 1; index > 0; index--) {
    const [before, node] = [nodes[index - 1], nodes[index]]
    if (!before || !node || !isWhole(source, node, base, to)) continue
    const start = startOf(node) + base
    // a definition may go on with a title in the next line
    const mayGoOn = before.type === "definition" && /["'(]/.test(source.charAt(start))
    if (!mayGoOn || isApart(source, endOf(before) + base, start)) return index
  }
  return 0
}

/** How many items of an open list are closed. */
export function countClosedItems(source: string, list: List, { base, to }: Parsed): number {
  const last = list.children.findLastIndex((item) => isWhole(source, item, base, to))
  return Math.max(0, last)
}

/** How many rows of an open table are closed, its head included; 0 before it has another one. */
export function countClosedRows(source: string, table: Table, { base, to }: Parsed): number {
  const rows = table.children
  const last = rows.findLastIndex((row, index) => index > 0 && isWhole(source, row, base, to))
  return last < 1 ? 0 : last + 1
}

/** Whether the items of a list are set apart from each other, as far as the first `count` show. */
export function isLoose(source: string, list: List, base: number, count = list.children.length): boolean {
  return list.children.slice(0, count).some((item, index) => {
    const next = list.children[index + 1]
    return item.spread || (next && isApart(source, endOf(item) + base, startOf(next) + base))
  })
}

function isWhole(source: string, node: Nodes, base: number, to: number): boolean {
  return endOfLine(source, startOf(node) + base, to) !== undefined
}
