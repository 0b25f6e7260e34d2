/** Removes control characters that change the order in which text is shown. */

/** Embeddings, overrides and isolates. They can make a text look like a different text. */
const BIDI_CONTROLS = /[\u202a-\u202e\u2066-\u2069]/g

/**
 * Returns the text without embeddings, overrides and isolates. Direction marks (U+200E, U+200F, U+061C)
 * are kept: they can't reorder a whole text, and right-to-left texts need them.
 */
export function removeBidiControls(text: string): string {
  return text.replace(BIDI_CONTROLS, "")
}
