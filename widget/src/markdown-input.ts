/**
 * Prepares a model's text for streaming-markdown, piece by piece: what that parser reads otherwise
 * than CommonMark does. Outside of code,
 *  - an underscore inside a word (`snake_case`) and a dollar sign are themselves;
 *  - `<https://…>` and bare addresses become links that end where a reader sees their end.
 */

import * as smd from "streaming-markdown"

const LONGEST_ADDRESS = 2000
const WORD = /[\p{L}\p{N}]/u
/** Where a piece has to be looked at: what comes before it is written as it is. */
const SPECIAL = /_+|[$<]|https?:\/\//g
/** What may go on in the next piece. */
const UNFINISHED = /(?:<?https?:\/\/[^\s<>"`]*|<?h(?:t(?:t(?:ps?:?\/?)?)?)?|_+|<)$/
const ADDRESS = /^(<?)(https?:\/\/[^\s<>"`。，、）」]+)(>?)/
const TRAILING = /[.,;:!?'"*_~\])}]+$/

export class MarkdownInput {
  private held = ""
  private before = ""

  constructor(private readonly parser: smd.Parser) {}

  write(text: string, ended = false): void {
    text = this.held + text
    this.held = ""
    if (!ended) {
      const kept = this.keep(text)
      this.held = text.slice(kept)
      text = text.slice(0, kept)
    }
    let done = 0
    SPECIAL.lastIndex = 0
    for (let found; (found = SPECIAL.exec(text)); ) {
      const at = found.index
      if (at < done) continue
      this.pass(text.slice(done, at))
      done = at + this.special(text, at, found[0])
      SPECIAL.lastIndex = done
    }
    this.pass(text.slice(done))
  }

  /** The place from which the next piece is needed to know what `text` means. */
  private keep(text: string): number {
    const start = Math.max(0, text.length - LONGEST_ADDRESS)
    const unfinished = UNFINISHED.exec(text.slice(start))
    if (!unfinished || (start > 0 && unfinished.index === 0)) return text.length
    return start + unfinished.index
  }

  /** Writes the special piece that stands at `at` and returns its length. */
  private special(text: string, at: number, piece: string): number {
    if (this.verbatim()) this.pass(piece)
    else if (piece === "$") this.pass("\\$")
    else if (piece[0] === "_") {
      const inside = WORD.test(this.before) && (WORD.test(text[at + piece.length] ?? "") || !this.emphasised())
      this.pass(inside ? piece.replaceAll("_", "\\_") : piece)
    } else return this.address(text.slice(at, at + LONGEST_ADDRESS), piece)
    return piece.length
  }

  private address(text: string, piece: string): number {
    const found = ADDRESS.exec(text)
    if (!found || WORD.test(this.before) || this.inLink()) {
      this.pass(piece)
      return piece.length
    }
    const [whole, open, url, close] = found as unknown as [string, string, string, string]
    const closed = open && close
    const address = closed ? url : trimmed(url)
    if (open && !closed) this.pass(open)
    const label = address.replace(/[_*~`$<\]!]/g, "\\$&")
    this.pass(`[${label}](${address.replace(/\(/g, "%28").replace(/\)/g, "%29")})`)
    this.before = "a"
    return closed ? whole.length : open.length + address.length
  }

  private pass(text: string): void {
    if (!text) return
    smd.parser_write(this.parser, text)
    this.before = text.at(-1)!
  }

  private has(...tokens: number[]): boolean {
    const { parser } = this
    for (let index = parser.len; index > 0; index--) {
      if (tokens.includes(parser.tokens[index]!)) return true
    }
    return false
  }

  /** In code, or about to be: backslashes would be seen. */
  verbatim(): boolean {
    const { parser } = this
    return (
      parser.pending.includes("`") ||
      parser.pending.startsWith("](") ||
      this.has(smd.CODE_BLOCK, smd.CODE_FENCE, smd.CODE_INLINE, smd.EQUATION_BLOCK, smd.EQUATION_INLINE)
    )
  }

  private emphasised(): boolean {
    return this.has(smd.ITALIC_UND, smd.STRONG_UND)
  }

  private inLink(): boolean {
    return this.parser.pending === "[" || this.has(smd.LINK, smd.IMAGE)
  }
}

/** An address without the punctuation that ends the sentence it stands in. */
function trimmed(url: string): string {
  const end = TRAILING.exec(url)?.[0] ?? ""
  const keep = /^\)+/.exec(end)?.[0] ?? ""
  const bare = url.slice(0, url.length - end.length)
  const open = bare.split("(").length - bare.split(")").length
  return bare + keep.slice(0, Math.max(0, open))
}
