/** A block that is drawn piece by piece while it is open: a list, a table, or a block of code. */

import type { List } from "mdast"
import { createList } from "./draw"
import type { OpenFence } from "./fence"
import type { Block } from "./grammar"
import type { Sections } from "./sections"
import type { OpenList, OpenTable } from "./units"

export type Container = OpenList | OpenTable | OpenFence

export function openList(node: List, sections: Sections): OpenList {
  const element = createList(node)
  sections.append([element])
  return { kind: "list", element, loose: false, surelyLoose: false, units: [] }
}

/** What a piece of the container is parsed behind. */
export function headOf(container: Container | undefined): string {
  return container?.kind === "table" ? container.head : ""
}

export function pieceCount(node: Block): number {
  return node.type === "list" || node.type === "table" ? node.children.length : 0
}
