/** One chat of a page: the bubble, the window, and the conversation in it. */

import { createClient } from "./client"
import { createConversation, type Conversation } from "./conversation"
import { h, icon, iconButton, onEscape, setLabel } from "./elements"
import { createMemory } from "./memory"
import { createPanel, type Panel } from "./panel"
import { createStrings } from "./strings"
import type { Emit, Host } from "./types"

/** Where the window fills the screen. */
const PHONE = matchMedia("(max-width: 30rem), (max-height: 25rem)")
/** Milliseconds after which a tab that is seen again looks for news. */
const STALE = 30_000

export interface Chat {
  /** The element that shows it. */
  host: Host
  readonly root: HTMLElement
  /** Shows the chat in `host`: at first, and when a page's body was swapped. */
  adopt(host: Host): void
  /** The element left the page; another may take its place. */
  release(): void
  open(opener?: HTMLElement): void
  close(): void
  ask(text: string): Promise<void>
}

export function createChat(place: string, first: Host): Chat {
  const attribute = (name: string): string | null => first.getAttribute(name)
  const language = first.closest<HTMLElement>("[lang]")?.lang
  const strings = createStrings(attribute("strings"), language)
  const { say } = strings
  const memory = createMemory(`site-chat:${place}`)
  const inline = first.hasAttribute("inline")
  const heard = h("div", "hidden", { role: "status" })
  const launcher = iconButton("launcher", "chat", say("open"), () => chat.open(launcher))
  launcher.ariaHasPopup = "dialog"
  const root = h("div", "root", {
    focusin: () => (focused = true),
    // a body that is swapped takes the focus away, but not for the visitor
    focusout: () => setTimeout(() => (focused = !!(root.getRootNode() as ShadowRoot).activeElement)),
    keydown: onEscape(() => chat.close()),
  }, !inline && launcher, heard)
  let panel: Panel | undefined
  let conversation: Conversation
  let opener: HTMLElement
  let opened = inline
  let focused = false
  let stale = false
  let seen = 0
  let suspended = false
  let leaving: ReturnType<typeof setTimeout> | undefined

  const emit: Emit = (name, detail) => void chat.host.dispatchEvent(new CustomEvent(name, { detail, bubbles: true }))

  /** Says something to those who hear the page. */
  function tell(text: string): void {
    heard.textContent = ""
    setTimeout(() => (heard.textContent = text), 50)
  }

  function unread(state: boolean): void {
    launcher.classList.toggle("unread", state)
    setLabel(launcher, say(state ? "unread" : "open"))
  }

  /** Makes the window, when it is first needed. */
  function build(): Panel {
    if (panel) return panel
    const title = attribute("heading") ?? say("title")
    const tabs = new BroadcastChannel(`site-chat:${place}`)
    panel = createPanel({
      strings,
      title,
      inline,
      placeholder: attribute("placeholder") ?? say("placeholder"),
      disclosure: attribute("disclosure") ?? "",
      limit: Number(attribute("max-length") ?? 2000),
      send: (text) => void conversation.send(text),
      stop: () => conversation.stop(),
      draft: (draft) => memory.set({ draft }),
      close: () => chat.close(),
      fresh: () => void conversation.forget(),
    })
    conversation = createConversation({
      client: createClient((url, init) => chat.host.request(url, init), attribute("endpoint")!, attribute("bot")),
      memory,
      panel,
      actions: {
        strings,
        name: title,
        changed: panel.changed,
        async copy(text, button) {
          await navigator.clipboard.writeText(text)
          button.replaceChildren(icon("check"))
          tell(say("copied"))
          setTimeout(() => button.replaceChildren(icon("copy")), 1500)
        },
        say: tell,
      },
      emit,
      arrived(view) {
        view.announce = true
        if (!opened) unread(true)
      },
      changed: () => tabs.postMessage(""),
    })
    root.append(panel.element)
    panel.composer.set(memory.values.draft ?? "")

    const look = (): void => {
      if (document.hidden || !chat.host.isConnected || (!stale && Date.now() - seen < STALE)) return
      stale = false
      seen = Date.now()
      void conversation.refresh()
    }
    seen = Date.now()
    tabs.onmessage = () => {
      stale = true
      look()
    }
    document.addEventListener("visibilitychange", look)
    addEventListener("pagehide", conversation.suspend)
    addEventListener("pageshow", ({ persisted }) => persisted && conversation.refresh())
    PHONE.addEventListener("change", () => opened && show())
    visualViewport!.addEventListener("resize", fit)
    visualViewport!.addEventListener("scroll", fit)
    return panel
  }

  /** Puts the window on the screen: over the whole of a phone, beside the page elsewhere. */
  function show(): void {
    const element = panel!.element as HTMLDialogElement
    root.classList.add("opened")
    fit()
    if (inline) return
    element.open = false
    // `show()` would move the focus
    if (PHONE.matches) element.showModal()
    else element.open = true
  }

  /** Fills what a phone's keyboard leaves of the screen. */
  function fit(): void {
    const { style } = panel!.element
    const full = PHONE.matches && !inline
    style.height = full ? `${visualViewport!.height}px` : ""
    style.top = full ? `${visualViewport!.offsetTop}px` : ""
  }

  function start(focus: boolean): void {
    const { scroller, composer, element } = build()
    void conversation.load()
    if (!opened) {
      opened = true
      memory.set({ open: true })
      show()
      unread(false)
      scroller.restore()
      emit("site-chat:open", null)
    }
    if (!focus) return
    // on a phone the keyboard would cover the conversation
    if (PHONE.matches && !inline) element.focus()
    else composer.input.focus()
  }

  /** Does what was going on when the last page was left, once this page has loaded. */
  function begin(): void {
    if (inline) {
      build()
      const observer = new IntersectionObserver(([entry]) => {
        if (!entry!.isIntersecting) return
        observer.disconnect()
        void conversation.load()
      })
      observer.observe(chat.host)
      return
    }
    const open = memory.values.open && !PHONE.matches
    if (!open && !memory.values.running) return
    setTimeout(() => {
      if (open) return start(false)
      build()
      void conversation.load()
    })
  }

  const chat: Chat = {
    host: first,
    root,

    adopt(host) {
      clearTimeout(leaving)
      chat.host = host
      host.shadowRoot!.append(root)
      if (!panel) return begin()
      if (opened) show()
      panel.scroller.restore()
      if (focused) panel.composer.input.focus()
      if (suspended) void conversation.refresh()
      suspended = false
    },

    release() {
      leaving = setTimeout(() => {
        suspended = true
        conversation?.suspend()
      }, 5000)
    },

    open(by = launcher) {
      opener = by
      start(true)
    },

    close() {
      if (!opened || inline) return
      const back = focused
      opened = false
      memory.set({ open: false })
      ;(panel!.element as HTMLDialogElement).close()
      root.classList.remove("opened")
      if (back) (opener?.isConnected ? opener : launcher).focus()
      emit("site-chat:close", null)
    },

    async ask(text) {
      start(true)
      await conversation.load()
      panel!.composer.set(text)
      panel!.composer.send()
    },
  }
  return chat
}
