/** One chat of a page: shows its bubble, and loads its panel on demand. */

import { h, iconButton, setLabel } from "../shared/dom"
import { CHAT } from "../shared/icons"
import { type Emit, type Host, type Launcher, type Panel, PHONE } from "../shared/launcher-types"
import { createMemory } from "../shared/tab-storage"
import { loadPart } from "./script-loading"

export interface Chat {
  /** The element that shows the chat. */
  host: Host
  /** Shows the chat in `host`. Called for the first element, and for an element that replaces it. */
  adopt(host: Host): void
  /** Call this when the element leaves the page. Another element may adopt the chat. */
  release(): void
  /** Places the bubble above `position` other bubbles. */
  stack(position: number): void
  /** Call this when an attribute of the element has changed. */
  changed(name: string): void
  /** Opens the window. When it is closed, the focus returns to `opener`, by default the bubble. */
  open(opener?: HTMLElement): void
  close(): void
  toggle(): void
  ask(text: string): Promise<void>
  prefill(text: string): void
  focus(): void
  /** Loads the panel, because it will probably be needed soon. */
  prepare(): void
}

function readTexts(json: string | null): Record<string, unknown> {
  try {
    return JSON.parse(json ?? "") as Record<string, unknown>
  } catch {
    // the bubble shows the names of the texts instead
    return {}
  }
}

/** Milliseconds that a chat waits for a new element before it closes its connection. */
const ADOPTION_TIME = 5000
/** Milliseconds that the message "unavailable" is shown. */
const MESSAGE_TIME = 5000

/** `onOpen` is called when the window of this chat was opened. */
export function createChat(identity: string, first: Host, onOpen: (chat: Chat) => void): Chat {
  const attribute = (name: string): string | null => chat.host.getAttribute(name)
  const inline = first.hasAttribute("inline") || first.hasAttribute("page")
  const texts = readTexts(first.getAttribute("strings"))
  const translate = (word: "open" | "unread" | "unavailable"): string => String(texts[word] ?? word)
  const memory = createMemory(`site-chat:${identity}`)
  const badge = h("span", "badge", { hidden: true })
  const bubble = iconButton("launcher", CHAT, translate("open"), () => chat.open(bubble))
  const skeleton = h("div", "skeleton", { hidden: true, popover: "manual" }, h("i"), h("i"), h("i"))
  const root = h("div", "root", {}, !inline && bubble, skeleton)
  let panel: Panel | undefined
  let waiting: Promise<Panel> | undefined
  let opener: HTMLElement | undefined
  let opened = inline
  let focused = false
  let leaving: ReturnType<typeof setTimeout> | undefined

  const emit: Emit = (name, detail) => {
    chat.host.dispatchEvent(new CustomEvent(name, { detail, bubbles: true }))
  }

  function showUnread(): void {
    const count = memory.values.unread ?? 0
    badge.hidden = !count
    badge.textContent = String(count)
    setLabel(bubble, translate(count ? "unread" : "open"))
  }

  function drawBubble(): void {
    const [label, image] = [attribute("launcher-label"), attribute("launcher-icon")]
    bubble.querySelector("img")?.remove()
    bubble.querySelector(".label")?.remove()
    if (image) bubble.prepend(h("img", "", { src: image, alt: "" }))
    if (label) bubble.append(h("span", "label", {}, label))
    bubble.append(badge)
  }

  /**
   * Uses the page's color-scheme, or that of the visitor's system if the page has none. Undoes the page's
   * CSS zoom.
   */
  function adaptToPage(): void {
    const { host } = chat
    root.classList.toggle("system", getComputedStyle(host).colorScheme === "normal")
    if (!inline) root.style.zoom = String(1 / ((host as { currentCSSZoom?: number }).currentCSSZoom ?? 1))
  }

  /** Shows an element in the top layer, above everything on the page. */
  function showOnTop(element: HTMLElement): void {
    if (element.isConnected && !element.matches(":popover-open")) element.showPopover?.()
  }

  const launcher: Launcher = {
    identity,
    root,
    inline,
    texts,
    memory,
    emit,
    attribute,
    load: loadPart,
    host: () => chat.host,
    setUnread(unread) {
      if (memory.values.unread === unread || (!unread && !memory.values.unread)) return
      memory.set({ unread })
      showUnread()
      emit("site-chat:unread", { count: unread })
    },
    setOpened(state) {
      if (state === opened || inline) return
      opened = state
      memory.set({ open: state })
      root.classList.toggle("opened", state)
      if (state) {
        adaptToPage()
        onOpen(chat)
        launcher.setUnread(0)
      } else if (focused) (opener?.isConnected ? opener : bubble).focus()
      emit(state ? "site-chat:open" : "site-chat:close", null)
    },
  }

  function load(): Promise<Panel> {
    waiting ??= loadPart("panel").then(
      (create) => {
        panel = create(launcher)
        return panel
      },
      (error: unknown) => {
        waiting = undefined
        throw error
      },
    )
    return waiting
  }

  /**
   * Calls `action` with the panel. Until the panel is loaded, shows a placeholder. If the panel can't be loaded,
   * shows a message, dispatches `site-chat:error`, and does not call `action`.
   */
  async function withPanel(action: (panel: Panel) => unknown): Promise<void> {
    if (panel) {
      await action(panel)
      return
    }
    skeleton.hidden = false
    if (!inline) showOnTop(skeleton)
    try {
      await action(await load())
    } catch (error) {
      if (panel) throw error
      skeleton.role = "alert"
      skeleton.textContent = translate("unavailable")
      setTimeout(hideSkeleton, MESSAGE_TIME)
      emit("site-chat:error", { error: "unavailable", message: translate("unavailable"), retryable: true })
      return
    }
    hideSkeleton()
  }

  function hideSkeleton(): void {
    skeleton.hidden = true
    skeleton.replaceChildren(h("i"), h("i"), h("i"))
  }

  const prepare = (): void => void load().catch(() => undefined)

  /**
   * Restores the state of the previous page: an open panel, a running reply, a person. A chat in the page
   * (`inline`) is opened when it becomes visible.
   */
  function restoreState(): void {
    showUnread()
    const { open, running, person } = memory.values
    if (inline) {
      const observer = new IntersectionObserver((entries) => {
        if (!entries.some(({ isIntersecting }) => isIntersecting)) return
        observer.disconnect()
        void withPanel((panel) => panel.open(false))
      })
      observer.observe(chat.host)
    } else if (open && !matchMedia(PHONE).matches) setTimeout(() => void withPanel((panel) => panel.open(false)))
    else if (running || person) setTimeout(prepare)
  }

  for (const name of ["pointerenter", "focus", "touchstart"]) bubble.addEventListener(name, prepare, { passive: true })
  bubble.ariaHasPopup = "dialog"
  if (!inline) bubble.popover = "manual"
  root.addEventListener("focusin", () => {
    focused = true
  })
  // check later: when the page replaces its body, `adopt` must still see that the chat had the focus
  root.addEventListener("focusout", () => {
    setTimeout(() => {
      focused = !!(root.getRootNode() as Partial<ShadowRoot>).activeElement
    })
  })

  const chat: Chat = {
    host: first,
    prepare,

    adopt(host) {
      clearTimeout(leaving)
      const isNew = !root.parentNode
      chat.host = host
      host.shadowRoot?.append(root)
      drawBubble()
      adaptToPage()
      if (!inline) showOnTop(bubble)
      if (isNew) restoreState()
      else panel?.moved(focused)
    },

    release() {
      leaving = setTimeout(() => panel?.left(), ADOPTION_TIME)
    },

    stack(position) {
      bubble.style.setProperty("--stack", String(position))
    },

    changed(name) {
      drawBubble()
      adaptToPage()
      panel?.changed(name)
    },

    open(by = bubble) {
      opener = by
      focused = true
      void withPanel((panel) => panel.open(true))
    },

    close() {
      panel?.close()
    },

    toggle() {
      if (opened) chat.close()
      else chat.open()
    },

    ask: (text) => withPanel((panel) => panel.ask(text)),

    prefill(text) {
      void withPanel((panel) => panel.prefill(text))
    },

    focus() {
      void withPanel((panel) => panel.focus())
    },
  }
  return chat
}
