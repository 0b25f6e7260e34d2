/** Entry point of the launcher script, which every page loads. */

import { SiteChat } from "./element"
import { askFromAddress, handleClick, handleKey, handleSelection } from "./opening"

if (!customElements.get("site-chat")) {
  try {
    CSS.registerProperty({ name: "--rem", syntax: "<length>", inherits: true, initialValue: "16px" })
  } catch {
    // another copy of this script has registered it
  }
  customElements.define("site-chat", SiteChat)
  document.addEventListener("click", handleClick)
  document.addEventListener("keydown", handleKey)
  document.addEventListener("pointerup", handleSelection)
  addEventListener("hashchange", () => askFromAddress(true))
  const { referrer } = document
  askFromAddress(!!referrer && new URL(referrer).origin === location.origin)
}
