/** Copy, thumbs up, thumbs down, and the comment that may go with them. */

import { h, iconButton } from "./elements"
import type { MessageActions, MessageView } from "./message"

export class Feedback {
  readonly element = h("div", { class: "feedback" })
  private readonly good: HTMLButtonElement
  private readonly bad: HTMLButtonElement
  private form: HTMLFormElement | undefined

  constructor(
    private readonly view: MessageView,
    copy: HTMLElement,
    private readonly actions: MessageActions,
  ) {
    const { strings } = actions
    this.good = iconButton("good", strings.say("good"), () => this.choose(1), "button good")
    this.bad = iconButton("bad", strings.say("bad"), () => this.choose(-1), "button bad")
    this.element.append(h("div", { class: "actions" }, copy, this.good, this.bad))
    this.show()
  }

  private show(): void {
    this.good.setAttribute("aria-pressed", String(this.view.rating > 0))
    this.bad.setAttribute("aria-pressed", String(this.view.rating < 0))
  }

  private choose(rating: number): void {
    const chosen = this.view.rating === rating ? 0 : rating
    this.rate(chosen, "")
    this.form?.remove()
    if (!chosen) return
    const { strings } = this.actions
    const comment = h("textarea", { rows: 2, maxlength: 1000, "aria-label": strings.say("comment"), placeholder: strings.say("comment") })
    const back = chosen > 0 ? this.good : this.bad
    const close = (): void => {
      this.form?.remove()
      back.focus()
    }
    this.form = h("form", { class: "comment", part: "comment",
      submit: (event: SubmitEvent) => {
        event.preventDefault()
        const text = comment.value.trim()
        if (text) this.rate(chosen, text)
        close()
      },
      keydown: (event: KeyboardEvent) => {
        if (event.key !== "Escape") return
        event.stopPropagation()
        event.preventDefault()
        close()
      } },
      comment,
      h("div", {},
        h("button", { class: "primary", part: "button primary" }, strings.say("submit")),
        h("button", { type: "button", class: "secondary", part: "button secondary", click: close }, strings.say("cancel"))))
    this.element.append(this.form)
    comment.focus()
  }

  private rate(rating: number, comment: string): void {
    const before = this.view.rating
    this.view.rating = rating
    this.show()
    this.actions.rate(this.view, rating, comment).catch(() => {
      this.view.rating = before
      this.show()
    })
  }
}
