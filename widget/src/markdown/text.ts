/** What of a text is shown. */

/** Overrides of direction, with which a text could pretend to be another. */
const OVERRIDES = /[\u202a-\u202e\u2066-\u2069]/g

export function withoutOverrides(text: string): string {
  return text.replace(OVERRIDES, "")
}
