/** Builds elements without parsing HTML, so that no text can become HTML. */

type Child = Node | string | false | null | undefined
type Attributes = Record<string, string | number | boolean | undefined | ((event: never) => void)>

/**
 * Creates an element. Functions in `attributes` become event listeners. Attributes and children that are false
 * or undefined are left out. `classes` are also set as parts, so that sites can style the element with `::part`.
 */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  classes = "",
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag)
  const all = classes ? { class: classes, part: classes, ...attributes } : attributes
  for (const [name, value] of Object.entries(all)) {
    if (typeof value === "function") element.addEventListener(name, value as EventListener)
    else if (value !== undefined && value !== false) element.setAttribute(name, value === true ? "" : String(value))
  }
  element.append(...children.filter((child): child is Node | string => !!child))
  return element
}

const SVG = "http://www.w3.org/2000/svg"

/** Creates an icon from a path of `icons.ts`. */
export function icon(path: string): SVGElement {
  const svg = document.createElementNS(SVG, "svg")
  svg.setAttribute("viewBox", "0 0 24 24")
  svg.setAttribute("aria-hidden", "true")
  const shape = document.createElementNS(SVG, "path")
  shape.setAttribute("d", path)
  svg.append(shape)
  return svg
}

export function button(classes: string, click: (event: MouseEvent) => void, ...children: Child[]): HTMLButtonElement {
  return h("button", classes, { type: "button", click }, ...children)
}

/** Creates a button with an icon and an accessible label. */
export function iconButton(
  classes: string,
  path: string,
  label: string,
  click: (event: MouseEvent) => void,
): HTMLButtonElement {
  const element = button(classes, click, icon(path))
  setLabel(element, label)
  return element
}

/** Sets the accessible label of a button, and shows it as a tooltip. */
export function setLabel(element: HTMLElement, label: string): void {
  element.ariaLabel = label
  element.title = label
}

/** Replaces the icon in an element. Does nothing if there is none. */
export function setIcon(element: HTMLElement, path: string): void {
  element.querySelector("svg")?.replaceWith(icon(path))
}

/**
 * Returns a `keydown` listener that calls `handle` and stops the event if Escape was pressed. It ignores the
 * key while an input method composes a word.
 */
export function onEscape(handle: () => void): (event: KeyboardEvent) => void {
  return (event) => {
    if (event.key !== "Escape" || event.isComposing) return
    event.preventDefault()
    event.stopPropagation()
    handle()
  }
}
