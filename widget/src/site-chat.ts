/** `<site-chat>`: the chat of a site, in one element. */

import { createChat, type Chat } from "./chat"
import css from "./site-chat.css?inline"
import type { Host, SiteChatEvents } from "./types"

/** The chats of this page. They outlive their elements, so that a swapped body loses nothing. */
const chats = new Map<string, Chat>()
const sheet = new CSSStyleSheet()
sheet.replaceSync(css)

export class SiteChat extends HTMLElement implements Host {
  private chat: Chat | undefined

  connectedCallback(): void {
    // one chat of its kind on a page; another takes over when it leaves
    const place = `${this.getAttribute("endpoint")}#${this.getAttribute("bot") ?? ""}`
    for (const [key, { host }] of chats) {
      if (key.startsWith(`${place}#`) && host.isConnected && host !== this) return
    }
    const key = `${place}#${this.hasAttribute("inline")}`
    this.chat = chats.get(key) ?? createChat(place, this)
    chats.set(key, this.chat)
    const shadow = this.shadowRoot ?? this.attachShadow({ mode: "open" })
    const accent = this.getAttribute("accent")
    const own = new CSSStyleSheet()
    if (accent && CSS.supports("color", accent)) own.replaceSync(`:host{--site-chat-accent:${accent}}`)
    shadow.adoptedStyleSheets = [sheet, own]
    this.chat.adopt(this)
  }

  disconnectedCallback(): void {
    const { chat } = this
    this.chat = undefined
    if (chat?.host !== this) return
    chat.release()
    // those of a new body are perhaps not yet what they will be
    for (const other of document.querySelectorAll("site-chat")) other.connectedCallback?.()
  }

  /** Opens the window; the focus comes back to `opener` when it is closed. */
  open(opener?: HTMLElement): void {
    this.chat?.open(opener)
  }

  /** Closes the window. */
  close(): void {
    this.chat?.close()
  }

  /** Opens the window and sends `text`. While a reply is running it only goes into the input. */
  async ask(text: string): Promise<void> {
    await this.chat?.ask(text)
  }

  /** Every request goes through here: override it in tests, or to add a header. */
  request(url: string, init: RequestInit): Promise<Response> {
    return fetch(url, init)
  }
}

function openFrom(event: MouseEvent): void {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey) return
  const opener = (event.target as Element).closest<HTMLElement>("[data-site-chat-open]")
  const bot = opener?.dataset["siteChatOpen"]
  const chat = opener && [...chats.values()].find(({ host }) => host.isConnected && (!bot || host.getAttribute("bot") === bot))
  if (!chat) return
  event.preventDefault()
  chat.open(opener)
}

if (!customElements.get("site-chat")) {
  customElements.define("site-chat", SiteChat)
  document.addEventListener("click", openFrom)
}

declare global {
  interface HTMLElementTagNameMap {
    "site-chat": SiteChat
  }
  interface HTMLElementEventMap extends SiteChatEvents {}
}
