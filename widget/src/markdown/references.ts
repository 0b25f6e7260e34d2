/** Link reference definitions. Blocks are parsed separately, but share the definitions of the whole text. */

import type { Definition, Nodes } from "mdast"
import { normalizeIdentifier } from "micromark-util-normalize-identifier"
import type { Target } from "./options"

const LABEL = /\[((?:[^[\]\\]|\\.)+)\]/gs

/** Returns the names of all possible references in `text`, normalized as in the syntax tree. */
export function labelsOf(text: string): Set<string> {
  const labels = new Set<string>()
  for (const [, label = ""] of text.matchAll(LABEL)) {
    if (label.length < 1000) labels.add(normalizeIdentifier(label).toLowerCase())
  }
  return labels
}

/**
 * Returns lines to parse before a block, so that the parser recognizes its references. The target `x` is
 * not used. The blank line keeps the lines separate from the block.
 */
export function definitionsFor(labels: Iterable<string>, known: ReadonlyMap<string, Target>): string {
  let lines = ""
  for (const label of labels) if (known.has(label)) lines += `[${label}]: x\n`
  return `${lines}\n`
}

/** Adds the definitions in `nodes` to `found`. The first definition of a name wins. */
export function collectDefinitions(nodes: readonly Nodes[], found: Map<string, Target>): void {
  for (const node of nodes) {
    if (node.type === "definition") addDefinition(node, found)
    else if ("children" in node && node.type !== "paragraph" && node.type !== "table") {
      collectDefinitions(node.children, found)
    }
  }
}

function addDefinition({ identifier, url, title }: Definition, found: Map<string, Target>): void {
  if (!found.has(identifier)) found.set(identifier, { url, title })
}
