/** One message on the screen: its text as it arrives, its sources, and what can be done with it. */

import { button, h, icon } from "./elements"
import { createFeedback } from "./feedback"
import { safeLink, setLink } from "./links"
import { createMarkdown, type Markdown } from "./markdown"
import { countPoints, indexOfPoint } from "./offsets"
import type { Strings } from "./strings"
import type { Citation, Message, Source, Status } from "./types"

/** Characters drawn between two looks at the clock. */
const STEP = 512

export interface Actions {
  strings: Strings
  /** Who the assistant is. */
  name: string
  /** Asks for `view.paint` before the next frame. */
  changed(view: MessageView): void
  copy(text: string, button: HTMLElement): void
  /** Says something to those who hear the page. */
  say(text: string): void
  /** Resolves to whether the server has it. */
  rate(view: MessageView, rating: number, comment: string): Promise<boolean>
  retry(view: MessageView): void
}

export interface Note {
  text: string
  retry: boolean
}

export interface MessageView extends Pick<Message, "id" | "text" | "status" | "rating"> {
  readonly element: HTMLElement
  /** Say the whole text when it is drawn. */
  announce: boolean
  /** Code points that the visitor has seen. */
  shown(): number
  append(text: string): void
  /** What the assistant is doing before it writes. */
  doing(text: string): void
  source(source: Source): void
  cite(citation: Citation): void
  /** Ends the reply; `note` is said below it. */
  finish(status: Status, note?: Note): void
  /** Drops what was not drawn yet, and ends. */
  stop(): void
  /** Takes a lost reply up again. */
  resume(): void
  /** Draws until `deadline` (as `performance.now()` counts); true when there is more to draw. */
  paint(deadline: number): boolean
}

/** Where the blanks (and the bars of a table's row) begin that end `text` before `to`. */
function blankStart(text: string, from: number, to: number): number {
  while (to > from && /[\s|]/.test(text[to - 1]!)) to--
  return to
}

export function createMessage(message: Message, actions: Actions): MessageView {
  const { role } = message
  const { strings, strings: { say }, changed } = actions
  const content = h("div", "content", role === "user" ? { dir: "auto" } : {})
  const doing = h("span")
  const waiting = h("div", "waiting", {}, h("i"), h("i"), h("i"), doing)
  const footer = h("div")
  const sources: Source[] = [...message.sources]
  const citations: Citation[] = [...message.citations]
  let markdown: Markdown | undefined
  let note: Note | undefined
  /** How much of the text is drawn: UTF-16 units, code points, marks. */
  let index = 0
  let points = 0
  let placed = 0
  /** Where the next mark goes, once that is known. */
  let target: number | undefined

  const view: MessageView = {
    id: message.id,
    text: message.text,
    status: message.status,
    rating: message.rating,
    announce: false,
    element: h("li", `message ${role}`, {},
      h("span", "hidden", {}, `${role === "user" ? say("you") : actions.name}: `), content),

    shown: () => points,

    append(text) {
      view.text += text
      changed(view)
    },

    doing(text) {
      if (doing.textContent === text) return
      doing.textContent = text
      changed(view)
    },

    source(source) {
      if (sources.some(({ n }) => n === source.n)) return
      sources.push(source)
      for (const mark of content.querySelectorAll<HTMLElement>(`[data-n="${source.n}"]`)) fillMark(mark, source)
    },

    cite(citation) {
      if (citations.some(({ at, n }) => at === citation.at && n === citation.n)) return
      citations.push(citation)
      citations.sort((one, other) => one.at - other.at)
      target = undefined
      // one that comes late stands where the text is drawn already
      if (citations.indexOf(citation) < placed || citation.at < points) {
        markdown = undefined
        index = points = placed = 0
      }
      changed(view)
    },

    finish(status, given) {
      view.status = status
      note = given
      if (!given && status !== "complete" && status !== "running") {
        note = { text: say(status), retry: status === "failed" || status === "interrupted" }
      }
      changed(view)
    },

    stop() {
      view.text = view.text.slice(0, index)
      view.finish("stopped")
    },

    resume() {
      view.status = "running"
      footer.replaceChildren()
      changed(view)
    },

    paint(deadline) {
      const { text, status } = view
      const ended = status !== "running"
      // a mark stands before the space, or the end of the table's row, that it comes after
      const end = ended ? text.length : blankStart(text, index, text.length)
      if (!markdown) {
        content.replaceChildren()
        markdown = createMarkdown(content, { strings, mark, copy: actions.copy })
      }
      for (;;) {
        const next = citations[placed]
        const stop = next ? targetOf(next) : Infinity
        if (next && (stop <= index || (ended && index >= end))) {
          markdown.mark(next.n)
          placed++
          target = undefined
        } else if (index < end) {
          if (performance.now() > deadline) return true
          let to = Math.min(end, stop, index + STEP)
          if (text.codePointAt(to - 1)! > 0xffff) to++
          const piece = text.slice(index, to)
          markdown.write(piece)
          index = to
          points += countPoints(piece)
        } else break
      }
      waiting.hidden = ended || (index > 0 && !doing.textContent)
      if (ended) finished()
      return false
    },
  }

  /** The index of the mark in the text, Infinity while that is not there yet. */
  function targetOf({ at }: Citation): number {
    if (target === undefined) {
      const ahead = Math.max(0, at - points)
      if (view.text.length - index < ahead) return Infinity
      const rest = view.text.slice(index, index + 2 * ahead)
      if (countPoints(rest) < ahead) return Infinity
      target = blankStart(view.text, index, index + indexOfPoint(rest, ahead))
    }
    return target
  }

  function mark(n: number): HTMLElement {
    const element = h("a", "mark", { "data-n": n }, String(n))
    const source = sources.find((source) => source.n === n)
    if (source) fillMark(element, source)
    return element
  }

  function fillMark(element: HTMLElement, { n, title, url }: Source): void {
    const href = safeLink(url)
    if (!href) return
    setLink(element, { href }, strings)
    element.ariaLabel = say("source", { number: n, title })
    element.title = title
  }

  function finished(): void {
    markdown!.end()
    footer.replaceChildren()
    if (sources.length) {
      footer.append(h("div", "sources", {}, h("p", "", {}, say("sources")), h("ol", "", { "aria-label": say("sources") },
        ...sources.map(({ n, title, url }) => {
          const href = safeLink(url)
          const name = h(href ? "a" : "span", "", { dir: "auto" }, title || url)
          if (href) setLink(name, { href }, strings)
          return h("li", "", {}, h("span", "number", { "aria-hidden": "true" }, String(n)), name)
        }))))
    }
    if (note) {
      footer.append(h("p", "note", {}, note.text))
      if (note.retry) footer.append(button("retry", () => actions.retry(view), icon("retry"), say("retry")))
    }
    if (view.text) footer.append(createFeedback(view, actions))
    if (view.announce) actions.say(`${actions.name}: ${content.innerText} ${note?.text ?? ""}`)
    view.announce = false
  }

  if (role === "user") content.append(view.text)
  else {
    view.element.append(waiting, footer)
    if (view.status !== "running") view.finish(view.status)
    if (view.paint(performance.now() + 8)) changed(view)
  }
  return view
}
