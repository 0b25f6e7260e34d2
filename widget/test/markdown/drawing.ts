/** Draws Markdown in a test, and reduces what is drawn to what the specifications say. */

import { createMarkdownStream } from "../../src/markdown"
import { WORDS } from "../words"

interface Placed {
  at: number
  n: number
}

/** Draws `text` in pieces of `size` characters, painting after each. */
export function draw(text: string, size = Infinity, marks: Placed[] = []): HTMLElement {
  const root = document.createElement("div")
  const stream = createMarkdownStream(root, {
    strings: WORDS,
    mark: (n) => Object.assign(document.createElement("sup"), { textContent: String(n) }),
    copy: () => undefined,
  })
  for (const { at, n } of marks) stream.mark(at, n)
  for (let start = 0; start < text.length; start += size) {
    stream.append(text.slice(start, start + size))
    stream.paint(performance.now() + 1000)
  }
  stream.end()
  while (stream.paint(performance.now() + 1000));
  return root
}

const KEPT: Record<string, readonly string[]> = {
  a: ["href", "title"],
  ol: ["start"],
  input: ["checked", "type", "disabled"],
  td: ["align"],
  th: ["align"],
  code: ["class"],
}

/** The elements and texts of a drawing, without what only helps to read or to reach it. */
export function html(root: HTMLElement): string {
  const copy = root.cloneNode(true) as HTMLElement
  for (const element of copy.querySelectorAll("button")) element.remove()
  for (const element of copy.querySelectorAll("div, span")) element.replaceWith(...element.childNodes)
  for (const element of copy.querySelectorAll("*")) {
    for (const name of element.getAttributeNames()) {
      if (!KEPT[element.localName]?.includes(name)) element.removeAttribute(name)
    }
  }
  copy.normalize()
  return normalized(copy)
}

/** The same of a specification's HTML. */
export function expected(source: string): string {
  const root = document.createElement("div")
  root.innerHTML = source.replace(/<(\/?)h\d>/g, "<$1h3>")
  for (const image of root.querySelectorAll("img")) image.replaceWith(image.alt)
  root.normalize()
  return normalized(root)
}

const BLOCKS = new Set("div p h3 ul ol li blockquote pre hr table thead tbody tr".split(" "))

/** Writes nodes with one form for attributes and texts; blanks between blocks don't count. */
function normalized(node: Node): string {
  if (node instanceof Text) {
    const { data, parentElement } = node
    const blank =
      !data.trim() && parentElement && BLOCKS.has(parentElement.localName) && parentElement.localName !== "p"
    if (parentElement?.closest("pre")) return JSON.stringify(data)
    return blank ? "" : JSON.stringify(data.replace(/[ \n]*\n[ \n]*/g, "\n").replace(/^\n|\n$/g, ""))
  }
  const element = node as Element
  const attributes = element.getAttributeNames().sort()
  const shown = attributes.map((name) => ` ${name}=${JSON.stringify(element.getAttribute(name))}`).join("")
  const children = [...element.childNodes]
    .map(normalized)
    .filter((text) => text !== '""')
    .join("")
  return `<${element.localName}${shown}>${children}</${element.localName}>`
}
