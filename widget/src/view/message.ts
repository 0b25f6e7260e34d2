/** The view of one message: its text, its sources and its actions. */

import { createMarkdownStream, type MarkdownStream } from "../markdown"
import type { Change, ChatMessage } from "../model/message"
import { button, h, icon, iconButton } from "../shared/dom"
import { EDIT, RETRY, WARNING } from "../shared/icons"
import type { Actions } from "./action-types"
import { createFeedback } from "./answer-actions"
import type { Paintable } from "./frame-painter"
import { createSources } from "./sources"
import { createWaiting } from "./waiting-indicator"

export interface MessageView extends Paintable {
  readonly message: ChatMessage
  readonly element: HTMLElement
}

export function createMessageView(message: ChatMessage, actions: Actions): MessageView {
  return message.role === "user" ? createQuestion(message, actions) : createAnswer(message, actions)
}

function createQuestion(message: ChatMessage, { strings: { translate }, edit }: Actions): MessageView {
  const content = h("div", "content", { dir: "auto" }, message.text)
  const editButton = iconButton("edit", EDIT, translate("edit"), () => edit(message))
  const element = h("li", "message user", {}, h("span", "hidden", {}, `${translate("you")}: `), content, editButton)
  return { message, element, paint: () => false }
}

/** Milliseconds for which a new view draws its text immediately. The rest is drawn in the next frames. */
const FIRST_DRAWING = 8

function createAnswer(message: ChatMessage, actions: Actions): MessageView {
  const { strings, painter, copy } = actions
  const { translate } = strings
  const isPerson = message.role === "agent"
  const name = (): string => (isPerson ? message.name || translate("support") : actions.name())
  const content = h("div", "content")
  const footer = h("div", "footer")
  const waiting = createWaiting(actions)
  const sources = createSources(message.sources, actions)
  let markdown = startStream()
  const element = h(
    "li",
    `message ${message.role}`,
    {},
    isPerson ? h("p", "author", {}, name()) : h("span", "hidden", {}, `${name()}: `),
    content,
    waiting.element,
    footer,
  )
  const isOver = (): boolean => message.status !== "running"

  const view: MessageView = {
    message,
    element,
    paint(deadline) {
      const hasMore = markdown.paint(deadline)
      waiting.show(isOver() ? undefined : { activity: message.activity, writes: message.text !== "" })
      if (isOver() && !hasMore) finish()
      return hasMore
    },
  }

  function startStream(): MarkdownStream {
    content.replaceChildren()
    const stream = createMarkdownStream(content, { strings, copy, mark: sources.mark })
    stream.append(message.text)
    for (const { at, n } of message.citations) stream.mark(at, n)
    return stream
  }

  function handleChange(change: Change): void {
    if (change.kind === "text") markdown.append(change.text)
    else if (change.kind === "cite") markdown.mark(change.cite.at, change.cite.n)
    else if (change.kind === "source") sources.add(change.source)
    else if (change.kind === "status") {
      footer.replaceChildren()
      // draw the text of a resumed reply again, because its stream has ended
      if (!isOver()) markdown = startStream()
    }
    if (isOver()) {
      if (message.status === "stopped") markdown.cut()
      else markdown.end()
    }
    painter.add(view)
  }

  /** Shows the footer of a finished answer, and announces a new answer to screen readers. */
  function finish(): void {
    const { note } = message
    footer.replaceChildren()
    const list = sources.list()
    if (list) footer.append(list)
    if (note) footer.append(createNote(note.text, note.retry))
    if (message.confirm) footer.append(actions.createConfirmation(message))
    else if (message.text && !isPerson) footer.append(createFeedback(message, actions))
    const offer = message.offer && actions.createOffer(message.offer, message.isNew)
    if (offer) footer.append(offer)
    if (message.suggestions?.length) footer.append(createFollowUps(message.suggestions))
    if (!message.isNew) return
    message.isNew = false
    // leave citation marks out of the announcement
    content.classList.add("announcing")
    // biome-ignore lint/performance/useDomNodeTextContent: innerText keeps blocks apart
    actions.announce(`${name()}: ${content.innerText} ${note?.text ?? ""}`)
    content.classList.remove("announcing")
  }

  function createFollowUps(questions: readonly string[]): HTMLElement {
    const items = questions.map((question) =>
      h(
        "li",
        "",
        {},
        button("suggestion", () => actions.ask(question), h("span", "", { dir: "auto" }, question)),
      ),
    )
    return h("ul", "suggestions follow-ups", { "aria-label": translate("suggested") }, ...items)
  }

  function createNote(text: string, retry: boolean): HTMLElement {
    return h(
      "div",
      retry ? "note problem" : "note",
      {},
      retry && icon(WARNING),
      h("p", "", { dir: "auto" }, text),
      retry && button("retry", () => actions.retry(message), icon(RETRY), translate("retry")),
    )
  }

  message.countDrawn = () => markdown.countDrawn()
  message.watch(handleChange)
  if (isOver()) markdown.end()
  if (view.paint(performance.now() + FIRST_DRAWING)) painter.add(view)
  return view
}
