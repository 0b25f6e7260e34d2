/**
 * Draws Markdown while it arrives.
 *
 * The text is processed in steps. Each step parses the text after the last closed block. Closed blocks can no longer
 * change, and are drawn permanently (committed). The rest is drawn provisionally, until the next step. Items of lists,
 * rows of tables and lines of fenced blocks are closed one by one. The result depends only on the text, not on the
 * pieces in which it arrived. `piecewise-containers.ts` has an example with the values of the variables.
 */

import type { List, Nodes, Table } from "mdast"
import { h } from "../shared/dom"
import { countPoints } from "../shared/offsets"
import { removeBidiControls } from "./bidi-controls"
import { createLateMarks } from "./citation-marks"
import { countClosed, countClosedItems, countClosedRows, isLoose, type Parsed } from "./closed-blocks"
import { completionFor } from "./completion"
import { addRows, createTable, drawBlocks, drawItems } from "./draw"
import { type OpenFence, openFence } from "./fence"
import { createFinishedParts } from "./finished-parts"
import { type Block, startOf } from "./grammar"
import { endOfLine, startOfLine } from "./lines"
import type { DrawOptions, MarkdownStream } from "./options"
import { type Container, countPieces, headOf, openList } from "./piecewise-containers"
import { createSections } from "./sections"
import { findCut, findDeepLine, MAX_BLOCK_LENGTH, STEP_LENGTH } from "./splitting"

export function createMarkdownStream(root: HTMLElement, options: DrawOptions): MarkdownStream {
  let source = ""
  /** A carriage return at the end of the received text. It is kept back, because a line feed may follow. */
  let held = ""
  /** Whether all text has arrived. */
  let ended = false
  /** Whether all text has arrived and was processed. */
  let finished = false
  /** The index at which the open part starts. */
  let start = 0
  /** The index up to which the text was processed. */
  let processed = 0
  /** The open list, table or fenced block whose pieces are drawn permanently, one by one. */
  let container: Container | undefined
  /** The tree of the open part. */
  let open: Parsed | undefined
  /** The elements of the open part, which the next step replaces. */
  let provisional: HTMLElement[] = []
  const sections = createSections(root)
  const parts = createFinishedParts(options, () => source)
  const marks = createLateMarks(parts.mark)

  /** Processes the text up to `to`, which is the end of the text if `last`. */
  function advance(to: number, last: boolean): void {
    open = undefined
    let hasMore = true
    while (hasMore && (start < to || container?.kind === "fence")) {
      if (container?.kind === "fence") hasMore = processCode(container, to, last)
      else {
        const deep = findDeepLine(source.slice(start, to))
        hasMore = deep === 0 ? processPlainLine(to, last) : processBlocks(to, last, deep)
      }
    }
    if (last) container = undefined
  }

  /**
   * Processes blocks. Stops before the line that is nested too deeply, if there is one: `deep` is its offset from
   * `start`. Returns false if only open blocks are left.
   */
  function processBlocks(to: number, last: boolean, deep: number | undefined): boolean {
    const before = start
    const end = Math.min(to, start + MAX_BLOCK_LENGTH, start + (deep ?? MAX_BLOCK_LENGTH))
    const parsed = parts.parse(start, end, headOf(container))
    const rest = commitClosed(parsed, last && end === to)
    if (deep !== undefined || to - before >= MAX_BLOCK_LENGTH) {
      if (start > before) return true
      const cut = deep === undefined ? start + findCut(source.slice(start, end)) : end
      commitClosed(parts.parse(start, cut, headOf(container)), true)
      return true
    }
    if (container?.kind === "fence") return true
    open = { ...parsed, nodes: rest }
    return false
  }

  /** Draws the closed blocks, or all blocks, permanently. Returns the open blocks. */
  function commitClosed(parsed: Parsed, all: boolean): Block[] {
    const { nodes, base, to } = parsed
    const closed = all ? nodes.length : countClosed(source, parsed)
    const boundary = (index: number): number => {
      const node = nodes[index]
      return node ? lineOf(node, base) : to
    }
    let first = 0
    if (container) {
      const [node] = nodes
      if (!node || node.type !== container.kind) container = undefined
      else if (closed) {
        commitPieces(node, countPieces(node), base, boundary(1))
        container = undefined
        first = 1
      }
    }
    if (closed > first) commitBlocks(nodes.slice(first, closed), base, boundary(closed))
    if (all) {
      start = to
      container = undefined
      return []
    }
    const [node, ...after] = nodes.slice(closed)
    if (!node) return []
    if (node.type === "code" && !container) {
      container = openFence(source, lineOf(node, base), to, node.lang ?? "", options)
      if (!container) return [node, ...after]
      sections.append([container.code.element])
      start = container.next
      return []
    }
    return [commitClosedPieces(node, parsed), ...after]
  }

  /** Draws the closed items or rows of an open list or table permanently. Returns the rest of it. */
  function commitClosedPieces(node: Block, parsed: Parsed): Block {
    const { base } = parsed
    if (node.type === "list") {
      const count = countClosedItems(source, node, parsed)
      const next = node.children[count]
      if (!count || !next) return node
      commitPieces(node, count, base, lineOf(next, base))
      return { ...node, children: node.children.slice(count) }
    }
    if (node.type === "table") {
      const count = countClosedRows(source, node, parsed)
      const next = node.children[count]
      const last = node.children[count - 1]
      if (!last || (container && count < 2)) return node
      const to = next ? lineOf(next, base) : (endOfLine(source, startOf(last) + base) ?? source.length)
      commitPieces(node, count, base, to)
      return { ...node, children: [node.children[0], ...node.children.slice(count)].filter((row) => !!row) }
    }
    return node
  }

  /** Draws blocks permanently, each as a part. */
  function commitBlocks(nodes: readonly Block[], base: number, to: number): void {
    parts.define(nodes)
    nodes.forEach((node, index) => {
      const next = nodes[index + 1]
      const [from, end] = [start, next ? lineOf(next, base) : to]
      const elements = drawBlocks([node], parts.context(from, end, base, nodes))
      sections.append(elements)
      parts.keep({ from, to: end, elements })
      start = end
    })
    start = to
  }

  function commitPieces(node: Block, count: number, base: number, to: number): void {
    if (node.type === "list") commitItems(node, count, base, to)
    else if (node.type === "table") commitRows(node, count, base, to)
  }

  function commitItems(node: List, count: number, base: number, to: number): void {
    const list = container?.kind === "list" ? container : openList(node, sections)
    container = list
    const items = node.children.slice(0, count)
    list.certainlyLoose ||= isLoose(source, node, base, count)
    parts.setLoose(list, list.certainlyLoose)
    parts.define(items)
    const part = {
      from: start,
      to,
      elements: drawItems(items, list.loose, parts.context(start, to, base, items)),
      within: list,
    }
    list.element.append(...part.elements)
    list.parts.push(part)
    parts.keep(part)
    start = to
  }

  function commitRows(node: Table, count: number, base: number, to: number): void {
    let first = 1
    let bodyStart = start
    if (container?.kind !== "table") {
      const [head, body] = node.children
      if (!head || !body) return
      bodyStart = lineOf(body, base)
      container = { kind: "table", ...createTable(options.strings), head: source.slice(lineOf(head, base), bodyStart) }
      sections.append([container.element])
      first = 0
    }
    const { rows } = container.table
    const before = rows.length
    addRows(container, { ...node, children: node.children.slice(0, count) }, first, parts.context(start, to, base, []))
    const drawn = [...rows].slice(before)
    if (!first) {
      // the head is a separate part, which can be drawn again alone
      const [head] = drawn.splice(0, 1)
      if (head) parts.keep({ from: start, to: bodyStart, elements: [head], within: container })
      start = bodyStart
    }
    parts.keep({ from: start, to, elements: drawn, within: container })
    start = to
  }

  /** Processes lines of code. Returns false if the block is open. */
  function processCode(fence: OpenFence, to: number, last: boolean): boolean {
    const closed = fence.draw(source, to, last)
    start = fence.next
    if (!closed && !last) return false
    const { element } = fence.code
    const part = { from: fence.from, to: start, elements: [element] }
    for (const { n } of parts.context(part.from, part.to, 0, []).marks) element.append(options.mark(n))
    parts.keep(part)
    container = undefined
    return true
  }

  /** Draws a line that is nested too deeply as plain text. Returns false if the line is incomplete. */
  function processPlainLine(to: number, last: boolean): boolean {
    container = undefined
    const end = endOfLine(source, start, to)
    const element = h("p", "", { dir: "auto" }, removeBidiControls(source.slice(start, end ?? to).trim()))
    if (end === undefined && !last && to - start < MAX_BLOCK_LENGTH) {
      provisional = [element]
      sections.place().append(element)
      return false
    }
    sections.append([element])
    parts.keep({ from: start, to: end ?? to, elements: [element], plain: true })
    start = end ?? to
    return true
  }

  /** Draws the open part provisionally, that is, until the next step replaces its elements. */
  function drawOpen({ nodes, base, to }: Parsed): void {
    const [first, ...after] = completed(nodes, to)
    const context = parts.context(start, to, base, nodes)
    if (first?.type === "list" && container?.kind === "list") {
      parts.setLoose(container, container.certainlyLoose || isLoose(source, first, base))
      provisional = drawItems(first.children, container.loose, context)
      container.element.append(...provisional)
    } else if (first?.type === "table" && container?.kind === "table") {
      const { rows } = container.table
      const before = rows.length
      addRows(container, first, 1, context)
      provisional = [...rows].slice(before)
    } else if (first) after.unshift(first)
    const blocks = drawBlocks(after, context)
    sections.place().append(...blocks)
    provisional.push(...blocks)
  }

  /** Returns the open blocks, with open Markdown at their end completed. */
  function completed(nodes: Block[], to: number): Block[] {
    const completion = finished ? "" : completionFor(source.slice(start, to))
    if (!completion) return nodes
    const parsed = parts.parse(start, to, headOf(container), completion)
    return container?.kind === "table" || parsed.nodes.length !== nodes.length ? nodes : parsed.nodes
  }

  function lineOf(node: Nodes, base: number): number {
    return startOfLine(source, startOf(node) + base)
  }

  return {
    append(text) {
      text = (held + text).replaceAll("\0", "\ufffd")
      held = text.endsWith("\r") ? "\r" : ""
      source += text.slice(0, text.length - held.length).replace(/\r(?!\n)/g, "\n")
      marks.deliverArrived(source, ended)
    },
    mark(points, n) {
      marks.add(points, n)
      marks.deliverArrived(source, ended)
    },
    end() {
      ended = true
      marks.deliverArrived(source, ended)
    },
    cut() {
      source = source.slice(0, processed)
      ended = true
    },
    paint(deadline) {
      for (const element of provisional) element.remove()
      provisional = []
      do {
        const to = Math.min(source.length, processed + STEP_LENGTH)
        const last = ended && to === source.length
        if (finished || (to === processed && !last)) break
        processed = to
        finished = last
        advance(to, last)
      } while (performance.now() < deadline)
      if (open) drawOpen(open)
      if (processed < source.length || ended !== finished) return true
      return parts.refresh(deadline)
    },
    countDrawn: () => countPoints(source.slice(0, processed)),
  }
}
