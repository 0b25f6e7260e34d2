/** Which addresses a link in an answer may have. */

export interface SafeLink {
  href: string
  /** The address belongs to another site and opens in a new tab. */
  external: boolean
}

/**
 * The link for what a model or a page gave as an address: http, https, mailto, or an address of
 * this site. `undefined` for everything else.
 */
export function safeLink(address: string, base: string = document.baseURI): SafeLink | undefined {
  let url: URL
  try {
    url = new URL(address.trim(), base)
  } catch {
    return undefined
  }
  if (url.protocol === "mailto:") return { href: url.href, external: false }
  if (url.protocol !== "http:" && url.protocol !== "https:") return undefined
  return { href: url.href, external: url.origin !== new URL(base).origin }
}

/** The address of Markdown's `(<address> "title")`, without brackets and title. */
export function addressOf(destination: string): string {
  const text = destination.trim()
  return text.startsWith("<") ? text.slice(1).split(">")[0]! : text.split(/\s/)[0]!
}
