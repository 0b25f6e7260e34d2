/** The actions below an answer: copy, ask again, thumbs and a comment. */

import type { ChatMessage } from "../model/message"
import { button, h, iconButton, onEscape } from "../shared/dom"
import { COPY, GOOD, RETRY } from "../shared/icons"
import type { Actions } from "./action-types"

export function createFeedback(message: ChatMessage, actions: Actions): HTMLElement {
  const {
    strings: { translate },
    copy,
    rate,
    askAgain,
  } = actions
  let form: HTMLElement | undefined
  let offer: HTMLElement | undefined
  const thanks = h("p", "thanks", { hidden: true }, translate("thanks"))

  const show = (): void => {
    good.ariaPressed = String(message.rating > 0)
    bad.ariaPressed = String(message.rating < 0)
  }

  async function set(rating: number, comment = ""): Promise<void> {
    const previous = message.rating
    message.rating = rating
    show()
    if (await rate(message, rating, comment)) {
      thanks.hidden = !rating
      if (rating) actions.announce(translate("thanks"))
      return
    }
    message.rating = previous
    show()
  }

  function choose(rating: number, chosen: HTMLElement): void {
    const next = message.rating === rating ? 0 : rating
    form?.remove()
    offer?.remove()
    thanks.hidden = true
    offer = next < 0 && (message.offer ?? "contact") === "contact" ? actions.createOffer() : undefined
    if (offer) element.append(offer)
    if (next) offerComment(next, chosen)
    void set(next)
  }

  function offerComment(rating: number, chosen: HTMLElement): void {
    const comment = h("textarea", "", {
      "aria-label": translate("comment"),
      placeholder: translate("comment"),
      maxlength: 2000,
    })
    const close = (): void => {
      form?.remove()
      chosen.focus()
    }
    const submit = (): void => {
      const text = comment.value.trim()
      if (text) void set(rating, text)
      close()
    }
    form = h(
      "div",
      "comment",
      { keydown: onEscape(close) },
      comment,
      h(
        "div",
        "choices",
        {},
        button("primary", submit, translate("submit")),
        button("secondary", close, translate("cancel")),
      ),
    )
    element.append(form)
    comment.focus({ preventScroll: true })
  }

  const copyButton = iconButton("copy", COPY, translate("copy"), () => copy(message.text, copyButton))
  const againButton = iconButton("again", RETRY, translate("askAgain"), () => askAgain(message))
  const good = iconButton("good", GOOD, translate("good"), () => choose(1, good))
  const bad = iconButton("bad", GOOD, translate("bad"), () => choose(-1, bad))
  const element = h(
    "div",
    "feedback",
    {},
    h("div", "actions", {}, copyButton, !message.note?.retry && againButton, good, bad),
    thanks,
  )
  show()
  return element
}
