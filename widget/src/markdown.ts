/**
 * Draws Markdown as it arrives: streaming-markdown parses, this builds the nodes. Each piece costs
 * the same however long the text already is. No text ever becomes HTML, images are links, and
 * links go where `safeLink` lets them.
 */

import * as smd from "streaming-markdown"

import { h, iconButton } from "./elements"
import { addressOf, safeLink } from "./links"
import { MarkdownInput } from "./markdown-input"
import type { Strings } from "./strings"

/** Past this nesting, and past so long an unfinished construct, the rest is drawn as plain text. */
const DEEPEST = 40
const LONGEST_PENDING = 4000
const TOKENS = 4096
/** Characters that a piece and a text node have at most. */
const PIECE = 256
const NODE = 2000
/** Lines of code that are laid out together. */
const CODE_LINES = 40
/** Marks travel through the parser as characters from here on; a text's own are replaced. */
const MARK = 0xe000
const MARKS = /([\ue000-\uf8ff])/
const OWN = /[\ue000-\uf8ff]/g
/** Overrides of direction, with which a text could pretend to be another. */
const OVERRIDES = /[\u202a-\u202e]/g

export interface MarkdownOptions {
  strings: Strings
  /** The element of a numbered mark. */
  mark(n: number): HTMLElement
  copy(text: string, button: HTMLElement): void
}

interface Level {
  element: HTMLElement
  token: number
  /** Text of a code block, for its copy button. */
  code?: string[]
  lines?: number
  /** The row of a table's head. */
  head?: boolean
}

const TAGS: Record<number, keyof HTMLElementTagNameMap> = {
  [smd.PARAGRAPH]: "p",
  [smd.BLOCKQUOTE]: "blockquote",
  [smd.LINE_BREAK]: "br",
  [smd.RULE]: "hr",
  [smd.HEADING_1]: "h3",
  [smd.HEADING_2]: "h3",
  [smd.HEADING_3]: "h3",
  [smd.HEADING_4]: "h3",
  [smd.HEADING_5]: "h3",
  [smd.HEADING_6]: "h3",
  [smd.ITALIC_AST]: "em",
  [smd.ITALIC_UND]: "em",
  [smd.STRONG_AST]: "strong",
  [smd.STRONG_UND]: "strong",
  [smd.STRIKE]: "s",
  [smd.CODE_INLINE]: "code",
  [smd.EQUATION_INLINE]: "code",
  [smd.LIST_UNORDERED]: "ul",
  [smd.LIST_ORDERED]: "ol",
  [smd.LIST_ITEM]: "li",
  [smd.LINK]: "a",
  [smd.RAW_URL]: "a",
  [smd.IMAGE]: "a",
  [smd.TABLE]: "table",
  [smd.TABLE_ROW]: "tr",
  [smd.TABLE_CELL]: "td",
}
const BLOCKS = new Set(["p", "blockquote", "h3", "li", "td"])

export class Markdown implements smd.Renderer<Markdown> {
  readonly data = this
  private levels: Level[]
  private parser: smd.Parser | undefined
  private input: MarkdownInput
  /** Where text was last put: a mark after the end of a block belongs there. */
  private last: HTMLElement

  constructor(
    readonly root: HTMLElement,
    private readonly options: MarkdownOptions,
  ) {
    this.levels = [{ element: root, token: smd.DOCUMENT }]
    this.last = root
    this.parser = smd.parser(this)
    this.parser.tokens = new Uint32Array(TOKENS)
    this.parser.tokens[0] = smd.DOCUMENT
    this.parser.spaces = new Uint8Array(TOKENS)
    this.input = new MarkdownInput(this.parser)
  }

  /** Draws the next part of the text. Call it with at most a few thousand characters at once. */
  write(text: string): void {
    text = text.replace(OWN, "\ufffd").replace(OVERRIDES, "")
    for (let start = 0; start < text.length; ) {
      let end = start + PIECE
      if (/[\ud800-\udbff]/.test(text[end - 1] ?? "")) end++
      this.piece(text.slice(start, end))
      start = end
    }
  }

  /** Puts the mark of source `n` behind what was written. */
  mark(n: number): void {
    if (this.parser && n < 0x1000 && !this.input.verbatim()) {
      this.piece(String.fromCharCode(MARK + n))
    } else this.last.append(this.options.mark(n))
  }

  end(): void {
    if (!this.parser) return
    this.input.write("", true)
    smd.parser_end(this.parser)
    this.parser = undefined
    while (this.levels.length > 1) this.end_token()
  }

  private piece(text: string): void {
    const { parser } = this
    if (!parser) return this.plain(text)
    this.input.write(text)
    if (parser.len > DEEPEST || parser.pending.length > LONGEST_PENDING) {
      this.input.write("", true)
      this.parser = undefined
      this.levels.length = 1
      this.levels.push({ element: this.root.appendChild(h("p", { dir: "auto" })), token: smd.PARAGRAPH })
      this.plain(parser.pending)
    }
  }

  private plain(text: string): void {
    this.add_text(this, text)
  }

  private get level(): Level {
    return this.levels[this.levels.length - 1]!
  }

  add_token(_: Markdown, token: number): void {
    if (token === smd.DOCUMENT) return
    const { element: parent, token: around } = this.level
    if (this.levels.length > DEEPEST) {
      this.levels.push({ element: parent, token })
      return
    }
    const level: Level = { element: parent, token }
    const { strings } = this.options
    if (token === smd.CODE_FENCE || token === smd.CODE_BLOCK || token === smd.EQUATION_BLOCK) {
      const code = h("code")
      level.code = []
      const button = iconButton("copy", strings.say("copy"), () => this.options.copy(level.code!.join(""), button), "button code-copy")
      parent.append(
        h("div", { class: "code", part: "code", dir: "ltr" },
          h("div", { class: "code-head" }, h("span", { class: "lang" }), button),
          h("pre", { tabindex: 0, role: "group", "aria-label": strings.say("code") }, code)),
      )
      level.element = code
    } else if (token === smd.CHECKBOX) {
      level.element = parent.appendChild(h("span", { class: "check" }, "☐"))
    } else {
      let tag = TAGS[token] ?? "span"
      level.head = token === smd.TABLE_ROW ? !parent.childElementCount : around === smd.TABLE_ROW && !!this.level.head
      if (token === smd.TABLE_CELL && level.head) tag = "th"
      const element = h(tag)
      if (BLOCKS.has(tag) || tag === "th") element.dir = "auto"
      if (tag === "th") element.setAttribute("scope", "col")
      if (tag === "h3") element.className = `h${token - smd.HEADING_1 + 1}`
      if (token === smd.TABLE) {
        parent.append(h("div", { class: "table", tabindex: 0, role: "group", "aria-label": strings.say("table") }, element))
      } else parent.append(element)
      level.element = element
    }
    this.levels.push(level)
  }

  end_token(): void {
    if (this.levels.length === 1) return
    const { element, token } = this.levels.pop()!
    if (token === smd.LINK || token === smd.IMAGE || token === smd.RAW_URL) this.finishLink(element, token)
    if (token === smd.TABLE_CELL && element.tagName === "TH" && !element.textContent?.trim()) {
      element.replaceWith(h("td"))
    }
  }

  add_text(_: Markdown, text: string): void {
    const level = this.level
    for (const part of text.split(MARKS)) {
      if (!part) continue
      const code = part.charCodeAt(0)
      if (part.length === 1 && code >= MARK && code < 0xf900) {
        level.element.append(this.options.mark(code - MARK))
      } else if (level.code) this.addCode(level, part)
      else if (level.token !== smd.TABLE_ROW && level.token !== smd.TABLE) {
        const last = level.element.lastChild
        if (last instanceof Text && last.length < NODE) last.appendData(part)
        else level.element.append(part)
        this.last = level.element
      }
    }
  }

  set_attr(_: Markdown, attribute: number, value: string): void {
    const { element } = this.level
    if (attribute === smd.HREF || attribute === smd.SRC) {
      const link = safeLink(addressOf(value.replace(OWN, "")))
      if (link) setLink(element, link)
      else element.dataset["blocked"] = ""
    } else if (attribute === smd.LANG) {
      const language = value.replace(OWN, "").trim().split(/\s/)[0]!.slice(0, 30)
      element.closest(".code")!.querySelector(".lang")!.textContent = language
    } else if (attribute === smd.CHECKED) element.textContent = "☑"
    else if (attribute === smd.START) element.setAttribute("start", value)
  }

  /** Lines go into blocks of their own, so that a long block of code is not laid out anew. */
  private addCode(level: Level, text: string): void {
    level.code!.push(text)
    level.lines ??= 0
    let chunk = level.element.lastElementChild
    for (const piece of text.split(/(?<=\n)/)) {
      if (!chunk || level.lines >= CODE_LINES) {
        chunk = level.element.appendChild(h("span", { class: "lines" }))
        level.lines = 0
      }
      const last = chunk.lastChild
      if (last instanceof Text && last.length < NODE) last.appendData(piece)
      else chunk.append(piece)
      if (piece.endsWith("\n")) level.lines++
    }
  }

  private finishLink(element: HTMLElement, token: number): void {
    if (element.hasAttribute("href")) {
      if (token === smd.IMAGE && !element.textContent) element.append(element.getAttribute("href")!)
      if (element.getAttribute("target")) {
        element.append(h("span", { class: "hidden" }, ` ${this.options.strings.say("tab")}`))
      }
    } else {
      // brackets that were no link, or a link that goes nowhere safe
      const brackets = token === smd.LINK && element.dataset["blocked"] === undefined
      element.replaceWith(brackets ? "[" : "", ...element.childNodes, brackets ? "]" : "")
    }
  }
}

/** Other sites open in a new tab and learn nothing of this one. */
export function setLink(element: HTMLElement, link: { href: string; external: boolean }): void {
  element.setAttribute("href", link.href)
  if (link.external) {
    element.setAttribute("target", "_blank")
    element.setAttribute("rel", "noopener noreferrer nofollow")
  }
}
