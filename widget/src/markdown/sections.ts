/**
 * Appends blocks to an answer. A long answer is divided into sections, of which browsers lay out only
 * the visible ones.
 */

import { h } from "../shared/dom"

/** Number of blocks in a section. */
const BLOCKS = 50

export interface Sections {
  append(elements: readonly HTMLElement[]): void
  /** Returns the parent of the next block. */
  place(): HTMLElement
}

export function createSections(root: HTMLElement): Sections {
  let place = root
  let count = 0

  return {
    place: () => place,
    append(elements) {
      for (const element of elements) {
        if (count++ % BLOCKS === 0 && count > BLOCKS) place = root.appendChild(h("div", "section"))
        place.append(element)
      }
    },
  }
}
