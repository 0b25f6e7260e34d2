/** The context for drawing a part of the source, and the citation marks to place in it. */

import type { Nodes } from "mdast"
import type { Mark } from "./citation-marks"
import type { DrawOptions, Target } from "./options"

/** Maximum nesting of elements. Deeper content is drawn as text. */
export const MAX_DEPTH = 40

export interface DrawContext extends DrawOptions {
  source: string
  /** Add this to the offset of a node to get its index in `source`. */
  base: number
  /** The marks to place, in order. Their `at` is an index in `source`. Placed marks are removed. */
  marks: Mark[]
  /** Returns the target of a reference; undefined if the text has no definition of it. */
  resolve(identifier: string): Target | undefined
}

/** Returns the text content of a tree. */
export function textOf(node: Nodes): string {
  if ("value" in node) return node.value
  if ("alt" in node) return node.alt ?? ""
  if (node.type === "break") return "\n"
  return "children" in node ? node.children.map(textOf).join("") : ""
}

/** Returns whether the next mark belongs at or before `end`, an offset in the tree. */
export function isDue({ marks, base }: DrawContext, end: number): boolean {
  const [first] = marks
  return !!first && first.at <= end + base
}

/** Appends the marks up to `end`, an offset in the tree, to `parent`. */
export function placeMarks(context: DrawContext, end: number, parent: HTMLElement): void {
  for (let [first] = context.marks; first && isDue(context, end); [first] = context.marks) {
    context.marks.shift()
    parent.append(context.mark(first.n))
  }
}
