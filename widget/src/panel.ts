/** The chat's window: what it holds, and what it says besides messages. */

import { createComposer, type Composer, type ComposerOptions } from "./composer"
import { button, h, icon, iconButton, onEscape } from "./elements"
import type { MessageView } from "./message"
import { createScroller, type Scroller } from "./scroller"

/** Milliseconds of a frame that drawing may take. */
const BUDGET = 8

export interface PanelOptions extends ComposerOptions {
  title: string
  disclosure: string
  /** In the page, not over it. */
  inline: boolean
  close(): void
  fresh(): void
}

export interface Notice {
  text: string
  /** When it ends by itself, as `Date.now()` counts. */
  until?: number | undefined
  retry?: (() => void) | undefined
}

export interface Panel {
  readonly element: HTMLElement
  readonly composer: Composer
  readonly scroller: Scroller
  /** Draws `view` with the next frame; however much there is, the page stays usable. */
  changed(view: MessageView): void
  /** Shows these messages and no others. */
  show(views: MessageView[]): void
  start(greeting: string, suggestions: string[]): void
  notice(notice?: Notice): void
}

export function createPanel(options: PanelOptions): Panel {
  const { strings, strings: { say }, inline, close } = options
  const greeting = h("p", "greeting", { dir: "auto" })
  const suggestions = h("ul", "suggestions")
  const notice = h("div", "notice")
  const question = h("div", "confirm", { role: "alertdialog", "aria-labelledby": "question" })
  const scroller = createScroller(strings, greeting, suggestions)
  const composer = createComposer(options)
  const fresh = iconButton("fresh", "fresh", say("fresh"), ask)
  const dirty = new Set<MessageView>()
  let frame = 0
  let ticking: ReturnType<typeof setInterval> | undefined

  function paint(): void {
    const deadline = performance.now() + BUDGET
    for (const view of dirty) {
      if (view.paint(deadline)) break
      dirty.delete(view)
    }
    scroller.grown()
    frame = dirty.size && requestAnimationFrame(paint)
  }

  /** Asks before it deletes. */
  function ask(): void {
    const cancel = button("secondary", () => answered(fresh), say("cancel"))
    const answered = (focus: HTMLElement): void => {
      question.hidden = true
      focus.focus()
    }
    question.replaceChildren(
      h("p", "", { id: "question" }, say("confirm")),
      h("div", "choices", {}, button("primary", () => {
        answered(composer.input)
        options.fresh()
      }, say("confirmed")), cancel),
    )
    question.onkeydown = onEscape(() => answered(fresh))
    question.hidden = false
    cancel.focus()
  }

  const panel: Panel = {
    scroller,
    composer,
    element: h(inline ? "section" : "dialog", "panel", { "aria-labelledby": "title", tabindex: -1,
        cancel(event: Event) {
          event.preventDefault()
          close()
        } },
      h("header", "header", {},
        h("h2", "title", { id: "title" }, options.title),
        fresh,
        !inline && iconButton("close", "close", say("close"), close)),
      question,
      h("div", "body", {}, scroller.element, scroller.below),
      notice,
      h("div", "bottom", {},
        composer.element,
        composer.counter,
        options.disclosure && h("p", "disclosure", {}, options.disclosure))),

    changed(view) {
      dirty.add(view)
      frame ||= requestAnimationFrame(paint)
    },

    show(views) {
      const { list } = scroller
      views.forEach(({ element }, index) => {
        if (list.children[index] !== element) list.insertBefore(element, list.children[index] ?? null)
      })
      while (list.children.length > views.length) list.lastChild!.remove()
      // the greeting stands before the conversation; suggestions help only to begin one
      suggestions.hidden = !!views.length || !suggestions.firstChild
      fresh.hidden = !views.length
      scroller.grown()
    },

    start(text, questions) {
      greeting.textContent = text
      greeting.hidden = !text
      suggestions.replaceChildren(
        ...questions.map((text) => h("li", "", {}, button("suggestion", () => options.send(text), text))),
      )
    },

    notice(given) {
      clearInterval(ticking)
      notice.hidden = !given
      if (!given) return
      const { text, until, retry } = given
      const countdown = h("span")
      notice.replaceChildren(h("p", "", { role: "alert", dir: "auto" }, text), countdown)
      if (retry) notice.append(button("retry", retry, icon("retry"), say("retry")))
      if (!until) return
      const tick = (): void => {
        const left = Math.ceil((until - Date.now()) / 1000)
        if (left > 0) countdown.textContent = say("again", { time: strings.wait(left) })
        else panel.notice()
      }
      tick()
      ticking = setInterval(tick, 1000)
    },
  }
  question.hidden = true
  panel.notice()
  panel.start("", [])
  panel.show([])
  return panel
}
