/** `<site-chat>`: the chat of a site, in one element. */

import { Chat } from "./chat"
import css from "./site-chat.css?inline"
import type { Host, SiteChatEvents } from "./types"

/** The chats of this page. They outlive their elements, so that a swapped body loses nothing. */
const chats = new Map<string, Chat>()
const sheet = new CSSStyleSheet()
sheet.replaceSync(css)

export class SiteChat extends HTMLElement implements Host {
  static readonly observedAttributes = ["accent"]

  private chat: Chat | undefined

  connectedCallback(): void {
    // one chat of its kind on a page; another takes over when it leaves
    const place = `${this.getAttribute("endpoint")}#${this.getAttribute("bot") ?? ""}`
    for (const [key, chat] of chats) {
      if (key.startsWith(`${place}#`) && chat.attached && chat !== this.chat) return
    }
    const key = `${place}#${this.hasAttribute("inline")}`
    if (!this.shadowRoot) {
      this.attachShadow({ mode: "open" })
      this.shadowRoot!.adoptedStyleSheets = [sheet]
    }
    this.chat = chats.get(key) ?? new Chat(place, this)
    chats.set(key, this.chat)
    this.chat.adopt(this)
    this.attributeChangedCallback()
  }

  disconnectedCallback(): void {
    const { chat } = this
    if (!chat || chat.attached) return
    this.chat = undefined
    chat.release()
    for (const other of document.querySelectorAll<SiteChat>("site-chat")) other.connectedCallback()
  }

  attributeChangedCallback(): void {
    this.chat?.root.style.setProperty("--accent-attribute", this.getAttribute("accent") ?? "")
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
  if (event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.shiftKey) return
  const opener = (event.target as Element).closest<HTMLElement>("[data-site-chat-open]")
  if (!opener) return
  const bot = opener.dataset["siteChatOpen"]
  const chat = [...chats.values()].find((chat) => chat.attached && (!bot || chat.bot === bot))
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
