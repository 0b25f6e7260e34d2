/** One message on the screen: its text as it arrives, its sources, and what can be done with it. */

import { h, icon, iconButton } from "./elements"
import { safeLink } from "./links"
import { Markdown, setLink } from "./markdown"
import { countPoints, indexOfPoint } from "./offsets"
import { Feedback } from "./feedback"
import type { Strings, Word } from "./strings"
import type { Citation, Message, Source, Status } from "./types"

/** Characters drawn between two looks at the clock. */
const STEP = 512

export interface MessageActions {
  strings: Strings
  name(): string
  /** Asks for `view.paint` before the next frame. */
  changed(view: MessageView): void
  copy(text: string, button: HTMLElement): void
  /** Says something to those who hear the page. */
  say(text: string): void
  rate(view: MessageView, rating: number, comment: string): Promise<void>
  retry(view: MessageView): void
}

const NOTES: Partial<Record<Status, Word>> = {
  truncated: "truncated",
  stopped: "stopped",
  refused: "refused",
  interrupted: "interrupted",
  failed: "failed",
}

/** Where the blanks (and the bars of a table's row) begin that end `text` before `to`. */
function blankStart(text: string, from: number, to: number): number {
  while (to > from && /[\s|]/.test(text[to - 1]!)) to--
  return to
}

export class MessageView {
  readonly element: HTMLLIElement
  id: string
  text = ""
  status: Status
  rating: number
  /** Say the whole text when it is drawn. */
  announce = false
  private readonly content: HTMLElement
  private readonly waiting: HTMLElement
  private readonly footer: HTMLElement
  private markdown: Markdown | undefined
  private sources: Source[] = []
  private citations: Citation[] = []
  private placed = 0
  /** How much of the text is drawn: UTF-16 units and code points. */
  private index = 0
  private points = 0
  private next: { mark: Citation; index: number } | undefined
  private note: { text: string; retry: boolean } | undefined

  constructor(
    message: Message,
    private readonly actions: MessageActions,
  ) {
    const { role, id, text, status } = message
    this.id = id
    this.status = status
    this.rating = message.rating ?? 0
    const { strings } = actions
    this.content = h("div", { class: "content", part: `${role}-text` })
    this.waiting = h("div", { class: "waiting" }, h("span", { class: "dots" }, h("i"), h("i"), h("i")), h("span", { class: "doing" }))
    this.footer = h("div", { class: "footer" })
    const author = role === "user" ? strings.say("you") : actions.name()
    this.element = h("li", { class: `message ${role}`, part: `message ${role}` },
      h("span", { class: "hidden" }, `${author}: `), this.content)
    if (role === "user") {
      this.content.dir = "auto"
      this.text = text
      this.content.append(text)
      return
    }
    this.element.append(this.waiting, this.footer)
    this.sources = message.sources ?? []
    this.citations = message.citations ?? []
    this.append(text)
    if (status !== "running") this.finish(status)
    this.paint(performance.now() + 8)
  }

  /** Code points of the text so far. */
  get length(): number {
    return countPoints(this.text)
  }

  matches(message: Message): boolean {
    return message.text === this.text && message.status === this.status && (message.rating ?? 0) === this.rating
  }

  /** Takes a lost reply up again. */
  resume(): void {
    this.status = "running"
    this.note = undefined
    this.footer.replaceChildren()
    this.actions.changed(this)
  }

  /** Code points that the visitor has seen. */
  get shown(): number {
    return this.points
  }

  append(text: string): void {
    this.text += text
    this.actions.changed(this)
  }

  /** What the assistant is doing before it writes. */
  doing(text: string): void {
    this.waiting.lastElementChild!.textContent = text
    this.actions.changed(this)
  }

  source(source: Source): void {
    if (this.sources.some(({ n }) => n === source.n)) return
    this.sources.push(source)
    for (const mark of this.content.querySelectorAll<HTMLAnchorElement>(`[data-n="${source.n}"]`)) {
      this.fillMark(mark, source)
    }
  }

  cite(citation: Citation): void {
    if (this.citations.some(({ at, n }) => at === citation.at && n === citation.n)) return
    this.citations.push(citation)
    this.citations.sort((one, other) => one.at - other.at)
    if (this.citations.indexOf(citation) < this.placed || citation.at < this.points) this.reset()
    this.actions.changed(this)
  }

  /** Ends the reply. `note` is said below it. */
  finish(status: Status, note?: { text: string; retry: boolean }): void {
    this.status = status
    const word = NOTES[status]
    this.note = note ?? (word && {
      text: this.actions.strings.say(word),
      retry: status === "failed" || status === "interrupted",
    })
    this.actions.changed(this)
  }

  /** Drops what was not drawn yet, and ends. */
  stop(): void {
    this.text = this.text.slice(0, this.index)
    this.finish("stopped")
  }

  /** Draws until `deadline` (as `performance.now()` counts); true when there is more to draw. */
  paint(deadline: number): boolean {
    const ended = this.status !== "running"
    // a mark stands before the space, or the end of the table's row, that it comes after
    const end = ended ? this.text.length : blankStart(this.text, this.index, this.text.length)
    this.markdown ??= this.renderer()
    while (this.index < end || this.due(end, ended)) {
      if (performance.now() > deadline) return true
      const mark = this.due(end, ended)
      if (mark) {
        this.markdown.mark(mark.n)
        this.placed++
      } else this.draw(Math.min(end, this.stopAt(), this.index + STEP))
    }
    this.waiting.hidden = ended || (this.index > 0 && !this.waiting.lastElementChild!.textContent)
    if (ended) {
      this.markdown.end()
      this.finishFooter()
      if (this.announce) this.actions.say(`${this.actions.name()}: ${this.content.innerText} ${this.note?.text ?? ""}`)
      this.announce = false
    }
    return false
  }

  private draw(to: number): void {
    if (/[\ud800-\udbff]/.test(this.text[to - 1] ?? "") && to < this.text.length) to++
    const piece = this.text.slice(this.index, to)
    this.markdown!.write(piece)
    this.index = to
    this.points += countPoints(piece)
  }

  /** The mark that belongs where the drawing stands. */
  private due(end: number, ended: boolean): Citation | undefined {
    const mark = this.citations[this.placed]
    if (!mark) return undefined
    return this.stopAt() <= this.index || (ended && this.index >= end) ? mark : undefined
  }

  /** The index of the next mark. */
  private stopAt(): number {
    const mark = this.citations[this.placed]
    if (!mark) return Infinity
    if (this.next?.mark !== mark) {
      const ahead = mark.at - this.points
      if (this.text.length - this.index < ahead) return Infinity
      const rest = this.text.slice(this.index, this.index + 2 * ahead)
      if (countPoints(rest) < ahead) return Infinity
      const at = this.index + indexOfPoint(rest, ahead)
      this.next = { mark, index: blankStart(this.text, this.index, at) }
    }
    return this.next.index
  }

  private renderer(): Markdown {
    this.content.replaceChildren()
    return new Markdown(this.content, {
      strings: this.actions.strings,
      mark: (n) => this.mark(n),
      copy: (text, button) => this.actions.copy(text, button),
    })
  }

  private reset(): void {
    this.markdown = this.next = undefined
    this.index = this.points = this.placed = 0
  }

  private mark(n: number): HTMLElement {
    const mark = h("a", { class: "mark", part: "mark", "data-n": n }, String(n))
    const source = this.sources.find((source) => source.n === n)
    if (source) this.fillMark(mark, source)
    return mark
  }

  private fillMark(mark: HTMLAnchorElement, { n, title, url }: Source): void {
    const link = safeLink(url)
    if (!link) return
    setLink(mark, link)
    mark.setAttribute("aria-label", this.actions.strings.say("source", { number: n, title }))
    mark.title = title
  }

  private finishFooter(): void {
    const { strings } = this.actions
    const { note } = this
    this.footer.replaceChildren()
    if (this.sources.length) this.footer.append(this.sourceList())
    if (note) {
      this.footer.append(h("p", { class: "note", part: "note" }, note.text))
      if (note.retry) {
        const retry = h("button", { type: "button", class: "retry", part: "button retry", click: () => this.actions.retry(this) }, icon("retry"), strings.say("retry"))
        this.footer.append(retry)
      }
    }
    if (!this.text) return
    const copy = iconButton("copy", strings.say("copy"), () => this.actions.copy(this.text, copy), "button copy")
    this.footer.append(new Feedback(this, copy, this.actions).element)
  }

  private sourceList(): HTMLElement {
    const { strings } = this.actions
    const list = h("ol", { "aria-label": strings.say("sources") })
    for (const { n, title, url } of this.sources) {
      const link = safeLink(url)
      const name = h(link ? "a" : "span", { dir: "auto" }, title || url)
      if (link) setLink(name, link)
      if (link?.external) name.append(h("span", { class: "hidden" }, ` ${strings.say("tab")}`))
      list.append(h("li", {}, h("span", { class: "number", "aria-hidden": "true" }, String(n)), name))
    }
    return h("div", { class: "sources", part: "sources" }, h("p", { class: "label" }, strings.say("sources")), list)
  }
}
