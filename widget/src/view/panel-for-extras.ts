/** Implements the interface of the panel for the extras. */

import type { Strings } from "../i18n/strings"
import type { Conversation } from "../model/conversation-types"
import type { PanelForExtras } from "../shared/extras-types"
import type { Memory } from "../shared/tab-storage"
import type { Client } from "../transport/client"
import { readEvents } from "../transport/events"
import type { Composer } from "./composer"
import type { ExtrasControl } from "./extras-loading"
import type { NoticeBar } from "./notice"
import type { Scroller } from "./scroller"
import type { ChatWindow } from "./window"

export interface PanelForExtrasOptions
  extends Pick<PanelForExtras, "top" | "end" | "body" | "privacy" | "announce" | "focus"> {
  strings: Strings
  memory: Memory
  client: Client
  composer: Composer
  scroller: Scroller
  notice: NoticeBar
  /** Returns the parts that are created after this object. */
  rest(): { conversation: Conversation; extras: ExtrasControl; frame: ChatWindow }
}

export function createPanelForExtras(options: PanelForExtrasOptions): PanelForExtras {
  const { strings, memory, client, composer, scroller, notice, rest, top, end, body, privacy, focus } = options
  const { translate } = strings
  return {
    strings,
    memory,
    call: client.call,
    readEvents,
    top,
    end,
    body,
    privacy,
    focus,
    announce: options.announce,
    conversation: () => memory.values.conversation,
    isEmpty: () => rest().conversation.isEmpty(),
    report: (problem) => rest().conversation.report(problem),
    receive: (news) => scroller.keepEnd(() => rest().conversation.receive(news)),
    refresh: () => rest().conversation.refresh(),
    current: () => rest().conversation.current(),
    leave: () => rest().conversation.startNew(),
    undoLeave: (id) => void rest().conversation.open(id),
    conversationDeleted: (id) => rest().conversation.conversationDeleted(id),
    setClosed(closed) {
      const hadFocus = composer.element.matches(":focus-within")
      rest().frame.element.classList.toggle("closed", closed)
      composer.setClosed(closed)
      if (closed && hadFocus) end.querySelector<HTMLElement>("button, input, textarea")?.focus()
    },
    setPerson(person) {
      rest().extras.setPerson(person)
      rest().frame.setPerson(person.state === "joined" ? person.name || translate("support") : undefined)
    },
    open(id) {
      rest().extras.hideConversations()
      scroller.reset()
      void rest().conversation.open(id)
      composer.input.focus()
    },
    focusListButton: () => rest().frame.listButton.focus(),
    reportUnloaded: (retry) => notice.show({ text: translate("unloaded"), retry }),
    reveal: scroller.reveal,
  }
}
