/** Parses CommonMark 0.31 with GFM into a syntax tree, without raw HTML. */

import type { Nodes, Root, RootContent } from "mdast"
import { type CompileContext, type Extension, fromMarkdown, type Token } from "mdast-util-from-markdown"
import { gfmStrikethroughFromMarkdown } from "mdast-util-gfm-strikethrough"
import { gfmTableFromMarkdown } from "mdast-util-gfm-table"
import { gfmTaskListItemFromMarkdown } from "mdast-util-gfm-task-list-item"
import { gfmAutolinkLiteral } from "micromark-extension-gfm-autolink-literal"
import { gfmStrikethrough } from "micromark-extension-gfm-strikethrough"
import { gfmTable } from "micromark-extension-gfm-table"
import { gfmTaskListItem } from "micromark-extension-gfm-task-list-item"
import type { Extension as MicromarkExtension } from "micromark-util-types"
import { math, mathFromMarkdown } from "./math"

export type Block = RootContent

/**
 * Keeps a literal address as text, in which `findAddresses` finds it later. The grammar only keeps `_` and `*`
 * in the address from becoming emphasis. It can't find the end of an address in Chinese text.
 */
const autolinkFromMarkdown: Extension = {
  enter: {
    literalAutolink(this: CompileContext, token: Token) {
      this.enter({ type: "text", value: this.sliceSerialize(token) }, token)
    },
  },
  exit: {
    literalAutolink(this: CompileContext, token: Token) {
      this.exit(token)
    },
  },
}

/**
 * Parses only web addresses. `findAddresses` finds e-mail addresses, because the parser would search for
 * one at every letter.
 */
function webAddresses(): MicromarkExtension {
  const { text } = gfmAutolinkLiteral()
  const constructs = Object.entries(text ?? {}).map(([code, known]) => {
    const all = Array.isArray(known) ? known : known ? [known] : []
    return [code, all.filter(({ name }) => name !== "emailAutolink")] as const
  })
  return { text: Object.fromEntries(constructs.filter(([, all]) => all.length)) }
}

const OPTIONS = {
  extensions: [
    { disable: { null: ["htmlFlow", "htmlText"] } },
    gfmTable(),
    gfmStrikethrough(),
    gfmTaskListItem(),
    webAddresses(),
    math,
  ],
  mdastExtensions: [
    gfmTableFromMarkdown(),
    gfmStrikethroughFromMarkdown(),
    gfmTaskListItemFromMarkdown(),
    autolinkFromMarkdown,
    mathFromMarkdown,
  ],
}

export function parseMarkdown(source: string): Root {
  return fromMarkdown(source, OPTIONS)
}

/** Returns the offset in the parsed text at which a node starts. */
export function startOf(node: Nodes): number {
  return node.position?.start.offset ?? 0
}

/** Returns the offset in the parsed text at which a node ends. */
export function endOf(node: Nodes): number {
  return node.position?.end.offset ?? 0
}
