/** Builds elements without HTML text, so that no text can become HTML. */

type Child = Node | string | false | null | undefined
type Attributes = Record<string, string | number | boolean | undefined | ((event: never) => void)>

/** `classes` are the element's parts, too: what our style sheet can reach, `::part` can. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  classes = "",
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag)
  if (classes) attributes = { class: classes, part: classes, ...attributes }
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name, value as EventListener)
    else if (value !== undefined && value !== false) element.setAttribute(name, String(value))
  }
  element.append(...children.filter((child) => !!child) as Node[])
  return element
}

const ICONS = {
  chat: "M12 4c-5 0-9 3-9 7 0 2 1 4 3 6l-1 4 5-3h2c5 0 9-3 9-7s-4-7-9-7z",
  close: "M6 6l12 12M18 6L6 18",
  send: "M12 19V5M6 11l6-6 6 6",
  stop: "M8 8h8v8H8z",
  down: "M12 5v14M6 13l6 6 6-6",
  copy: "M9 9h10v11H9zM15 9V4H5v11h4",
  check: "M5 12l5 5 9-10",
  good: "M8 11v9M4 11h4l4-8c2 0 3 2 2 4l-1 3h6c1 0 2 1 2 2l-2 6c0 1-1 2-2 2H4z",
  fresh: "M12 5v14M5 12h14",
  retry: "M19 12a7 7 0 1 1-2-5M19 3v5h-5",
}
const SVG = "http://www.w3.org/2000/svg"

export type Icon = keyof typeof ICONS

export function icon(name: Icon): SVGElement {
  const svg = document.createElementNS(SVG, "svg")
  svg.setAttribute("viewBox", "0 0 24 24")
  svg.setAttribute("aria-hidden", "true")
  svg.append(document.createElementNS(SVG, "path"))
  svg.children[0]!.setAttribute("d", ICONS[name])
  return svg
}

export function button(
  classes: string,
  click: (event: MouseEvent) => void,
  ...children: Child[]
): HTMLButtonElement {
  return h("button", classes, { type: "button", click }, ...children)
}

/** A button that shows an icon, and says `label`. */
export function iconButton(
  classes: string,
  name: Icon,
  label: string,
  click: (event: MouseEvent) => void,
): HTMLButtonElement {
  const element = button(classes, click, icon(name))
  setLabel(element, label)
  return element
}

/** Handles Escape, and keeps it from whatever is around. */
export function onEscape(handle: () => void): (event: KeyboardEvent) => void {
  return (event) => {
    if (event.key !== "Escape" || event.isComposing) return
    event.preventDefault()
    event.stopPropagation()
    handle()
  }
}

export function setLabel(element: HTMLElement, label: string): void {
  element.ariaLabel = element.title = label
}
