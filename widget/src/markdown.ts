/**
 * Draws Markdown as it arrives: streaming-markdown parses, this builds the nodes. Each piece costs
 * the same however long the text already is. No text ever becomes HTML, images are links, and
 * links go where `safeLink` lets them.
 */

import {
  BLOCKQUOTE, CHECKBOX, CHECKED, CODE_BLOCK, CODE_FENCE, CODE_INLINE, DOCUMENT, EQUATION_BLOCK,
  EQUATION_INLINE, HEADING_1, HEADING_6, HREF, IMAGE, ITALIC_AST, ITALIC_UND, LANG, LINE_BREAK,
  LINK, LIST_ITEM, LIST_ORDERED, LIST_UNORDERED, PARAGRAPH, RAW_URL, RULE, SRC, START, STRIKE,
  STRONG_AST, STRONG_UND, TABLE, TABLE_CELL, TABLE_ROW, parser as createParser, parser_end,
} from "streaming-markdown"

import { h, iconButton } from "./elements"
import { addressOf, safeLink, setLink } from "./links"
import { createInput } from "./markdown-input"
import type { Strings } from "./strings"

/** Past this nesting, and past so long an unfinished construct, the rest is drawn as plain text. */
const DEEPEST = 40
const LONGEST_PENDING = 4000
/** Characters that a piece and a text node have at most. */
const PIECE = 256
const NODE = 2000
/** More tokens than DEEPEST and one piece can open. */
const TOKENS = 1024
/** Lines of code, and blocks of text, that are laid out together. */
const CODE_LINES = 40
const BLOCKS = 40
/** Marks travel through the parser as characters from here on; a text's own are replaced. */
const MARK = 0xe000
const OWN = /[\ue000-\uf8ff]/g
/** Overrides of direction, with which a text could pretend to be another. */
const OVERRIDES = /[\u202a-\u202e]/g

export interface MarkdownOptions {
  strings: Strings
  /** The element of a numbered mark. */
  mark(n: number): HTMLElement
  copy(text: string, button: HTMLElement): void
}

export interface Markdown {
  /** Draws the next part of the text. Call it with at most a few thousand characters at once. */
  write(text: string): void
  /** Puts the mark of source `n` behind what was written. */
  mark(n: number): void
  end(): void
}

interface Level {
  element: HTMLElement
  token: number
  /** Text of a code block, for its copy button. */
  code?: string[]
  lines?: number
  /** Where the next line of code goes. */
  chunk?: Element | undefined
  /** In a table's head. */
  head?: boolean
}

const TAGS: Record<number, keyof HTMLElementTagNameMap> = {
  [PARAGRAPH]: "p",
  [BLOCKQUOTE]: "blockquote",
  [LINE_BREAK]: "br",
  [RULE]: "hr",
  [ITALIC_AST]: "em",
  [ITALIC_UND]: "em",
  [STRONG_AST]: "strong",
  [STRONG_UND]: "strong",
  [STRIKE]: "s",
  [CODE_INLINE]: "code",
  [EQUATION_INLINE]: "code",
  [LIST_UNORDERED]: "ul",
  [LIST_ORDERED]: "ol",
  [LIST_ITEM]: "li",
  [LINK]: "a",
  [RAW_URL]: "a",
  [IMAGE]: "a",
  [TABLE]: "table",
  [TABLE_ROW]: "tr",
  [TABLE_CELL]: "td",
}

function appendText(element: Element, text: string): void {
  const last = element.lastChild
  if (last instanceof Text && last.length < NODE) last.appendData(text)
  else element.append(text)
}

export function createMarkdown(root: HTMLElement, { strings, mark, copy }: MarkdownOptions): Markdown {
  const levels: Level[] = []
  /** Where text was last put: a mark behind a block of code stands there. */
  let last: Element = root
  const top = (): Level => levels.at(-1)!

  /** Blocks go into sections, so that a long text is not laid out anew with each piece. */
  function section(): void {
    levels[0] = { element: root.appendChild(h("div", "section")), token: DOCUMENT }
  }

  function startCode(level: Level): void {
    const text: string[] = (level.code = [])
    level.lines = 0
    const button = iconButton("code-copy", "copy", strings.say("copy"), () => copy(text.join(""), button))
    level.element.append(
      h("div", "code", { dir: "ltr" },
        h("div", "code-head", {}, h("span"), button),
        h("pre", "", { tabindex: 0, role: "group", "aria-label": strings.say("code") }, (level.element = h("code")))),
    )
  }

  /** Lines go into blocks of their own, so that a long block of code is not laid out anew. */
  function addCode(level: Level, text: string): void {
    level.code!.push(text)
    for (const line of text.split(/(?<=\n)/)) {
      level.chunk ??= level.element.appendChild(h("span", "lines"))
      appendText(level.chunk, line)
      if (line.endsWith("\n") && ++level.lines! % CODE_LINES === 0) level.chunk = undefined
    }
  }

  function finishLink(element: HTMLElement, token: number): void {
    if (element.hasAttribute("href")) {
      if (!element.textContent) element.append(element.getAttribute("href")!)
      setLink(element, element as HTMLAnchorElement, strings)
    } else {
      // brackets that were no link, or a link that goes nowhere safe
      const brackets = token === LINK && !element.title
      element.replaceWith(brackets ? "[" : "", ...element.childNodes, brackets ? "]" : "")
    }
  }

  const renderer = {
    data: null,

    add_token(_: null, token: number): void {
      if (token === DOCUMENT) return
      if (!levels[1] && root.lastElementChild!.childElementCount >= BLOCKS) section()
      const { element: parent, token: around, head } = top()
      const level: Level = { element: parent, token }
      levels.push(level)
      if (levels.length > DEEPEST) return
      if (token === CODE_FENCE || token === CODE_BLOCK || token === EQUATION_BLOCK) return startCode(level)
      level.head = token === TABLE_ROW ? !parent.firstChild : around === TABLE_ROW && !!head
      const heading = token >= HEADING_1 && token <= HEADING_6
      const tag = heading ? "h3" : token === TABLE_CELL && level.head ? "th" : (TAGS[token] ?? "span")
      const element = h(tag)
      level.element = element
      if (heading) element.className = `h${token - HEADING_1 + 1}`
      if (/^(p|blockquote|h3|li|t[hd])$/.test(tag)) element.dir = "auto"
      if (token === CHECKBOX) element.append("☐")
      parent.append(
        token === TABLE
          ? h("div", "table", { tabindex: 0, role: "group", "aria-label": strings.say("table") }, element)
          : element,
      )
    },

    end_token(): void {
      if (levels.length === 1) return
      const { element, token } = levels.pop()!
      if (token === LINK || token === IMAGE || token === RAW_URL) finishLink(element, token)
      if (element.tagName === "TH" && !element.textContent!.trim()) element.replaceWith(h("td"))
    },

    add_text(_: null, text: string): void {
      const level = top()
      for (const part of text.split(/([\ue000-\uf8ff])/)) {
        const n = part.charCodeAt(0) - MARK
        if (n >= 0 && n < 0x1900) level.element.append(mark(n))
        else if (level.code) addCode(level, part)
        else if (part && level.token !== TABLE_ROW && level.token !== TABLE) {
          appendText(level.element, part)
          last = level.element
        }
      }
    },

    set_attr(_: null, attribute: number, value: string): void {
      const { element } = top()
      value = value.replace(OWN, "")
      if (attribute === HREF || attribute === SRC) {
        const link = safeLink(addressOf(value))
        if (link) element.setAttribute("href", link)
        else element.title = value
      } else if (attribute === LANG) element.closest(".code")!.querySelector("span")!.textContent = value.trim().slice(0, 30)
      else if (attribute === CHECKED) element.textContent = "☑"
      else if (attribute === START) element.setAttribute("start", value)
    },
  }

  section()
  let parser: ReturnType<typeof createParser> | undefined = createParser(renderer)
  parser.tokens = new Uint32Array(TOKENS)
  parser.tokens[0] = DOCUMENT
  parser.spaces = new Uint8Array(TOKENS)
  const input = createInput(parser)

  function plain(text: string): void {
    renderer.add_text(null, text)
  }

  function piece(text: string): void {
    if (!parser) return plain(text)
    input.write(text)
    if (parser.len < DEEPEST && parser.pending.length < LONGEST_PENDING) return
    input.write("", true)
    levels.length = 1
    levels.push({ element: levels[0]!.element.appendChild(h("p", "", { dir: "auto" })), token: PARAGRAPH })
    plain(parser.pending)
    parser = undefined
  }

  return {
    write(text) {
      text = text.replace(OWN, "\ufffd").replace(OVERRIDES, "")
      for (let start = 0, end; start < text.length; start = end) {
        end = start + PIECE
        // a pair of surrogates stays together
        if (text.codePointAt(end - 1)! > 0xffff) end++
        piece(text.slice(start, end))
      }
    },
    mark(n) {
      if (parser && n < 0x1900 && !input.verbatim()) piece(String.fromCharCode(MARK + n))
      else last.append(mark(n))
    },
    end() {
      if (!parser) return
      input.write("", true)
      parser_end(parser)
      parser = undefined
      while (levels.length > 1) renderer.end_token()
    },
  }
}
