/** What drawing needs of the chat around it, and what it offers. */

import type { Strings } from "../i18n/strings"

export interface DrawOptions {
  strings: Strings
  /** The element of a numbered mark. */
  mark(n: number): HTMLElement
  copy(text: string, button: HTMLElement): void
}

export interface Target {
  title?: string | null | undefined
  url: string
}

export interface MarkdownStream {
  append(text: string): void
  /** Puts the mark of source `n` behind the text's first `points` code points, once they are there. */
  mark(points: number, n: number): void
  /** No more text comes. */
  end(): void
  /** Drops the text that is not drawn yet, and ends. */
  cut(): void
  /** Draws until `deadline` (as `performance.now()` counts). True if there is more to draw. */
  paint(deadline: number): boolean
  /** Code points that are drawn. */
  drawn(): number
}
