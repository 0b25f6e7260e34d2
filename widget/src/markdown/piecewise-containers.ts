/**
 * Open blocks whose pieces are drawn one by one: lists, tables and blocks of code.
 *
 * Example: a list and a table arrive in two steps. These are the variables of `stream.ts` after each step:
 *
 *     step  text that arrives                  committed              container  start  open
 *     1     "- a\n- b\n- c"                    a                      list       4      list with b, c
 *     2     "\n\n| x |\n|---|\n| 1 |\n| 2"     a, b, c, head, row 1   table      31     table with head, row 2
 *
 * In step 1, b is still open, because the line of c is incomplete. In step 2, these things happen in order:
 *
 * 1. The table closes the list: b and c are committed, `start` moves behind them, and `container` is cleared.
 * 2. The head and row 1 are committed. `container` becomes the table, and `start` moves behind row 1.
 * 3. Row 2 stays open. It is drawn provisionally, and parsed with the head before it (`headOf`).
 */

import type { List } from "mdast"
import { createList } from "./draw"
import type { OpenFence } from "./fence"
import type { OpenList, OpenTable } from "./finished-parts"
import type { Block } from "./grammar"
import type { Sections } from "./sections"

export type Container = OpenList | OpenTable | OpenFence

export function openList(node: List, sections: Sections): OpenList {
  const element = createList(node)
  sections.append([element])
  return { kind: "list", element, loose: false, certainlyLoose: false, parts: [] }
}

/** Returns the text to parse before a piece of the container: the head of a table, or "". */
export function headOf(container: Container | undefined): string {
  return container?.kind === "table" ? container.head : ""
}

/** Returns the number of items of a list or rows of a table, including its head; 0 for other blocks. */
export function countPieces(node: Block): number {
  return node.type === "list" || node.type === "table" ? node.children.length : 0
}
