/** Open blocks whose pieces are drawn one by one: lists, tables and blocks of code. */

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
