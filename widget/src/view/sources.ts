/** The sources of an answer: marks in the text, and the list below it. */

import { safeAddress, setLink } from "../markdown"
import { h } from "../shared/dom"
import type { Source } from "../shared/http-types"
import type { Actions } from "./action-types"

export interface Sources {
  /** Creates a numbered mark. It becomes a link when its source is known and has a safe address. */
  mark(n: number): HTMLElement
  add(source: Source): void
  /** Creates the list of all sources; undefined if there are none. */
  list(): HTMLElement | undefined
}

const addressOf = ({ url }: Source): string | undefined => (url ? safeAddress(url) : undefined)

export function createSources(initial: readonly Source[], { strings: { translate }, tooltip }: Actions): Sources {
  const byNumber = new Map(initial.map((source) => [source.n, source]))
  const marks = new Map<number, HTMLElement[]>()

  function fill(mark: HTMLElement, source: Source): void {
    const href = addressOf(source)
    if (href === undefined) return
    setLink(mark, new URL(href, document.baseURI).href)
    mark.ariaLabel = translate("source", { number: source.n, title: source.title })
  }

  return {
    mark(n) {
      const mark = h("a", "mark", { "data-n": n }, String(n))
      marks.set(n, [...(marks.get(n) ?? []), mark])
      tooltip.attach(mark, () => byNumber.get(n)?.title ?? "")
      const source = byNumber.get(n)
      if (source) fill(mark, source)
      return mark
    },

    add(source) {
      byNumber.set(source.n, source)
      for (const mark of marks.get(source.n) ?? []) fill(mark, source)
    },

    list() {
      if (!byNumber.size) return undefined
      const items = [...byNumber.values()].map((source) => {
        const href = addressOf(source)
        const name = h(href === undefined ? "span" : "a", "", { dir: "auto" }, source.title || source.url)
        if (href !== undefined) setLink(name, new URL(href, document.baseURI).href)
        return h("li", "", {}, h("span", "number", { "aria-hidden": "true" }, String(source.n)), name)
      })
      return h(
        "div",
        "sources",
        {},
        h("p", "", {}, translate("sources")),
        h("ol", "", { "aria-label": translate("sources") }, ...items),
      )
    },
  }
}
