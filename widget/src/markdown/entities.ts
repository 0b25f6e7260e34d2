/**
 * Decodes named character references for micromark, with the names of HTML 4.
 *
 * micromark's own version for browsers uses `innerHTML`, which Trusted Types forbid. A table of all 2,125
 * names would be a sixth of the panel's size.
 */

import { characterEntitiesHtml4 } from "character-entities-html4"

const NAMES: Record<string, string> = { ...characterEntitiesHtml4, apos: "'" }

/** Returns the character for a name; false for an unknown name. */
export function decodeNamedCharacterReference(name: string): string | false {
  return Object.hasOwn(NAMES, name) ? (NAMES[name] ?? false) : false
}
