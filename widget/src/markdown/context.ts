/** What drawing a part of the source needs to know, and the marks that are placed in it. */

import type { Nodes } from "mdast"
import type { Mark } from "./marks"
import type { DrawOptions, Target } from "./options"

/** Elements in elements; what lies deeper is drawn as text. */
export const DEEPEST = 40

export interface DrawContext extends DrawOptions {
  source: string
  /** What to add to a node's offset to have an index in `source`. */
  base: number
  /** Marks that are to be placed, in order. They are taken away as they are placed. */
  marks: Mark[]
  resolve(identifier: string): Target | undefined
}

/** The text that a tree shows. */
export function textOf(node: Nodes): string {
  if ("value" in node) return node.value
  if ("alt" in node) return node.alt ?? ""
  if (node.type === "break") return "\n"
  return "children" in node ? node.children.map(textOf).join("") : ""
}

export function isDue({ marks, base }: DrawContext, end: number): boolean {
  const [first] = marks
  return !!first && first.at <= end + base
}

/** Places the marks up to `end` in `parent`. */
export function placeMarks(context: DrawContext, end: number, parent: HTMLElement): void {
  for (let [first] = context.marks; first && isDue(context, end); [first] = context.marks) {
    context.marks.shift()
    parent.append(context.mark(first.n))
  }
}
