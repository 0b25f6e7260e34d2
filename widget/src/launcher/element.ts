/** The element `<site-chat>`. */

import type { Host, Part, SiteChatEvents } from "../shared/launcher-types"
import css from "../styles/launcher.css?inline"
import { type Chat, createChat } from "./bubble"
import { installPart } from "./script-loading"

/** The chats of this page. They are kept when their elements are removed with the page's body. */
const chats = new Map<string, Chat>()
const sheet = new CSSStyleSheet()
sheet.replaceSync(css)

/** Returns the chat of a bot on the page; without a name, the first chat; undefined if there is none. */
export function findChat(bot?: string): Chat | undefined {
  return [...chats.values()].find(({ host }) => host.isConnected && (!bot || host.getAttribute("bot") === bot))
}

function stackAll(): void {
  let position = 0
  for (const chat of chats.values()) {
    if (chat.host.isConnected && !isInline(chat.host)) chat.stack(position++)
  }
}

const isInline = (host: Element): boolean => host.hasAttribute("inline") || host.hasAttribute("page")

export class SiteChat extends HTMLElement implements Host {
  static observedAttributes = [
    "accent",
    "disclosure",
    "greeting",
    "heading",
    "launcher-icon",
    "launcher-label",
    "logo",
    "max-length",
    "placeholder",
    "privacy-url",
    "suggestions",
    "theme",
  ]

  /** Registers a part. The scripts of the panel and the extras call this. */
  static install(create: unknown, part: Part = "panel"): void {
    installPart(create, part)
  }

  #chat: Chat | undefined
  readonly #own = new CSSStyleSheet()

  connectedCallback(): void {
    // one chat per endpoint and bot: a second element shows it only after the first was removed
    const identity = `${this.getAttribute("endpoint")}#${this.getAttribute("bot") ?? ""}`
    for (const [key, { host }] of chats) {
      if (key.startsWith(`${identity}#`) && host.isConnected && host !== this) return
    }
    const key = `${identity}#${isInline(this)}`
    const shadow = this.shadowRoot ?? this.attachShadow({ mode: "open" })
    const others = shadow.adoptedStyleSheets.filter((other) => other !== sheet && other !== this.#own)
    shadow.adoptedStyleSheets = [sheet, this.#own, ...others]
    this.#setAccent()
    const chat = chats.get(key) ?? createChat(identity, this, closeOthers)
    chats.set(key, chat)
    this.#chat = chat
    chat.adopt(this)
    stackAll()
  }

  disconnectedCallback(): void {
    const chat = this.#chat
    this.#chat = undefined
    if (chat?.host !== this) return
    chat.release()
    // another element can show the chat now. `?.`: a custom element that is not upgraded yet has no such method
    for (const other of document.querySelectorAll("site-chat")) other.connectedCallback?.()
    stackAll()
  }

  attributeChangedCallback(name: string): void {
    if (name === "accent") this.#setAccent()
    this.#chat?.changed(name)
  }

  #setAccent(): void {
    const accent = this.getAttribute("accent")
    this.#own.replaceSync(accent && CSS.supports("color", accent) ? `:host{--site-chat-accent:${accent}}` : "")
  }

  /** Opens the window. When it is closed, the focus returns to `opener`. */
  open(opener?: HTMLElement): void {
    this.#chat?.open(opener)
  }

  /** Closes the window. */
  close(): void {
    this.#chat?.close()
  }

  /** Opens or closes the window. */
  toggle(): void {
    this.#chat?.toggle()
  }

  /**
   * Opens the window and sends `text`. If the text can't be sent now, for example because a reply is running, it
   * stays in the input.
   */
  async ask(text: string): Promise<void> {
    await this.#chat?.ask(text)
  }

  /** Opens the window with `text` in the input. */
  prefill(text: string): void {
    this.#chat?.prefill(text)
  }

  /** Opens the window with the focus in the input. */
  override focus(): void {
    this.#chat?.focus()
  }

  /** Listens to an event, such as "reply". Returns a function that stops listening. */
  on<K extends keyof SiteChatEvents>(
    name: K | (K extends `site-chat:${infer N}` ? N : never),
    listener: (detail: SiteChatEvents[K]["detail"]) => void,
  ): () => void {
    const type = name.startsWith("site-chat:") ? name : `site-chat:${name}`
    const listen = (event: Event): void => listener((event as SiteChatEvents[K]).detail)
    this.addEventListener(type, listen)
    return () => this.removeEventListener(type, listen)
  }

  /** Makes every request. Override it in tests, or to add a header. */
  request(url: string, init: RequestInit): Promise<Response> {
    return fetch(url, init)
  }
}

/** Closes the other windows, so that only one covers the page. */
function closeOthers(opened: Chat): void {
  for (const chat of chats.values()) if (chat !== opened && !isInline(chat.host)) chat.close()
}

declare global {
  interface HTMLElementTagNameMap {
    "site-chat": SiteChat
  }
  interface HTMLElementEventMap extends SiteChatEvents {}
}
