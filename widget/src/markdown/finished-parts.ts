/**
 * The finished parts of an answer. A part becomes outdated, and is drawn again, if a later definition resolves
 * one of its references or a citation mark is added to it. The parts of a list are also drawn again if the list
 * becomes loose (its items get paragraphs) or is no longer loose.
 *
 * Example: `See [a].` is a finished part, without a link. When the block `[a]: /x` is closed, `define` makes the part
 * outdated, because `keep` has noted its label "a". `refresh` parses the part again and replaces its elements: now
 * with a link.
 */

import type { Nodes } from "mdast"
import { type Mark, marksBetween } from "./citation-marks"
import { addRows, createTable, type DrawnTable, drawBlocks, drawItems } from "./draw"
import type { DrawContext } from "./drawing-context"
import { type Block, parseMarkdown, startOf } from "./grammar"
import type { DrawOptions, Target } from "./options"
import { collectDefinitions, definitionsFor, labelsOf } from "./references"

export interface OpenList {
  kind: "list"
  element: HTMLElement
  /** Whether the list is drawn as loose. The open items can change this. */
  loose: boolean
  /** Whether the closed items make the list loose, so that it remains loose. */
  certainlyLoose: boolean
  parts: FinishedPart[]
}

export interface OpenTable extends DrawnTable {
  kind: "table"
  /** The source of the head and of the delimiter row. */
  head: string
}

/** A part of the source between two indexes, and the elements that show it. */
export interface FinishedPart {
  from: number
  to: number
  elements: HTMLElement[]
  /** The list or table of which these are items or rows. */
  within?: OpenList | OpenTable
  /** Whether it is drawn as plain text, because it is nested too deeply. */
  plain?: boolean
}

export interface FinishedParts {
  /**
   * Parses the source between two indexes. Text before and after it is parsed with it: `head` is the head
   * of its table, and `end` has the markers that close its open Markdown.
   */
  parse(from: number, to: number, head?: string, end?: string): { nodes: Block[]; base: number; to: number }
  /** Returns the context for drawing the nodes of a part. */
  context(from: number, to: number, base: number, nodes: readonly Nodes[]): DrawContext
  /** Adds a finished part, so that it can be drawn again. */
  keep(part: FinishedPart): void
  /** Adds the definitions of closed blocks. The parts that refer to them become outdated. */
  define(nodes: readonly Nodes[]): void
  /** Draws the parts of a list again if it becomes loose, or is no longer loose. */
  setLoose(list: OpenList, loose: boolean): void
  /** Adds a citation mark. The part that contains it becomes outdated. */
  mark(mark: Mark): void
  /** Draws outdated parts again, until `deadline`. Returns whether there is more to draw. */
  refresh(deadline: number): boolean
}

export function createFinishedParts(options: DrawOptions, source: () => string): FinishedParts {
  const allParts: FinishedPart[] = []
  const byLabel = new Map<string, Set<FinishedPart>>()
  const definitions = new Map<string, Target>()
  const marks: Mark[] = []
  const stale = new Set<FinishedPart>()

  function redraw(part: FinishedPart): void {
    const { within, from, to, elements, plain } = part
    const [place] = elements
    if (!place) return
    const isHead = place.parentElement?.tagName === "THEAD"
    const head = within?.kind === "table" && !isHead ? within.head : ""
    const parsed = parts.parse(from, to, head)
    const [first] = parsed.nodes
    const context = parts.context(from, to, parsed.base, parsed.nodes)
    if (plain) {
      for (const { n } of context.marks) place.append(options.mark(n))
      return
    }
    if (within?.kind === "list" && first?.type === "list") {
      part.elements = drawItems(first.children, within.loose, context)
    } else if (within?.kind === "table" && first?.type === "table") {
      const drawn = createTable(options.strings)
      addRows(drawn, first, head ? 1 : 0, context)
      part.elements = [...drawn.table.rows]
    } else part.elements = drawBlocks(parsed.nodes, context)
    place.before(...part.elements)
    for (const element of elements) element.remove()
  }

  const parts: FinishedParts = {
    parse(from, to, head = "", end = "") {
      const text = source().slice(from, to)
      const definitionLines = definitionsFor(labelsOf(text), definitions)
      const { children } = parseMarkdown(definitionLines + head + (end ? text.trimEnd() + end : text))
      return {
        nodes: children.filter((node) => startOf(node) >= definitionLines.length),
        base: from - definitionLines.length - head.length,
        to,
      }
    },

    context(from, to, base, nodes) {
      const allDefinitions = new Map(definitions)
      collectDefinitions(nodes, allDefinitions)
      return {
        ...options,
        source: source(),
        base,
        marks: marksBetween(marks, from, to),
        resolve: (name) => allDefinitions.get(name),
      }
    },

    keep(part) {
      allParts.push(part)
      for (const label of labelsOf(source().slice(part.from, part.to))) {
        const same = byLabel.get(label) ?? new Set()
        byLabel.set(label, same.add(part))
      }
    },

    define(nodes) {
      const newDefinitions = new Map<string, Target>()
      collectDefinitions(nodes, newDefinitions)
      for (const [name, target] of newDefinitions) {
        if (definitions.has(name)) continue
        definitions.set(name, target)
        for (const part of byLabel.get(name) ?? []) stale.add(part)
      }
    },

    setLoose(list, loose) {
      if (list.loose === loose) return
      list.loose = loose
      for (const part of list.parts) redraw(part)
    },

    mark(mark) {
      const index = marks.findLastIndex(({ at }) => at <= mark.at) + 1
      marks.splice(index, 0, mark)
      const part = allParts.find(({ from, to }) => from < mark.at && mark.at <= to)
      if (part) stale.add(part)
    },

    refresh(deadline) {
      for (const part of stale) {
        if (performance.now() > deadline) return true
        stale.delete(part)
        redraw(part)
      }
      return false
    },
  }
  return parts
}
