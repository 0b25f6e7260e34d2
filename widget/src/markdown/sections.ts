/**
 * Puts blocks into an answer. A long answer gets sections, of which browsers lay out only those
 * that can be seen.
 */

import { h } from "../shared/dom"

const BLOCKS = 50

export interface Sections {
  append(elements: readonly HTMLElement[]): void
  /** Where the next block goes. */
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
