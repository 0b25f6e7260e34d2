/** One chat of a page: the bubble, the window, and the conversation in it. */

import { Client } from "./client"
import { Conversation } from "./conversation"
import { h, icon } from "./elements"
import { Memory } from "./memory"
import { Panel } from "./panel"
import { Strings } from "./strings"
import type { Host, SiteChatEvents } from "./types"

/** Where the window fills the screen. */
const PHONE = "(max-width: 30rem), (max-height: 25rem)"
/** Milliseconds after which a tab that is seen again looks for news. */
const STALE = 30_000

export class Chat {
  readonly root: HTMLElement
  private readonly launcher: HTMLButtonElement | undefined
  private readonly status = h("div", { class: "hidden", role: "status" })
  private readonly strings: Strings
  private readonly memory: Memory
  private readonly inline: boolean
  private readonly phone = matchMedia(PHONE)
  private panel: Panel | undefined
  private conversation: Conversation | undefined
  private tabs: BroadcastChannel | undefined
  private opener: HTMLElement | undefined
  private opened = false
  private focused = false
  private stale = false
  private seen = 0
  private leaving: ReturnType<typeof setTimeout> | undefined

  constructor(
    readonly place: string,
    private host: Host,
  ) {
    this.strings = new Strings(host.getAttribute("strings"), (host.closest("[lang]") as HTMLElement | null)?.lang ?? "")
    this.memory = new Memory(`site-chat:${place}`)
    this.inline = host.hasAttribute("inline")
    if (!this.inline) {
      const label = this.strings.say("open")
      this.launcher = h("button", { type: "button", class: "launcher", part: "launcher", "aria-label": label, title: label,
        "aria-haspopup": "dialog", click: () => this.open(this.launcher) }, icon("chat"))
    }
    this.root = h("div", { class: "root", focusin: () => (this.focused = true), focusout: () => this.blurred(),
      keydown: (event: KeyboardEvent) => this.key(event) }, this.launcher, this.status)
  }

  /** Shows the chat in `host`: at first, and when a page's body was swapped. */
  adopt(host: Host): void {
    clearTimeout(this.leaving)
    this.host = host
    host.shadowRoot!.append(this.root)
    if (!this.panel) return this.begin()
    if (this.opened) this.show()
    this.panel.scroller.restore()
    if (this.focused) this.panel.composer.input.focus()
    if (!this.leaving) return
    this.leaving = undefined
    void this.conversation!.refresh()
  }

  /** The element left the page; another may take its place. */
  release(): void {
    this.leaving = setTimeout(() => this.conversation?.suspend(), 5000)
  }

  get attached(): boolean {
    return this.host.isConnected
  }

  get bot(): string | null {
    return this.host.getAttribute("bot")
  }

  /** Does what was going on when the last page was left, once this page has loaded. */
  private begin(): void {
    if (this.inline) {
      this.build()
      this.opened = true
      const observer = new IntersectionObserver((entries) => {
        if (!entries.some((entry) => entry.isIntersecting)) return
        observer.disconnect()
        void this.conversation!.load()
      })
      observer.observe(this.host)
      return
    }
    const open = this.memory.get("open") && !this.phone.matches
    if (!open && !this.memory.get("running")) return
    const go = (): void => {
      if (open) this.open(undefined, false)
      else {
        this.build()
        void this.conversation!.load()
      }
    }
    if (document.readyState === "complete") setTimeout(go)
    else addEventListener("load", () => setTimeout(go), { once: true })
  }

  open(opener?: HTMLElement, focus = true): void {
    const { panel } = this.build()
    if (opener) this.opener = opener
    void this.conversation!.load()
    if (this.inline) this.host.scrollIntoView({ block: "nearest" })
    else if (!this.opened) {
      this.opened = true
      this.memory.set("open", true)
      this.show()
      this.unread(false)
      panel.scroller.restore()
      this.emit("site-chat:open", null)
    }
    if (!focus) return
    // on a phone the keyboard would cover the conversation
    if (this.phone.matches) panel.element.focus()
    else panel.composer.input.focus()
  }

  close(): void {
    if (!this.opened || this.inline) return
    const { element } = this.panel!
    this.opened = false
    this.memory.set("open", false)
    const focused = this.focused
    if (element instanceof HTMLDialogElement) element.close()
    this.root.classList.remove("open")
    if (focused) (this.opener?.isConnected ? this.opener : this.launcher)?.focus()
    this.emit("site-chat:close", null)
  }

  async ask(text: string): Promise<void> {
    this.open()
    await this.conversation!.load()
    if (this.conversation!.busy) this.panel!.composer.value = text
    else this.panel!.composer.ask(text)
  }

  private build(): { panel: Panel } {
    if (this.panel) return { panel: this.panel }
    const { host, strings, memory } = this
    const attribute = (name: string, otherwise: string): string => host.getAttribute(name) ?? otherwise
    const title = attribute("heading", strings.say("title"))
    const panel = new Panel({
      strings,
      title,
      inline: this.inline,
      placeholder: attribute("placeholder", strings.say("placeholder")),
      disclosure: attribute("disclosure", strings.say("disclosure")),
      limit: Number(attribute("max-length", "2000")),
      send: (text) => void this.conversation!.send(text),
      stop: () => this.conversation!.stop(),
      draft: (text) => memory.set("draft", text),
      close: () => this.close(),
      fresh: () => void this.conversation!.forget(),
    })
    this.panel = panel
    this.conversation = new Conversation({
      client: new Client(() => this.host, attribute("endpoint", "/api/chat/"), this.bot),
      memory,
      panel,
      strings,
      actions: {
        strings,
        name: () => title,
        changed: (view) => panel.changed(view),
        copy: (text, button) => void this.copy(text, button),
        say: (text) => this.say(text),
      },
      emit: (name, detail) => this.emit(name, detail),
      arrived: (view) => {
        if (!this.opened) this.unread(true)
        view.announce = true
      },
      changed: () => this.tabs?.postMessage(""),
    })
    this.root.append(panel.element)
    panel.composer.value = memory.get("draft") ?? ""
    this.listen()
    return { panel }
  }

  private listen(): void {
    const look = (): void => {
      if (document.hidden || !this.attached) return
      if (!this.stale && Date.now() - this.seen < STALE) return
      this.stale = false
      this.seen = Date.now()
      void this.conversation!.refresh()
    }
    this.seen = Date.now()
    this.tabs = new BroadcastChannel(`site-chat:${this.place}`)
    this.tabs.onmessage = () => {
      this.stale = true
      look()
    }
    document.addEventListener("visibilitychange", look)
    addEventListener("pagehide", () => this.conversation!.suspend())
    addEventListener("pageshow", (event) => {
      if (event.persisted) void this.conversation!.refresh()
    })
    this.phone.addEventListener("change", () => this.opened && this.show())
    const fit = (): void => this.fit()
    visualViewport?.addEventListener("resize", fit)
    visualViewport?.addEventListener("scroll", fit)
  }

  /** Puts the window on the screen: over the whole of a phone, beside the page elsewhere. */
  private show(): void {
    const { element } = this.panel!
    this.root.classList.add("open")
    this.fit()
    if (!(element instanceof HTMLDialogElement)) return
    element.open = false
    // `show()` would move the focus
    if (this.phone.matches) element.showModal()
    else element.open = true
  }

  /** Fills what a phone's keyboard leaves of the screen. */
  private fit(): void {
    const { style } = this.panel!.element
    const full = this.phone.matches && !this.inline && visualViewport
    style.height = full ? `${full.height}px` : ""
    style.top = full ? `${full.offsetTop}px` : ""
  }

  private unread(state: boolean): void {
    const label = this.strings.say(state ? "unread" : "open")
    this.launcher?.classList.toggle("unread", state)
    this.launcher?.setAttribute("aria-label", label)
    if (this.launcher) this.launcher.title = label
  }

  /** Says something to those who hear the page. */
  private say(text: string): void {
    this.status.textContent = ""
    setTimeout(() => (this.status.textContent = text), 50)
  }

  private async copy(text: string, button: HTMLElement): Promise<void> {
    try {
      await navigator.clipboard.writeText(text)
    } catch {
      // sites without TLS have no clipboard
      const area = h("textarea", { class: "hidden" })
      area.value = text
      this.root.append(area)
      area.select()
      document.execCommand("copy")
      area.remove()
      button.focus()
    }
    button.replaceChildren(icon("check"))
    this.say(this.strings.say("copied"))
    setTimeout(() => button.replaceChildren(icon("copy")), 1500)
  }

  private blurred(): void {
    // a body that is swapped takes the focus away, but not for the visitor
    setTimeout(() => (this.focused = !!(this.root.getRootNode() as ShadowRoot).activeElement))
  }

  private key(event: KeyboardEvent): void {
    if (event.key !== "Escape" || event.isComposing || event.defaultPrevented) return
    event.preventDefault()
    this.close()
  }

  private emit<K extends keyof SiteChatEvents>(name: K, detail: SiteChatEvents[K]["detail"]): void {
    this.host.dispatchEvent(new CustomEvent(name, { detail, bubbles: true }))
  }
}
