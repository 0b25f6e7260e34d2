/**
 * Keeps the source of formulas unchanged: `$…$`, `$$…$$`, `\(…\)` and `\[…\]`.
 *
 * Otherwise Markdown would interpret `_`, `*` and `\` in them. Prices must not become formulas, so a
 * single dollar sign starts a formula only if no space follows. It ends a formula only if no space
 * precedes and no digit follows.
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
const CLOSING: Record<number, number> = { 40: 41, 91: 93 }
/** Maximum characters of a formula, which limits the time spent on openings without an end. */
const MAX_LENGTH = 1000

const isSpace = (code: Code): boolean => code === null || code < 0 || code === 32
const isLineEnding = (code: Code): boolean => code !== null && code < -2
const isDigit = (code: Code): boolean => code !== null && code >= 48 && code <= 57

function lineEnding(effects: Effects, code: Code, next: State): State {
  effects.exit("formulaLine")
  effects.enter("lineEnding")
  effects.consume(code)
  effects.exit("lineEnding")
  effects.enter("formulaLine")
  return next
}

function tokenizeDollars(this: TokenizeContext, effects: Effects, ok: State, nok: State): State {
  let size = 0
  let closing = 0
  let length = 0
  let before: Code = null

  return function start(code) {
    effects.enter("formula")
    effects.enter("formulaLine")
    return open(code)
  }

  function open(code: Code): State | undefined {
    if (code === DOLLAR && size < 2) {
      effects.consume(code)
      size++
      return open
    }
    if (code === DOLLAR || (size === 1 && isSpace(code))) return nok(code)
    return inside(code)
  }

  function inside(code: Code): State | undefined {
    if (code === null || length++ > MAX_LENGTH) return nok(code)
    if (isLineEnding(code)) return size === 1 ? nok(code) : lineEnding(effects, code, inside)
    if (code === DOLLAR) {
      closing = 0
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
    if (code === DOLLAR && closing < size) {
      closing++
      effects.consume(code)
      return close
    }
    if (closing === size && (size === 2 || (!isSpace(before) && !isDigit(code)))) {
      effects.exit("formulaLine")
      effects.exit("formula")
      return ok(code)
    }
    return size === 1 ? nok(code) : inside(code)
  }
}

function tokenizeBrackets(this: TokenizeContext, effects: Effects, ok: State, nok: State): State {
  let closing: number | undefined
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
    closing = code === null ? undefined : CLOSING[code]
    if (!closing) return nok(code)
    effects.consume(code)
    return inside
  }

  function inside(code: Code): State | undefined {
    if (code === null || length++ > MAX_LENGTH) return nok(code)
    if (isLineEnding(code)) return lineEnding(effects, code, inside)
    hasText ||= asciiAlphanumeric(code)
    effects.consume(code)
    return code === BACKSLASH ? escaped : inside
  }

  function escaped(code: Code): State | undefined {
    if (code === null || isLineEnding(code)) return inside(code)
    const ends = code === closing
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
