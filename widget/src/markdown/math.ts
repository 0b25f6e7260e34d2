/**
 * Keeps the source of formulas unchanged: `$…$`, `$$…$$`, `\(…\)` and `\[…\]`.
 *
 * Otherwise Markdown would interpret `_`, `*` and `\` in them. Prices must not become formulas, so a
 * single dollar sign starts a formula only if no space follows. It ends a formula only if no space
 * precedes and no digit follows.
 *
 * The two tokenizers are state machines of micromark. A state is a function that gets the next character code
 * and returns the next state. It consumes the code, or passes it on to another state. `ok` ends a formula.
 * `nok` rejects it, and micromark then reads its characters as ordinary Markdown. A code is a UTF-16 unit,
 * null at the end of the text, or negative: -1 and -2 are tabs, and -3 to -5 are line endings.
 */

import type { Literal } from "mdast"
import type { CompileContext, Extension as MdastExtension, Token } from "mdast-util-from-markdown"
import { asciiAlphanumeric } from "micromark-util-character"
import type { Code, Construct, Effects, Extension, State, TokenizeContext } from "micromark-util-types"

declare module "micromark-util-types" {
  interface TokenTypeMap {
    formula: "formula"
    formulaLine: "formulaLine"
  }
}

const DOLLAR = 36
const BACKSLASH = 92
/** The codes of `)` and `]`, by those of `(` and `[`. */
const CLOSING_BRACKETS: Record<number, number> = { 40: 41, 91: 93 }
/** Maximum characters of a formula, which limits the time spent on openings without an end. */
const MAX_LENGTH = 1000

const isSpace = (code: Code): boolean => code === null || code < 0 || code === 32
const isLineEnding = (code: Code): boolean => code !== null && code < -2
const isDigit = (code: Code): boolean => code !== null && code >= 48 && code <= 57

/** Consumes a line ending in a formula, and returns the state `next` for the line after it. */
function consumeLineEnding(effects: Effects, code: Code, next: State): State {
  effects.exit("formulaLine")
  effects.enter("lineEnding")
  effects.consume(code)
  effects.exit("lineEnding")
  effects.enter("formulaLine")
  return next
}

/** Reads a formula between one or two dollar signs. */
function tokenizeDollars(this: TokenizeContext, effects: Effects, ok: State, nok: State): State {
  let openingDollars = 0
  let closingDollars = 0
  let length = 0
  /** The last code of the formula. */
  let before: Code = null

  return function start(code) {
    effects.enter("formula")
    effects.enter("formulaLine")
    return open(code)
  }

  function open(code: Code): State | undefined {
    if (code === DOLLAR && openingDollars < 2) {
      effects.consume(code)
      openingDollars++
      return open
    }
    if (code === DOLLAR || (openingDollars === 1 && isSpace(code))) return nok(code)
    return inside(code)
  }

  function inside(code: Code): State | undefined {
    if (code === null || length++ > MAX_LENGTH) return nok(code)
    if (isLineEnding(code)) return openingDollars === 1 ? nok(code) : consumeLineEnding(effects, code, inside)
    if (code === DOLLAR) {
      closingDollars = 0
      return close(code)
    }
    before = code
    effects.consume(code)
    return code === BACKSLASH ? escaped : inside
  }

  function escaped(code: Code): State | undefined {
    if (code !== DOLLAR && code !== BACKSLASH) return inside(code)
    length++
    before = code
    effects.consume(code)
    return inside
  }

  function close(code: Code): State | undefined {
    if (code === DOLLAR && closingDollars < openingDollars) {
      closingDollars++
      effects.consume(code)
      return close
    }
    if (closingDollars === openingDollars && (openingDollars === 2 || (!isSpace(before) && !isDigit(code)))) {
      effects.exit("formulaLine")
      effects.exit("formula")
      return ok(code)
    }
    return openingDollars === 1 ? nok(code) : inside(code)
  }
}

/** Reads a formula between escaped brackets. */
function tokenizeBrackets(this: TokenizeContext, effects: Effects, ok: State, nok: State): State {
  let closingBracket: number | undefined
  let length = 0
  /** Whether there was a letter or digit. Escaped brackets around other characters are not a formula. */
  let hasText = false

  return function start(code) {
    effects.enter("formula")
    effects.enter("formulaLine")
    effects.consume(code)
    return open
  }

  function open(code: Code): State | undefined {
    closingBracket = code === null ? undefined : CLOSING_BRACKETS[code]
    if (!closingBracket) return nok(code)
    effects.consume(code)
    return inside
  }

  function inside(code: Code): State | undefined {
    if (code === null || length++ > MAX_LENGTH) return nok(code)
    if (isLineEnding(code)) return consumeLineEnding(effects, code, inside)
    hasText ||= asciiAlphanumeric(code)
    effects.consume(code)
    return code === BACKSLASH ? escaped : inside
  }

  function escaped(code: Code): State | undefined {
    if (code === null || isLineEnding(code)) return inside(code)
    const ends = code === closingBracket
    if (ends && !hasText) return nok(code)
    length++
    effects.consume(code)
    return ends ? end : inside
  }

  function end(code: Code): State | undefined {
    effects.exit("formulaLine")
    effects.exit("formula")
    return ok(code)
  }
}

const dollars: Construct = { name: "formula", tokenize: tokenizeDollars }
const brackets: Construct = { name: "formula", tokenize: tokenizeBrackets }

export const math: Extension = { text: { [DOLLAR]: dollars, [BACKSLASH]: brackets } }

export const mathFromMarkdown: MdastExtension = {
  enter: {
    formula(this: CompileContext, token: Token) {
      this.enter({ type: "formula", value: this.sliceSerialize(token) }, token)
    },
  },
  exit: {
    formula(this: CompileContext, token: Token) {
      this.exit(token)
    },
  },
}

export interface Formula extends Literal {
  type: "formula"
}

declare module "mdast" {
  interface PhrasingContentMap {
    formula: Formula
  }
  interface RootContentMap {
    formula: Formula
  }
}
