/** Links: allowed addresses, the display of the target, and addresses in plain text. */

import { normalizeUri } from "micromark-util-sanitize-uri"

/** The id of the hidden text that says that a link opens in a new tab. */
export const NEW_TAB = "new-tab"

const SCHEMES = new Set(["http:", "https:", "mailto:", "tel:", "xmpp:"])
const SHOWN_HOST = /(?:https?:\/\/|www\.)([^\s/?#]+)/giu
const BARE_HOST = /(?<![\p{L}\p{N}@./-])((?:[\p{L}\p{N}-]+\.)+\p{L}{2,})(?![\p{L}\p{N}@-]|\.\p{L})/gu
/** A web address. It also ends before Chinese and Japanese punctuation, which follows without a space. */
const WEB =
  '(?:https?:\\/\\/|www\\.)[^\\s<>"`\\u3000-\\u303f\\uff01\\uff08\\uff09\\uff0c\\uff1a\\uff1b\\uff1f\\u201c-\\u201f\\u2026]+'
const MAIL = "(?:(?:mailto|xmpp):)?[\\w.+-]+@[\\w-]+(?:\\.[\\w-]+)+"
const LITERAL = new RegExp(`(${WEB})|(${MAIL})`, "gi")
const TRAILING = /(?:[?!.,:;*_~'"\]})]|&[a-z\d]+;)$/i
/** The resource at the end of an XMPP address, such as `/phone`. */
const RESOURCE = /^\/[\w@.]*[\w@]/

function resolve(address: string): URL | undefined {
  try {
    return new URL(address, document.baseURI)
  } catch {
    return undefined
  }
}

/**
 * Returns the address for a link from a model or a page, if it is on this site or its scheme is http,
 * https, mailto, tel or xmpp; else undefined.
 */
export function safeAddress(address: string): string | undefined {
  const href = normalizeUri(address)
  const url = resolve(href)
  return url && SCHEMES.has(url.protocol) ? href : undefined
}

/**
 * Turns `element` into a link. Links to other sites open in a new tab without a referrer. If the text
 * does not contain the host, the style sheet shows the host.
 */
export function setLink(element: HTMLElement, href: string): void {
  element.setAttribute("href", href)
  const url = resolve(href)
  if (!url || !/^http/.test(url.protocol) || url.origin === location.origin) return
  element.setAttribute("target", "_blank")
  element.setAttribute("rel", "noopener noreferrer nofollow")
  element.setAttribute("aria-describedby", NEW_TAB)
  if (!element.textContent.toLowerCase().includes(url.hostname)) element.dataset["host"] = url.host
}

/** Returns the host of a link if its text names another host. It is shown after the link. Else returns undefined. */
export function hostToShow(text: string, href: string): string | undefined {
  const url = resolve(href)
  if (!url || !/^http/.test(url.protocol)) return undefined
  const hostsIn = (pattern: RegExp): string[] => Array.from(text.matchAll(pattern), ([, found = ""]) => found)
  const addresses = hostsIn(SHOWN_HOST)
  const isOwnSite = url.origin === location.origin
  const shown = addresses.length || isOwnSite ? addresses : hostsIn(BARE_HOST)
  const host = (name: string): string => resolve(`http://${name}`)?.hostname.replace(/^www\./, "") ?? name
  // the text before an @ is not a host, but looks like one
  return shown.some((name) => name.includes("@") || host(name) !== host(url.hostname)) ? url.host : undefined
}

export interface TextPart {
  /** The index of the part in the text. */
  at: number
  text: string
  href?: string
}

/** Splits a text into its literal web and e-mail addresses, which get an `href`, and the text between them. */
export function findAddresses(text: string): TextPart[] {
  const parts: TextPart[] = []
  let done = 0
  for (const { 0: found, 1: web, index } of text.matchAll(LITERAL)) {
    if (index < done || (index > 0 && /[\w/.@+:-]/.test(text.charAt(index - 1)))) continue
    const address = web ? webAddress(web) : mailAddress(found, text.slice(index + found.length))
    if (!address) continue
    if (index > done) parts.push({ at: done, text: text.slice(done, index) })
    parts.push({ at: index, text: address, href: schemeFor(address) + address })
    done = index + address.length
  }
  if (done < text.length || !text) parts.push({ at: done, text: text.slice(done) })
  return parts
}

function schemeFor(address: string): string {
  if (/^(?:https?|mailto|xmpp):/i.test(address)) return ""
  return /^www\./i.test(address) ? "http://" : "mailto:"
}

/** Returns an address without the punctuation of its sentence; "" if it is not an address. */
function webAddress(found: string): string {
  let address = found
  for (let match = TRAILING.exec(address); match; match = TRAILING.exec(address)) {
    const [end] = match
    if (end === ")" && address.split("(").length >= address.split(")").length) break
    address = address.slice(0, -end.length)
  }
  const domain = /^(?:https?:\/\/)?([^/?#]*)/i.exec(address)?.[1] ?? ""
  return /[^.]\.[^.]/.test(domain) ? address : ""
}

function mailAddress(found: string, after: string): string {
  if (/[-_]$/.test(found)) return ""
  return /^xmpp:/i.test(found) ? found + (RESOURCE.exec(after)?.[0] ?? "") : found
}
