/** The list of the visitor's conversations, which covers the current conversation. */

import { button, h, iconButton, onEscape } from "../shared/dom"
import type { PanelForExtras } from "../shared/extras-types"
import type { ListedConversation } from "../shared/http-types"
import { BACK, TRASH } from "../shared/icons"
import { createDeletions, UNDO_TIME } from "./deletions"

export interface ConversationList {
  readonly element: HTMLElement
  /** Loads and shows the list. If it can't be loaded, hides it and shows a notice. */
  show(): Promise<void>
  hide(): void
}

/** Milliseconds until the server must start to respond. */
const RESPONSE_TIMEOUT = 20_000

export function createConversationList(panel: PanelForExtras): ConversationList {
  const { translate, ago } = panel.strings
  const deletions = createDeletions(panel.call, panel.conversationDeleted, panel.report)
  const rows = h("ul", "conversations", { "aria-labelledby": "past" })
  const back = iconButton("back", BACK, translate("back"), () => {
    list.hide()
    panel.focusListButton()
  })
  const heading = h("h3", "", { id: "past" }, translate("history"))
  const element = h(
    "div",
    "past-list",
    { hidden: true, keydown: onEscape(() => back.click()) },
    h("div", "past-head", {}, back, heading),
    rows,
  )

  function createRow(conversation: ListedConversation, current: string | null): HTMLElement {
    const { id, updated } = conversation
    const title = conversation.title || translate("untitled")
    const row = h("li", "conversation")
    const date = h("span", "", {}, id === current ? translate("current") : ago(updated))
    const open = button("open", () => panel.open(id), h("span", "", { dir: "auto" }, title), date)
    if (id === current) open.ariaCurrent = "true"
    const remove = iconButton("delete", TRASH, translate("delete", { title }), () => offerUndo(row, [open, remove], id))
    row.append(open, remove)
    return row
  }

  function offerUndo(row: HTMLElement, content: HTMLElement[], id: string): void {
    const cancelDeletion = deletions.begin(id)
    const isShown = content[0]?.ariaCurrent === "true"
    if (isShown) panel.leave()
    const undo = button(
      "undo secondary",
      () => {
        clearTimeout(timer)
        cancelDeletion()
        if (isShown) panel.undoLeave(id)
        row.replaceChildren(...content)
        content[1]?.focus()
      },
      translate("undo"),
    )
    const timer = setTimeout(() => {
      if (row.contains((row.getRootNode() as ShadowRoot).activeElement)) back.focus()
      row.remove()
    }, UNDO_TIME)
    row.replaceChildren(h("span", "", {}, translate("deleted")), undo)
    panel.announce(translate("deleted"))
    undo.focus()
  }

  const list: ConversationList = {
    element,
    async show() {
      element.hidden = false
      rows.replaceChildren()
      back.focus()
      try {
        const response = await panel.call("conversations/", { timeout: RESPONSE_TIMEOUT })
        const { conversations } = (await response.json()) as { conversations: ListedConversation[] }
        const listed = conversations.filter(({ id }) => !deletions.isWaiting(id))
        // the id of a conversation that has just started is unknown, but it is the newest one
        const current = panel.current() ?? (panel.isEmpty() ? null : (listed[0]?.id ?? null))
        rows.replaceChildren(...listed.map((conversation) => createRow(conversation, current)))
        if (!listed.length) rows.append(h("li", "", {}, translate("empty")))
      } catch {
        list.hide()
        panel.reportUnloaded(() => void list.show())
      }
    },
    hide() {
      element.hidden = true
    },
  }
  return list
}
