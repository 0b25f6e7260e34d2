/** Builds DOM nodes from the blocks of a syntax tree. No text is parsed as HTML. */

import type { AlignType, List, ListItem, Nodes, Table } from "mdast"
import type { Strings } from "../i18n/strings"
import { h } from "../shared/dom"
import { removeBidiControls } from "./bidi-controls"
import { isLoose } from "./closed-blocks"
import { createCode } from "./code"
import { type DrawContext, isDue, MAX_DEPTH, placeMarks, textOf } from "./drawing-context"
import { type Block, endOf } from "./grammar"
import { drawInline } from "./inline"

/** Returns the elements of blocks, with the citation marks in them. A definition has no element. */
export function drawBlocks(blocks: readonly Block[], context: DrawContext): HTMLElement[] {
  const drawn: HTMLElement[] = []
  for (const block of blocks) {
    const element = drawBlock(block, context, 0)
    if (element) drawn.push(element)
    placeLate(context, endOf(block), drawn.at(-1))
  }
  return drawn
}

/** Returns the elements of list items, with the citation marks in them. */
export function drawItems(items: readonly ListItem[], loose: boolean, context: DrawContext): HTMLElement[] {
  return items.map((item) => {
    const element = drawItem(item, loose, context, 1)
    placeLate(context, endOf(item), element)
    return element
  })
}

/**
 * Appends the marks that are not placed yet to the last paragraph, heading, cell, item or code block in
 * `element`. `end` is the offset in the tree up to which marks are placed.
 */
function placeLate(context: DrawContext, end: number, element: HTMLElement | undefined): void {
  if (!element || !isDue(context, end)) return
  const places = element.querySelectorAll<HTMLElement>("p, h3, td, th, li, pre")
  placeMarks(context, end, places[places.length - 1] ?? element)
}

function drawBlock(block: Block, context: DrawContext, depth: number): HTMLElement | undefined {
  const dir = dirOf(depth)
  if (depth > MAX_DEPTH) return h("p", "", {}, removeBidiControls(textOf(block)))
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
      if (block.value || hasLine(block)) write(`${removeBidiControls(block.value)}\n`)
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
      return h("p", "", { dir }, removeBidiControls(textOf(block)))
  }
}

/**
 * Only outer blocks detect their direction, and inner blocks inherit it. To detect a direction, browsers
 * ignore the text of inner blocks with a `dir` of their own.
 */
const dirOf = (depth: number): "auto" | undefined => (depth ? undefined : "auto")

/** Returns whether a fenced block without text has a blank line. */
function hasLine({ position }: Nodes): boolean {
  return !!position && position.end.line - position.start.line > 1
}

function drawChildren(parent: HTMLElement, blocks: readonly Block[], context: DrawContext, depth: number): void {
  for (const block of blocks) {
    const element = drawBlock(block, context, depth + 1)
    if (element) parent.append(element)
  }
}

/** Creates an empty list. `depth` is the number of blocks around it. */
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

function createCheckbox(checked: boolean, { translate }: Strings): HTMLElement {
  return h("input", "", {
    type: "checkbox",
    disabled: true,
    checked,
    "aria-label": translate(checked ? "taskDone" : "taskOpen"),
  })
}

export interface DrawnTable {
  element: HTMLElement
  table: HTMLTableElement
}

/** Creates a table in a box that scrolls if the table is too wide. */
export function createTable({ translate }: Strings): DrawnTable {
  const table = h("table")
  return {
    table,
    element: h("div", "table", { dir: "auto", tabindex: 0, role: "group", "aria-label": translate("table") }, table),
  }
}

/** Draws the rows of a table from index `first` on, and appends them. Row 0 is the head. */
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
    // all rows get as many cells as the head
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
