/** Opens chats from elements of the page, from its address and with keyboard shortcuts. */

import type { Chat } from "./bubble"
import { findChat } from "./element"

/** Maximum characters of a question in an address. */
const MAX_QUESTION = 2000

/**
 * Handles clicks. An element with `data-site-chat-open` opens the chat of the bot in the attribute. An element with
 * `data-site-chat-ask` also asks the question in the attribute, or else the text of the element.
 */
export function handleClick(event: MouseEvent): void {
  const target = event.target as Element | null
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || !target?.closest) return
  const element = target.closest<HTMLElement>("[data-site-chat-open], [data-site-chat-ask]")
  const { siteChatOpen: bot, siteChatAsk: question } = element?.dataset ?? {}
  const chat = element && findChat(bot)
  if (!chat) return
  event.preventDefault()
  chat.open(element)
  if (question !== undefined) void chat.ask(question || (element.textContent ?? "").trim())
}

/** Opens or closes the first chat if its shortcut was pressed, such as "ctrl+i". Command counts as Ctrl. */
export function handleKey(event: KeyboardEvent): void {
  if (event.repeat || event.defaultPrevented) return
  const chat = findChat()
  const keys = chat?.host.getAttribute("shortcut")?.toLowerCase().split("+")
  const key = keys?.pop()
  if (!keys || event.key.toLowerCase() !== key) return
  const control = event.ctrlKey || event.metaKey
  if (
    control !== keys.includes("ctrl") ||
    event.altKey !== keys.includes("alt") ||
    event.shiftKey !== keys.includes("shift")
  )
    return
  const [inner] = event.composedPath()
  // in editable text of the page, the keys have another meaning
  if (inner instanceof HTMLElement && inner.isContentEditable) return
  event.preventDefault()
  chat?.toggle()
}

/**
 * Opens the chat with the question in `?ask=` or `#ask=`. Sends it if `isOwnLink`; otherwise puts it into the
 * input, because links of other sites must not send messages in a visitor's name. Removes the question from the
 * address.
 */
export function askFromAddress(isOwnLink: boolean): void {
  const url = new URL(location.href)
  const inHash = new URLSearchParams(url.hash.slice(1))
  const question = url.searchParams.get("ask") ?? inHash.get("ask")
  const chat: Chat | undefined = question ? findChat() : undefined
  if (!question || !chat) return
  url.searchParams.delete("ask")
  if (inHash.has("ask")) url.hash = ""
  history.replaceState(history.state, "", url)
  const text = question.slice(0, MAX_QUESTION)
  if (isOwnLink) void chat.ask(text)
  else chat.prefill(text)
}

/** Loads the panel when a visitor selects text, because it has the button to ask about the text. */
export function handleSelection(): void {
  const chat = findChat()
  if (chat?.host.hasAttribute("selection") && getSelection()?.toString().trim()) chat.prepare()
}
