/** Markdown: from text that arrives in pieces to DOM nodes. */

export { NEW_TAB, safeAddress, setLink } from "./links"
export type { DrawOptions, MarkdownStream } from "./options"
export { createMarkdownStream } from "./stream"
