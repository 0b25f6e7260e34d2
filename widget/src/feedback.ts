/** Copy, thumbs up, thumbs down, and the comment that may go with them. */

import { button, h, iconButton, onEscape } from "./elements"
import type { Actions, MessageView } from "./message"

export function createFeedback(view: MessageView, { strings: { say }, copy, rate }: Actions): HTMLElement {
  let form: HTMLElement | undefined

  const show = (): void => {
    good.ariaPressed = String(view.rating > 0)
    bad.ariaPressed = String(view.rating < 0)
  }
  const set = async (rating: number, comment = ""): Promise<void> => {
    const before = view.rating
    view.rating = rating
    show()
    if (await rate(view, rating, comment)) return
    view.rating = before
    show()
  }
  const choose = (rating: number, chosen: HTMLElement): void => {
    rating = view.rating === rating ? 0 : rating
    void set(rating)
    form?.remove()
    if (!rating) return
    const comment = h("textarea", "", { "aria-label": say("comment"), placeholder: say("comment") })
    const close = (): void => {
      form!.remove()
      chosen.focus()
    }
    form = h("div", "comment", { keydown: onEscape(close) }, comment, h("div", "choices", {},
      button("primary", () => {
        if (comment.value.trim()) void set(rating, comment.value.trim())
        close()
      }, say("submit")),
      button("secondary", close, say("cancel"))))
    element.append(form)
    comment.focus()
  }

  const copyButton = iconButton("copy", "copy", say("copy"), () => copy(view.text, copyButton))
  const good = iconButton("good", "good", say("good"), () => choose(1, good))
  const bad = iconButton("bad", "good", say("bad"), () => choose(-1, bad))
  const element = h("div", "feedback", {}, h("div", "actions", {}, navigator.clipboard && copyButton, good, bad))
  show()
  return element
}
