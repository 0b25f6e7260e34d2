/** What a page's own elements, addresses and keys do with its chats. */

import type { Chat } from "./chat"
import { findChat } from "./element"

/** Characters of a question in an address. */
const LONGEST = 2000

/** `data-site-chat-open` opens, `data-site-chat-ask` asks; the value of the former names a bot. */
export function clicked(event: MouseEvent): void {
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

/** A shortcut such as "ctrl+i", which is Command and I on a Mac. */
export function pressed(event: KeyboardEvent): void {
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
  // in a text of the page the keys have their own meaning
  if (inner instanceof HTMLElement && inner.isContentEditable) return
  event.preventDefault()
  chat?.toggle()
}

/**
 * `?ask=` and `#ask=` open the chat with a question. It is sent at once only where this site itself
 * led here: a link of another site must not write in a visitor's name.
 */
export function askFromAddress(own: boolean): void {
  const url = new URL(location.href)
  const inHash = new URLSearchParams(url.hash.slice(1))
  const question = url.searchParams.get("ask") ?? inHash.get("ask")
  const chat: Chat | undefined = question ? findChat() : undefined
  if (!question || !chat) return
  url.searchParams.delete("ask")
  if (inHash.has("ask")) url.hash = ""
  history.replaceState(history.state, "", url)
  const text = question.slice(0, LONGEST)
  if (own) void chat.ask(text)
  else chat.prefill(text)
}

/** The first words that a visitor marks are worth the panel, which offers to ask about them. */
export function selected(): void {
  const chat = findChat()
  if (chat?.host.hasAttribute("selection") && getSelection()?.toString().trim()) chat.prepare()
}
