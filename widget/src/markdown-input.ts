/**
 * Prepares a model's text for streaming-markdown, piece by piece, where that parser reads it
 * otherwise than CommonMark does. Outside of code,
 *  - an underscore inside a word (`snake_case`) and a dollar sign are themselves;
 *  - `<https://…>` and bare addresses become links that end where a reader sees their end.
 */

import {
  CODE_BLOCK, CODE_FENCE, CODE_INLINE, EQUATION_BLOCK, EQUATION_INLINE, IMAGE, ITALIC_UND, LINK,
  STRONG_UND, parser_write, type Parser,
} from "streaming-markdown"

const LONGEST_ADDRESS = 2000
const WORD = /[\p{L}\p{N}]/u
/** What has to be looked at; the text between is written as it is. */
const SPECIAL = /_+|\$|<?https?:\/\//g
/** What may go on in the next piece. */
const UNFINISHED = /<?https?:\/\/[^\s<>"`]*$|<?h(?:t(?:t(?:ps?:?\/?)?)?)?$|<$|_+$/
const ADDRESS = /^(<?)(https?:\/\/[^\s<>"`。，、）」]+)(>?)/
const TRAILING = /[.,;:!?'"*_~\])}]+$/

export interface MarkdownInput {
  write(text: string, ended?: boolean): void
  /** In code, or about to be: backslashes would be seen. */
  verbatim(): boolean
}

export function createInput(parser: Parser): MarkdownInput {
  let held = ""
  let before = ""

  function pass(text: string): void {
    parser_write(parser, text)
    before = text.at(-1) ?? before
  }

  function inside(...tokens: number[]): boolean {
    return parser.tokens.subarray(1, parser.len + 1).some((token) => tokens.includes(token))
  }

  function verbatim(): boolean {
    return (
      /`|^]\(/.test(parser.pending) ||
      inside(CODE_BLOCK, CODE_FENCE, CODE_INLINE, EQUATION_BLOCK, EQUATION_INLINE)
    )
  }

  /** Writes an address as a link and returns how much of `text` it was. */
  function address(text: string): number {
    const [, open, url, close] = ADDRESS.exec(text) as unknown as [string, string, string, string]
    const end = open && close ? url : trimmed(url)
    if (open && !close) pass(open)
    const label = end.replace(/[_*~`$<\]!]/g, "\\$&")
    pass(`[${label}](${end.replace(/\(/g, "%28").replace(/\)/g, "%29")})`)
    before = "/"
    return open.length + end.length + (open && close).length
  }

  return {
    verbatim,
    write(text, ended) {
      text = held + text
      const unfinished = ended ? null : UNFINISHED.exec(text)
      const cut = unfinished && text.length - unfinished.index < LONGEST_ADDRESS ? unfinished.index : text.length
      held = text.slice(cut)
      let done = 0
      for (const { 0: piece, index } of text.matchAll(SPECIAL)) {
        if (index < done || index >= cut) continue
        pass(text.slice(done, index))
        done = index + piece.length
        const word = WORD.test(before)
        if (verbatim()) pass(piece)
        else if (piece === "$") pass("\\$")
        else if (piece[0] === "_") {
          const literal = word && (WORD.test(text[done] ?? "") || !inside(ITALIC_UND, STRONG_UND))
          pass(literal ? piece.replace(/_/g, "\\_") : piece)
        } else if (word || parser.pending === "[" || inside(LINK, IMAGE) || !ADDRESS.test(text.slice(index, cut))) pass(piece)
        else done = index + address(text.slice(index, cut))
      }
      pass(text.slice(done, cut))
    },
  }
}

/** An address without the punctuation that ends the sentence it stands in. */
function trimmed(url: string): string {
  const bare = url.replace(TRAILING, "")
  const open = bare.split("(").length - bare.split(")").length
  const closing = /^\)*/.exec(url.slice(bare.length))![0]
  return bare + closing.slice(0, Math.max(0, open))
}
