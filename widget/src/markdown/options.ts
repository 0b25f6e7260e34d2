/** The options and the interface of the Markdown stream. */

import type { Strings } from "../i18n/strings"

export interface DrawOptions {
  strings: Strings
  /** Creates the element of a numbered citation mark. */
  mark(n: number): HTMLElement
  copy(text: string, button: HTMLElement): void
}

/** The target of a link or reference. */
export interface Target {
  title?: string | null | undefined
  url: string
}

export interface MarkdownStream {
  append(text: string): void
  /** Places the mark of source `n` after the first `points` code points, once they have arrived. */
  mark(points: number, n: number): void
  /** Call this when the text is complete. */
  end(): void
  /** Drops the text that is not drawn yet, and ends the text there. */
  cut(): void
  /** Draws until `deadline` (`performance.now()`). Returns whether there is more to draw. */
  paint(deadline: number): boolean
  /** Returns the number of drawn code points. */
  countDrawn(): number
}
