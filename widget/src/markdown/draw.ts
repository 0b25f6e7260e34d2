/** Builds DOM nodes of the blocks of a syntax tree. No text ever becomes HTML. */

import type { AlignType, List, ListItem, Nodes, Table } from "mdast"
import type { Strings } from "../i18n/strings"
import { h } from "../shared/dom"
import { isLoose } from "./closing"
import { createCode } from "./code"
import { DEEPEST, type DrawContext, isDue, placeMarks, textOf } from "./context"
import { type Block, endOf } from "./grammar"
import { drawInline } from "./phrases"
import { withoutOverrides } from "./text"

export function drawBlocks(blocks: readonly Block[], context: DrawContext): HTMLElement[] {
  const drawn: HTMLElement[] = []
  for (const block of blocks) {
    const element = drawBlock(block, context, 0)
    if (element) drawn.push(element)
    placeLate(context, endOf(block), drawn.at(-1))
  }
  return drawn
}

export function drawItems(items: readonly ListItem[], loose: boolean, context: DrawContext): HTMLElement[] {
  return items.map((item) => {
    const element = drawItem(item, loose, context, 1)
    placeLate(context, endOf(item), element)
    return element
  })
}

/** Places marks that no text was found for behind what was last drawn. */
function placeLate(context: DrawContext, end: number, element: HTMLElement | undefined): void {
  if (!element || !isDue(context, end)) return
  const places = element.querySelectorAll<HTMLElement>("p, h3, td, th, li, pre")
  placeMarks(context, end, places[places.length - 1] ?? element)
}

function drawBlock(block: Block, context: DrawContext, depth: number): HTMLElement | undefined {
  const dir = dirOf(depth)
  if (depth > DEEPEST) return h("p", "", {}, withoutOverrides(textOf(block)))
  switch (block.type) {
    case "paragraph":
      return drawInline(h("p", "", { dir }), block.children, context, depth, endOf(block))
    case "heading":
      return drawInline(h("h3", `h${block.depth}`, { dir }), block.children, context, depth, endOf(block))
    case "thematicBreak":
      return h("hr")
    case "blockquote": {
      const element = h("blockquote", "", { dir })
      drawChildren(element, block.children, context, depth)
      return element
    }
    case "list": {
      const loose = isLoose(context.source, block, context.base)
      const list = createList(block, depth)
      list.append(...block.children.map((item) => drawItem(item, loose, context, depth + 1)))
      return list
    }
    case "code": {
      const { element, write } = createCode(block.lang ?? "", context)
      if (block.value || hasLine(block)) write(`${withoutOverrides(block.value)}\n`)
      placeMarks(context, endOf(block), element)
      return element
    }
    case "table": {
      const table = createTable(context.strings)
      addRows(table, block, 0, context)
      return table.element
    }
    case "definition":
      return undefined
    default:
      return h("p", "", { dir }, withoutOverrides(textOf(block)))
  }
}

/**
 * An outer block has the direction of its text, and what it holds follows it. With a direction of
 * its own, an inner block's text would not count for the outer one.
 */
const dirOf = (depth: number): "auto" | undefined => (depth ? undefined : "auto")

/** Whether a fenced block without text has a line, which is blank. */
function hasLine({ position }: Nodes): boolean {
  return !!position && position.end.line - position.start.line > 1
}

function drawChildren(parent: HTMLElement, blocks: readonly Block[], context: DrawContext, depth: number): void {
  for (const block of blocks) {
    const element = drawBlock(block, context, depth + 1)
    if (element) parent.append(element)
  }
}

export function createList(list: List, depth = 0): HTMLElement {
  const start = list.ordered && list.start !== 1 ? (list.start ?? undefined) : undefined
  return h(list.ordered ? "ol" : "ul", "", { start, dir: dirOf(depth) })
}

function drawItem(item: ListItem, loose: boolean, context: DrawContext, depth: number): HTMLElement {
  const element = h("li")
  if (typeof item.checked === "boolean") {
    element.classList.add("task")
    element.append(createCheckbox(item.checked, context.strings), " ")
  }
  item.children.forEach((block, index) => {
    const inline = block.type === "paragraph" && !loose
    const checkbox = !index && block.type === "paragraph" && typeof item.checked === "boolean"
    if (inline) drawInline(element, block.children, context, depth, endOf(block))
    else {
      const drawn = drawBlock(block, context, depth + 1)
      if (!drawn) return
      if (checkbox) drawn.prepend(...element.childNodes)
      element.append(drawn)
    }
  })
  return element
}

function createCheckbox(checked: boolean, { say }: Strings): HTMLElement {
  return h("input", "", {
    type: "checkbox",
    disabled: true,
    checked,
    "aria-label": say(checked ? "taskDone" : "taskOpen"),
  })
}

export interface DrawnTable {
  element: HTMLElement
  table: HTMLTableElement
}

/** A table in a box of its own, which scrolls where the table is too wide. */
export function createTable({ say }: Strings): DrawnTable {
  const table = h("table")
  return {
    table,
    element: h("div", "table", { dir: "auto", tabindex: 0, role: "group", "aria-label": say("table") }, table),
  }
}

/** Draws the rows of `table` from the one with index `first` on; the one with index 0 is its head. */
export function addRows({ table }: DrawnTable, { children, align }: Table, first: number, context: DrawContext): void {
  children.slice(first).forEach((row, index) => {
    const head = first + index === 0
    const cells = row.children.map((cell, column) =>
      drawInline(
        h(head && cell.children.length ? "th" : "td", "", { align: alignOf(align, column) }),
        cell.children,
        context,
        2,
        endOf(cell),
      ),
    )
    // all rows have as many cells as the head
    const columns = children[0]?.children.length ?? 0
    while (cells.length < columns) cells.push(h("td", "", { align: alignOf(align, cells.length) }))
    const element = h("tr", "", {}, ...cells.slice(0, columns))
    if (head) table.createTHead().append(element)
    else (table.tBodies[0] ?? table.createTBody()).append(element)
    placeMarks(context, endOf(row), cells.at(-1) ?? element)
  })
}

const alignOf = (align: AlignType[] | null | undefined, column: number): string | undefined =>
  align?.[column] ?? undefined
