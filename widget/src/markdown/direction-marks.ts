/** Cleans text before it is shown. */

/** Bidirectional control characters, which can make a text look like another one. */
const OVERRIDES = /[\u202a-\u202e\u2066-\u2069]/g

export function withoutOverrides(text: string): string {
  return text.replace(OVERRIDES, "")
}
