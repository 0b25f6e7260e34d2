/** Passes the function that creates a part of the chat, the panel or the extras, to the launcher. */

import type { Part, Parts } from "./launcher-types"

export function install<P extends Part>(part: P, create: Parts[P]): void {
  const element = customElements.get("site-chat") as
    | (CustomElementConstructor & { install?(create: Parts[P], part: P): void })
    | undefined
  element?.install?.(create, part)
}
