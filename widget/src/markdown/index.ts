/** Draws Markdown that arrives in pieces as DOM nodes. */

export { NEW_TAB, safeAddress, setLink } from "./links"
export type { DrawOptions, MarkdownStream } from "./options"
export { createMarkdownStream } from "./stream"
