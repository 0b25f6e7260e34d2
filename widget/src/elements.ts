/** Builds elements without HTML text, so that no text can become HTML. */

type Child = Node | string | false | null | undefined
type Attributes = Record<string, string | number | boolean | ((event: never) => void) | undefined>

export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name, value as EventListener)
    else if (value !== undefined && value !== false) {
      element.setAttribute(name, value === true ? "" : String(value))
    }
  }
  element.append(...children.filter((child): child is Node | string => !!child))
  return element
}

const ICONS = {
  chat: "M12 4c-4.7 0-8.5 3.2-8.5 7.2 0 2.3 1.3 4.4 3.2 5.7L6 20.5l4-2.3c.7.1 1.3.2 2 .2 4.7 0 8.5-3.2 8.5-7.2S16.700 4 12 4z",
  close: "M6 6l12 12M18 6L6 18",
  send: "M12 19V5M6 11l6-6 6 6",
  stop: "M8 8h8v8H8z",
  down: "M12 5v14M6 13l6 6 6-6",
  copy: "M9 9h10v11H9zM15 9V4H5v11h4",
  check: "M5 12.500l4.500 4.500L19 7.500",
  good: "M7.500 11v9M3.500 11h4l4-7.500c1.700 0 2.800 1.500 2.400 3.100L13.300 9.500h5.200c1.300 0 2.200 1.200 1.900 2.400l-1.500 6.300c-.2 1-1.100 1.800-2.200 1.800H3.500z",
  fresh: "M12 5v14M5 12h14",
  retry: "M19 12a7 7 0 1 1-2.300-5.200M19 4v4h-4",
}

export type Icon = keyof typeof ICONS | "bad"

const SVG = "http://www.w3.org/2000/svg"

export function icon(name: Icon): SVGElement {
  const svg = document.createElementNS(SVG, "svg")
  svg.setAttribute("viewBox", "0 0 24 24")
  svg.setAttribute("aria-hidden", "true")
  svg.setAttribute("class", `icon ${name}`)
  const path = document.createElementNS(SVG, "path")
  path.setAttribute("d", ICONS[name === "bad" ? "good" : name])
  svg.append(path)
  return svg
}

export function iconButton(
  name: Icon,
  label: string,
  click: (event: MouseEvent) => void,
  part: string,
): HTMLButtonElement {
  return h("button", { type: "button", "aria-label": label, title: label, part, click }, icon(name))
}
