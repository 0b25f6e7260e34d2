/** The list of the visitor's conversations, which covers the current conversation. */

import { button, h, iconButton, onEscape } from "../shared/dom"
import type { Surface } from "../shared/extras-types"
import type { Past } from "../shared/http-types"
import { BACK, TRASH } from "../shared/icons"
import { createDeletions, UNDO_WITHIN } from "./deletions"

export interface PastList {
  readonly element: HTMLElement
  show(): Promise<void>
  hide(): void
}

/** Milliseconds until the server must start to respond. */
const PATIENCE = 20_000

export function createPastList(surface: Surface): PastList {
  const { say, ago } = surface.strings
  const deletions = createDeletions(surface.call, surface.removed, surface.report)
  const rows = h("ul", "conversations", { "aria-labelledby": "past" })
  const back = iconButton("back", BACK, say("back"), () => {
    list.hide()
    surface.focusPast()
  })
  const heading = h("h3", "", { id: "past" }, say("history"))
  const element = h(
    "div",
    "past-list",
    { hidden: true, keydown: onEscape(() => back.click()) },
    h("div", "past-head", {}, back, heading),
    rows,
  )

  function createRow(conversation: Past, current: string | null): HTMLElement {
    const { id, updated } = conversation
    const title = conversation.title || say("untitled")
    const row = h("li", "conversation")
    const date = h("span", "", {}, id === current ? say("current") : ago(updated))
    const open = button("open", () => surface.open(id), h("span", "", { dir: "auto" }, title), date)
    if (id === current) open.ariaCurrent = "true"
    const remove = iconButton("delete", TRASH, say("delete", { title }), () => offerUndo(row, [open, remove], id))
    row.append(open, remove)
    return row
  }

  function offerUndo(row: HTMLElement, content: HTMLElement[], id: string): void {
    const takeBack = deletions.begin(id)
    const isShown = content[0]?.ariaCurrent === "true"
    if (isShown) surface.leave()
    const undo = button(
      "undo secondary",
      () => {
        clearTimeout(timer)
        takeBack()
        if (isShown) surface.comeBack(id)
        row.replaceChildren(...content)
        content[1]?.focus()
      },
      say("undo"),
    )
    const timer = setTimeout(() => {
      if (row.contains((row.getRootNode() as ShadowRoot).activeElement)) back.focus()
      row.remove()
    }, UNDO_WITHIN)
    row.replaceChildren(h("span", "", {}, say("deleted")), undo)
    surface.say(say("deleted"))
    undo.focus()
  }

  const list: PastList = {
    element,
    async show() {
      element.hidden = false
      rows.replaceChildren()
      back.focus()
      try {
        const response = await surface.call("conversations/", { patience: PATIENCE })
        const { conversations } = (await response.json()) as { conversations: Past[] }
        const all = conversations.filter(({ id }) => !deletions.isWaiting(id))
        // a conversation that has just started has no known id yet: it is the newest one
        const current = surface.current() ?? (surface.isEmpty() ? null : (all[0]?.id ?? null))
        rows.replaceChildren(...all.map((conversation) => createRow(conversation, current)))
        if (!all.length) rows.append(h("li", "", {}, say("empty")))
      } catch {
        list.hide()
        surface.unloaded(() => void list.show())
      }
    },
    hide() {
      element.hidden = true
    },
  }
  return list
}
