/** A block of code, with buttons to copy it and to wrap its lines. */

import { h, iconButton } from "../shared/dom"
import { COPY, WRAP } from "../shared/icons"
import type { DrawOptions } from "./options"

/** Number of lines in one chunk. With each new line, browsers lay out only the last chunk, not the whole block. */
const CHUNK_SIZE = 50

export interface Code {
  element: HTMLElement
  /** Adds complete lines permanently. */
  write(text: string): void
  /** Shows the incomplete last line, instead of the text of the previous call. */
  preview(text: string): void
}

export function createCode(
  language: string,
  { strings: { translate }, copy }: Pick<DrawOptions, "strings" | "copy">,
): Code {
  const name = language.slice(0, 30)
  const text: string[] = []
  const unfinished = new Text()
  const code = h(
    "code",
    "",
    { class: name ? `language-${name}` : undefined, tabindex: 0, role: "group", "aria-label": label() },
    unfinished,
  )
  const copyButton = iconButton("code-copy", COPY, translate("copy"), () =>
    copy(text.join("") + unfinished.data, copyButton),
  )
  const wrap = iconButton("code-wrap", WRAP, translate("wrap"), () => {
    wrap.ariaPressed = String(element.classList.toggle("wrapped"))
  })
  wrap.ariaPressed = "false"
  const element = h("pre", "code", { dir: "ltr", "data-language": name || undefined }, wrap, copyButton, code)
  let lines = 0
  let chunk: HTMLElement | undefined

  function label(): string {
    return name ? `${translate("code")} (${name})` : translate("code")
  }

  function add(piece: string): void {
    text.push(piece)
    const last = unfinished.previousSibling
    if (chunk) chunk.append(piece)
    else if (last instanceof Text) last.appendData(piece)
    else code.insertBefore(new Text(piece), unfinished)
  }

  return {
    element,
    write(piece) {
      for (const line of piece.split(/(?<=\n)/)) {
        if (lines++ % CHUNK_SIZE === 0 && lines > CHUNK_SIZE) {
          chunk = h("span", "lines")
          code.insertBefore(chunk, unfinished)
        }
        add(line)
      }
    },
    preview(piece) {
      unfinished.data = piece
    },
  }
}
