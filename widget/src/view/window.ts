/** The chat's window and its layout. */

import type { Strings } from "../i18n/strings"
import { NEW_TAB } from "../markdown"
import { button, h, icon, iconButton, setIcon, setLabel } from "../shared/dom"
import { CHAT, CLOSE, COLLAPSE, EXPAND, FRESH, LIST } from "../shared/icons"
import type { Composer } from "./composer"
import type { Scroller } from "./scroller"

export interface WindowOptions {
  strings: Strings
  /** Whether the chat is a box in the page instead of a window over it. */
  inline: boolean
  attribute(name: string): string | null
  close(): void
  /** Starts another conversation. */
  startNew(): void
  /** Shows the visitor's conversations. */
  showConversations(): void
  /** Returns the address of the privacy notice; null if the site has none. */
  privacy(): string | null
  /** Changes between a side panel and a small window. */
  widen(wide: boolean): void
  ask(question: string): void
}

export interface Welcome {
  readonly element: HTMLElement
  /** Sets the greeting and the suggestions before the first message. */
  greet(greeting: string, suggestions: readonly string[]): void
  /** Shows the suggestions only in an empty conversation. */
  setEmpty(empty: boolean): void
}

export function createWelcome({ attribute, ask, strings }: WindowOptions): Welcome {
  const greeting = h("p", "greeting", { dir: "auto" })
  const suggestions = h("ul", "suggestions", { "aria-label": strings.translate("suggested") })
  const logo = attribute("logo")
  const avatar = h("span", "face", { "aria-hidden": "true" }, logo ? h("img", "", { src: logo, alt: "" }) : icon(CHAT))
  let isEmpty = true

  const welcome: Welcome = {
    element: h("div", "welcome", {}, avatar, greeting, suggestions),
    greet(text, questions) {
      greeting.textContent = text
      greeting.hidden = !text
      const items = questions.map((question) =>
        h(
          "li",
          "",
          {},
          button("suggestion", () => ask(question), h("span", "", { dir: "auto" }, question)),
        ),
      )
      suggestions.replaceChildren(...items)
      welcome.setEmpty(isEmpty)
    },
    setEmpty(empty) {
      isEmpty = empty
      suggestions.hidden = !empty || !suggestions.firstChild
      welcome.element.classList.toggle("empty", empty)
    },
  }
  return welcome
}

/** Returns the suggestions in the element's attribute; an empty list if it is not a JSON list or is missing. */
export function readSuggestions(json: string | null): string[] {
  try {
    const questions: unknown = JSON.parse(json ?? "[]")
    return Array.isArray(questions) ? questions.map(String) : []
  } catch {
    return []
  }
}

/** The contents of the window. */
export interface WindowParts {
  composer: Composer
  scroller: Scroller
  notice: HTMLElement
  /** The element with the conversation. */
  body: HTMLElement
  /** The button that leads to the people of the site. */
  help: HTMLElement
  /** The element above the conversation. */
  top: HTMLElement
}

export interface ChatWindow {
  readonly element: HTMLElement
  /** Updates the window from the attributes of the element and the privacy notice. */
  update(): void
  /** Shows the button for a new conversation only if there are messages. */
  setEmpty(empty: boolean): void
  /** Sets whether the window is a side panel. */
  setWide(wide: boolean): void
  /** Sets the name of the person who answers; undefined for the assistant. */
  setPerson(name: string | undefined): void
  readonly listButton: HTMLElement
}

export function createWindow(
  options: WindowOptions,
  { composer, scroller, notice, body, help, top }: WindowParts,
): ChatWindow {
  const {
    strings: { translate },
    inline,
    attribute,
    close,
  } = options
  const title = h("h2", "title", { id: "title" })
  const freshButton = iconButton("fresh", FRESH, translate("fresh"), options.startNew)
  const widenButton = iconButton("expand", EXPAND, translate("expand"), () => options.widen(!wide))
  const listButton = iconButton("past", LIST, translate("history"), options.showConversations)
  const disclosure = h("p", "disclosure")
  let wide = false
  let person: string | undefined

  body.append(scroller.element, scroller.below)
  const header = h(
    "div",
    "header",
    {},
    title,
    help,
    listButton,
    freshButton,
    !inline && widenButton,
    !inline && iconButton("close", CLOSE, translate("close"), close),
  )
  const element = h(
    inline ? "section" : "dialog",
    "panel",
    {
      "aria-labelledby": "title",
      tabindex: -1,
      cancel(event: Event) {
        event.preventDefault()
        close()
      },
    },
    header,
    top,
    body,
    notice,
    h("div", "bottom", {}, composer.element, composer.counter, disclosure),
    h("span", "hidden", { id: NEW_TAB }, translate("tab")),
  )
  if (!inline) element.popover = "manual"

  const chatWindow: ChatWindow = {
    element,
    listButton,
    update() {
      const logo = attribute("logo")
      const privacy = options.privacy()
      title.textContent = attribute("heading") ?? translate("title")
      header.querySelector("img")?.remove()
      if (logo) header.prepend(h("img", "logo", { src: logo, alt: "" }))
      const text = person ? "" : (attribute("disclosure") ?? "")
      const link = privacy && h("a", "privacy", { href: privacy }, translate("privacy"))
      disclosure.hidden = !text && !link
      disclosure.replaceChildren(
        ...([text, text && link ? " " : "", link].filter((part) => !!part) as (Node | string)[]),
      )
      composer.setPlaceholder(
        person ? translate("writeTo", { name: person }) : (attribute("placeholder") ?? translate("placeholder")),
      )
      composer.setLimit(Number(attribute("max-length") ?? 2000))
    },
    setPerson(name) {
      person = name
      chatWindow.update()
    },
    setEmpty(empty) {
      freshButton.hidden = empty
    },
    setWide(state) {
      wide = state
      element.classList.toggle("wide", wide)
      setIcon(widenButton, wide ? COLLAPSE : EXPAND)
      setLabel(widenButton, translate(wide ? "collapse" : "expand"))
    },
  }
  chatWindow.update()
  return chatWindow
}
