/** Removes characters that change the direction of text. */

/** Bidirectional control characters. They can make a text look like a different text. */
const OVERRIDES = /[\u202a-\u202e\u2066-\u2069]/g

export function withoutOverrides(text: string): string {
  return text.replace(OVERRIDES, "")
}
