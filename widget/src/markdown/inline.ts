/**
 * Draws the inline content of a block: text, emphasis, code, links. Images are drawn as links. Only
 * addresses that `safeAddress` allows are linked.
 *
 * Three kinds of positions are used:
 * - Offsets in the tree count from the start of the parsed text: `startOf`, `endOf` and the arguments `end`.
 * - Indexes in the source of the whole answer are offsets in the tree plus `base`: `at` of a mark, and `from`.
 * - Indexes in the value of a text node: `at` of a part, `index` and `done`. A value has no escaping backslashes
 *   and no line prefixes, and its character references are decoded. `indexInValue` takes these into account.
 *
 * Example: `base` is 100, and the text node with the source `1 \* 2` is at offset 0. Its value is `1 * 2`. A mark after
 * the star has `at` 104 in the source of the answer, which is offset 4 in the tree and index 3 in the value.
 */

import type { Link, PhrasingContent, Text as TextNode } from "mdast"
import { h } from "../shared/dom"
import { removeBidiControls } from "./bidi-controls"
import { indexInValue } from "./citation-marks"
import { type DrawContext, isDue, MAX_DEPTH, placeMarks, textOf } from "./drawing-context"
import { endOf, startOf } from "./grammar"
import { findAddresses, hostToShow, safeAddress, setLink } from "./links"
import type { Target } from "./options"

/**
 * Draws `nodes` with their citation marks into `parent`, and then the marks that are left. `end` is the offset in
 * the tree up to which marks are placed. In a link, marks are not placed: they follow the link.
 */
export function drawInline(
  parent: HTMLElement,
  nodes: readonly PhrasingContent[],
  context: DrawContext,
  depth: number,
  end: number,
  inLink = false,
): HTMLElement {
  for (const node of nodes) {
    if (node.type === "text") drawText(parent, node, context, inLink)
    else parent.append(...drawPhrase(node, context, depth, inLink))
    if (!inLink) placeMarks(context, endOf(node), parent)
  }
  if (!inLink) placeMarks(context, end, parent)
  return parent
}

/**
 * Draws a text node: its plain text with the marks in it, and its literal addresses as links. A mark in a literal
 * address is placed after the address.
 */
function drawText(parent: HTMLElement, node: TextNode, context: DrawContext, inLink: boolean): void {
  const { source, base } = context
  const parts = inLink ? [{ at: 0, text: node.value }] : findAddresses(node.value)
  const from = startOf(node) + base
  const end = endOf(node)
  const slice = source.slice(from, end + base)
  for (const part of parts) {
    let { text } = part
    const href = "href" in part ? safeAddress(String(part.href)) : undefined
    if (href !== undefined) {
      parent.append(drawAnchor(href, [removeBidiControls(text)], text))
      continue
    }
    // the index in `node.value` up to which text was drawn
    let done = part.at
    for (let [first] = context.marks; !inLink && first && isDue(context, end); [first] = context.marks) {
      const index = indexInValue(slice, node.value, Math.max(0, first.at - from))
      if (index > part.at + part.text.length) break
      context.marks.shift()
      const cut = Math.max(0, index - done)
      parent.append(removeBidiControls(text.slice(0, cut)), context.mark(first.n))
      text = text.slice(cut)
      done += cut
    }
    if (text) parent.append(removeBidiControls(text))
  }
}

function drawPhrase(
  node: Exclude<PhrasingContent, TextNode>,
  context: DrawContext,
  depth: number,
  inLink: boolean,
): Node[] {
  if (depth > MAX_DEPTH) return [new Text(removeBidiControls(textOf(node)))]
  const nest = (element: HTMLElement): HTMLElement[] =>
    "children" in node ? [drawInline(element, node.children, context, depth + 1, endOf(node), inLink)] : []
  switch (node.type) {
    case "emphasis":
      return nest(h("em"))
    case "strong":
      return nest(h("strong"))
    case "delete":
      return nest(h("del"))
    case "inlineCode":
      return [h("code", "", { dir: "ltr" }, removeBidiControls(node.value.replace(/\r?\n/g, " ")))]
    case "formula":
      return [h("span", "math", { dir: "ltr" }, removeBidiControls(node.value))]
    case "break":
      return [h("br"), new Text("\n")]
    case "link":
      return drawLink(node.children, node, context, depth, endOf(node))
    case "linkReference":
      return drawLink(node.children, context.resolve(node.identifier), context, depth, endOf(node))
    case "image":
      return drawImage(node.alt, node, inLink)
    case "imageReference":
      return drawImage(node.alt, context.resolve(node.identifier), inLink)
    default:
      return [new Text(removeBidiControls(textOf(node)))]
  }
}

function drawLink(
  children: Link["children"],
  target: Target | undefined,
  context: DrawContext,
  depth: number,
  end: number,
): Node[] {
  const href = target && safeAddress(target.url)
  const element = h("a")
  drawInline(element, children, context, depth + 1, end, true)
  if (href === undefined) return [...element.childNodes]
  return [drawAnchor(href, [...element.childNodes], children.map(textOf).join(""), target?.title)]
}

function drawImage(alt: string | null | undefined, target: Target | undefined, inLink: boolean): Node[] {
  const href = target && safeAddress(target.url)
  const text = removeBidiControls(alt || target?.url || "")
  return href === undefined || inLink ? [new Text(text)] : [drawAnchor(href, [text], text, target?.title)]
}

function drawAnchor(href: string, content: (Node | string)[], text: string, title?: string | null): HTMLElement {
  const host = hostToShow(text, href)
  const element = h("a", "", { title: title ?? undefined })
  element.append(...content)
  if (host) element.append(h("span", "host", {}, ` (${host})`))
  setLink(element, href)
  return element
}
