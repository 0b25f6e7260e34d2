/**
 * Appends blocks to an answer. A long answer is divided into sections, of which browsers lay out only
 * the visible ones.
 */

import { h } from "../shared/dom"

/** Number of blocks in a section. */
const SECTION_SIZE = 50

export interface Sections {
  append(elements: readonly HTMLElement[]): void
  /** Returns the element with the last block. Provisional blocks are added to it, too. */
  place(): HTMLElement
}

export function createSections(root: HTMLElement): Sections {
  let parent = root
  let count = 0

  return {
    place: () => parent,
    append(elements) {
      for (const element of elements) {
        if (count++ % SECTION_SIZE === 0 && count > SECTION_SIZE) parent = root.appendChild(h("div", "section"))
        parent.append(element)
      }
    },
  }
}
