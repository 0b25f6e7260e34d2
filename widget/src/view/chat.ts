/** Creates the panel of one chat, and connects its parts. */

import { createStrings } from "../i18n/strings"
import { createConversation } from "../model/conversation"
import type { Screen } from "../model/view-types"
import { button, h, onEscape } from "../shared/dom"
import type { Services } from "../shared/http-types"
import type { Launcher, Panel } from "../shared/launcher-types"
import css from "../styles/panel.css?inline"
import { createClient } from "../transport/client"
import type { Actions } from "./action-types"
import { createAnnouncer } from "./announcer"
import { copyText } from "./clipboard"
import { createComposer } from "./composer"
import { createExtrasControl } from "./extras-loading"
import { createPainter } from "./frame-painter"
import { createMessages } from "./messages"
import { createNoticeBar } from "./notice"
import { createOverlay } from "./overlay"
import { createPanelForExtras } from "./panel-for-extras"
import { createScroller } from "./scroller"
import { createSelectionButton } from "./selection-button"
import { createTooltip } from "./tooltip"
import { createWelcome, createWindow, readSuggestions, type WindowOptions } from "./window"

/** A tab that is shown again refreshes the conversation if the last refresh is this many milliseconds ago. */
const STALE_AFTER = 30_000

const sheet = new CSSStyleSheet()
sheet.replaceSync(css)

export function createPanel(launcher: Launcher): Panel {
  const { root, inline, memory, emit, attribute, host, identity } = launcher
  const language = host().closest<HTMLElement>("[lang]")?.lang
  const strings = createStrings(launcher.texts, language)
  const { translate } = strings
  const tabs = new BroadcastChannel(`site-chat:${identity}`)
  const announcer = createAnnouncer()
  const tooltip = createTooltip()
  const top = h("div", "top")
  const end = h("div", "end")
  const body = h("div", "body")
  const painter = createPainter(() => scroller.changed())
  const sheets = [sheet]
  let opened = inline
  let isStale = false
  let lastRefresh = Date.now()
  let suspended = false
  let offered: Services = {}

  const composer = createComposer({
    strings,
    placeholder: "",
    limit: 2000,
    send: (text, replaces) => void conversation.send(text, replaces),
    stop: () => conversation.stop(),
    draft: (draft) => memory.set({ draft }),
    announce: announcer.announce,
  })
  const notice = createNoticeBar({ strings, setBlocked: composer.setBlocked, announce: announcer.announce })
  const windowOptions: WindowOptions = {
    strings,
    inline,
    attribute,
    close: () => panel.close(),
    startNew() {
      extras.hideConversations()
      conversation.startNew()
      composer.input.focus()
    },
    showConversations: () => extras.use((loaded) => loaded.showConversations()),
    widen(wide) {
      memory.set({ wide })
      frame.setWide(wide)
    },
    privacy: () => attribute("privacy-url") ?? offered.privacy_url ?? null,
    ask,
  }
  const client = createClient({
    request: (url, init) => host().request(url, init),
    endpoint: attribute("endpoint") ?? "",
    bot: attribute("bot"),
    language: language ?? null,
  })
  const earlier = button("earlier", () => void conversation.earlier(), translate("earlier"))
  earlier.hidden = true
  const welcome = createWelcome(windowOptions)
  const scroller = createScroller(strings, [welcome.element, earlier], end)
  const panelForExtras = createPanelForExtras({
    ...{ strings, memory, client, composer, scroller, notice, top, end, body, focus },
    privacy: windowOptions.privacy,
    announce: announcer.announce,
    rest: () => ({ conversation, extras, frame }),
  })
  const extras = createExtrasControl({
    launcher,
    strings,
    panelForExtras,
    keepEnd: scroller.keepEnd,
    adopt(added) {
      sheets.push(added)
      attachSheets()
    },
    failed: (retry) => notice.show({ text: translate("unavailable"), retry }),
  })
  const frame = createWindow(windowOptions, {
    composer,
    scroller,
    notice: notice.element,
    body,
    help: extras.button,
    top,
  })
  const overlay = createOverlay(root, frame.element, announcer.element)

  const actions: Actions = {
    strings,
    painter,
    tooltip,
    name: () => attribute("heading") ?? translate("title"),
    announce: announcer.announce,
    copy: (text, button) =>
      void copyText(
        text,
        button,
        () => announcer.announce(translate("copied")),
        () => notice.show({ text: translate("uncopied") }),
      ),
    rate: (message, rating, comment) => conversation.rate(message, rating, comment),
    retry: (message) => void conversation.retry(message),
    askAgain: (message) => void conversation.askAgain(message),
    edit: (message) => composer.edit(message.id, message.text),
    ask,
    createOffer: extras.createOffer,
    createConfirmation: (answer) => extras.createConfirmation(answer, (yes) => void conversation.decide(answer, yes)),
  }
  const messages = createMessages(scroller.list, actions)

  /** Asks a suggested question, or puts it into the input if sending is blocked. Ignored while a reply runs. */
  function ask(question: string): void {
    if (composer.isBlocked()) screen.restoreText(question)
    else void conversation.send(question)
  }

  const screen: Screen = {
    show(all) {
      messages.show(all)
      welcome.setEmpty(!all.length)
      frame.setEmpty(!all.length)
      scroller.changed()
    },
    showServices(next) {
      offered = next
      frame.update()
      extras.update(next)
    },
    greet: welcome.greet,
    setEarlier(hasEarlier) {
      earlier.hidden = !hasEarlier
      welcome.element.hidden = hasEarlier
    },
    setRunning(state) {
      composer.setRunning(state)
      scroller.list.classList.toggle("running", state)
    },
    setLoading: (loading) => frame.element.classList.toggle("loading", loading),
    showNotice: notice.show,
    announce: (word) => announcer.announce(translate(word)),
    restoreText(text) {
      const draft = composer.text()
      composer.set(draft.includes(text) ? draft : [text, draft].filter(Boolean).join("\n"))
    },
    clearSent(text) {
      if (composer.text().trim() === text) composer.set("")
    },
    scrollToQuestion: (question) => scroller.scrollToQuestion(messages.elementOf(question)),
    arrived() {
      if (!opened) launcher.setUnread((memory.values.unread ?? 0) + 1)
    },
  }
  const conversation = createConversation({
    client,
    memory,
    screen,
    strings,
    emit,
    changed: () => tabs.postMessage(""),
  })

  function refreshIfStale(): void {
    if (document.hidden || !host().isConnected || (!isStale && Date.now() - lastRefresh < STALE_AFTER)) return
    isStale = false
    lastRefresh = Date.now()
    void conversation.refresh()
  }

  /** Adds the style sheets to the shadow root of the current element. */
  function attachSheets(): void {
    const shadow = root.getRootNode()
    if (!(shadow instanceof ShadowRoot)) return
    const missing = sheets.filter((each) => !shadow.adoptedStyleSheets.includes(each))
    shadow.adoptedStyleSheets.push(...missing)
  }

  function focus(): void {
    // on a phone, the keyboard would cover the conversation
    if (overlay.isFull() && !inline) frame.element.focus()
    else (composer.element.hidden ? frame.element : composer.input).focus({ preventScroll: inline })
  }

  const panel: Panel = {
    open(takesFocus) {
      void conversation.load()
      if (!opened) {
        opened = true
        overlay.show()
        scroller.restore()
        launcher.setOpened(true)
      }
      if (takesFocus) focus()
    },

    close() {
      if (!opened || inline) return
      opened = false
      overlay.hide()
      root.classList.remove("opened")
      launcher.setOpened(false)
    },

    async ask(text) {
      panel.open(true)
      await conversation.load()
      composer.set(text)
      composer.send()
    },

    prefill(text) {
      panel.open(true)
      composer.set(text)
      composer.input.setSelectionRange(text.length, text.length)
    },

    focus() {
      panel.open(false)
      composer.input.focus()
    },

    moved(hadFocus) {
      attachSheets()
      if (opened && !inline) overlay.show()
      scroller.restore()
      if (opened && hadFocus) focus()
      if (suspended) void conversation.refresh()
      suspended = false
    },

    left() {
      suspended = true
      conversation.suspend()
      extras.suspend()
    },

    changed() {
      frame.update()
      if (conversation.isEmpty()) welcome.greet(attribute("greeting") ?? "", readSuggestions(attribute("suggestions")))
    },
  }

  const selectionButton = createSelectionButton({
    label: translate("selection"),
    mayShow: () => host().hasAttribute("selection") && (!opened || !overlay.isFull()),
    ask: (text) => panel.prefill(text),
  })

  attachSheets()
  root.append(frame.element, announcer.element, tooltip.element, selectionButton)
  root.addEventListener(
    "keydown",
    onEscape(() => panel.close()),
  )
  frame.setWide(!!memory.values.wide)
  composer.set(memory.values.draft ?? "")
  screen.show([])
  panel.changed("")
  tabs.onmessage = () => {
    isStale = true
    refreshIfStale()
  }
  document.addEventListener("visibilitychange", refreshIfStale)
  addEventListener("pagehide", () => {
    conversation.suspend()
    extras.suspend()
  })
  addEventListener("pageshow", ({ persisted }) => {
    if (persisted) void conversation.refresh()
  })
  if (memory.values.running || memory.values.person) void conversation.load()
  return panel
}
