/** Which addresses a link in an answer may have. */

import { h } from "./elements"
import type { Strings } from "./strings"

/**
 * The address that a link gets for what a model or a page gave: http, https, mailto, or of this
 * site. Empty for everything else.
 */
export function safeLink(address: string): string {
  try {
    const { href, protocol } = new URL(address || "x:", document.baseURI)
    return /^(https?|mailto):$/.test(protocol) ? href : ""
  } catch {
    return ""
  }
}

/** The address of Markdown's `(<address> "title")`, without brackets and title. */
export function addressOf(destination: string): string {
  return /^\s*<?([^\s>]*)/.exec(destination)![1]!
}

/** Other sites open in a new tab, which is said, and learn nothing of this one. */
export function setLink(element: HTMLElement, { href }: { href: string }, strings: Strings): void {
  element.setAttribute("href", href)
  const { origin, protocol } = new URL(href)
  if (origin === location.origin || protocol === "mailto:") return
  element.setAttribute("target", "_blank")
  element.setAttribute("rel", "noopener noreferrer nofollow")
  element.append(h("span", "hidden", {}, ` ${strings.say("tab")}`))
}
