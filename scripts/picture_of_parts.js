/** Frames parts of the open chat and writes their names beside it, for docs/images/widget-parts.png. */
() => {
  const COLOR = "#c2185b"
  const SIDES = {
    left: ["header", "title", "greeting", "user", "edit", "assistant", "code", "sources", "number", "actions", "copy", "composer", "input", "disclosure"],
    right: ["content", "mark", "code-wrap", "code-copy", "feedback", "send", "bottom"],
    top: ["past", "fresh", "expand", "close"],
  }
  const { shadowRoot } = document.querySelector("site-chat")
  const sheet = new CSSStyleSheet()
  sheet.replaceSync(`
    body > :not(site-chat) { visibility: hidden }
    site-chat::part(panel) { inset: auto; left: 210px; top: 130px; width: 430px; height: 740px }
  `)
  document.adoptedStyleSheets.push(sheet)

  const layer = document.body.appendChild(document.createElement("site-chat-parts"))
  layer.popover = "manual"
  Object.assign(layer.style, { inset: 0, width: "100%", height: "100%", border: 0, padding: 0, margin: 0, background: "none", overflow: "visible", visibility: "visible" })
  const svg = layer.appendChild(document.createElementNS("http://www.w3.org/2000/svg", "svg"))
  svg.setAttribute("width", innerWidth)
  svg.setAttribute("height", innerHeight)
  layer.showPopover()

  function add(name, attributes, text = "") {
    const element = svg.appendChild(document.createElementNS(svg.namespaceURI, name))
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value)
    element.textContent = text
  }
  function label(text, x, y, anchor) {
    add("text", { x, y: y + 4, "text-anchor": anchor, fill: COLOR, "font-family": "monospace", "font-size": 13, "font-weight": 700 }, text)
  }
  const boxOf = (part) => {
    const all = [...shadowRoot.querySelectorAll(`[part~="${part}"]`)]
    const shown = all.find((element) => element.offsetParent || element.getClientRects().length)
    return shown && { part, box: shown.getBoundingClientRect() }
  }
  const line = (points) => add("polyline", { points: points.map((p) => p.join()).join(" "), fill: "none", stroke: COLOR, "stroke-opacity": 0.7 })
  const frame = ({ x, y, width, height }) =>
    add("rect", { x: x - 1.5, y: y - 1.5, width: width + 3, height: height + 3, rx: 5, fill: "none", stroke: COLOR, "stroke-opacity": 0.75 })

  const panel = boxOf("panel").box
  frame(panel)
  label("panel", panel.left - 8, panel.top - 14, "start")
  for (const side of ["left", "right"]) {
    const found = SIDES[side].map(boxOf).filter(Boolean)
    const middle = ({ box }) => (box.height > 90 ? box.top + 14 : box.top + box.height / 2)
    found.sort((a, b) => middle(a) - middle(b))
    let next = 0
    for (const one of found) {
      const { part, box } = one
      const y = Math.max(next, middle(one))
      next = y + 20
      const isLeft = side === "left"
      const edge = isLeft ? panel.left - 22 : panel.right + 22
      frame(box)
      label(part, isLeft ? edge - 30 : edge + 30, y, isLeft ? "end" : "start")
      line([[isLeft ? edge - 26 : edge + 26, y], [edge, middle(one)], [isLeft ? box.left - 1.5 : box.right + 1.5, middle(one)]])
    }
  }
  const top = SIDES.top.map(boxOf).filter(Boolean)
  top.forEach(({ part, box }, index) => {
    const x = box.left + box.width / 2
    const y = panel.top - 14 - 20 * (top.length - index)
    frame(box)
    label(part, x + 6, y, "start")
    line([[x, y + 2], [x, box.top - 1.5]])
  })
}
