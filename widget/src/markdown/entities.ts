/**
 * Named character references, for micromark: the names of HTML 4.
 *
 * Its own version for browsers writes to `innerHTML`, which Trusted Types forbid; the table of all
 * 2,125 names would be a sixth of the panel.
 */

import { characterEntitiesHtml4 } from "character-entities-html4"

const NAMES: Record<string, string> = { ...characterEntitiesHtml4, apos: "'" }

export function decodeNamedCharacterReference(name: string): string | false {
  return Object.hasOwn(NAMES, name) ? (NAMES[name] ?? false) : false
}
