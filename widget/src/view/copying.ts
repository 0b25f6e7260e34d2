/** Copies text, and shows on the button that it did. */

import { setIcon } from "../shared/dom"
import { CHECK, COPY } from "../shared/icons"

/** Milliseconds that the button shows it. */
const SHOWN = 1500

/** `done` or `failed` is called afterwards. */
export async function copyText(text: string, button: HTMLElement, done: () => void, failed: () => void): Promise<void> {
  try {
    await navigator.clipboard.writeText(text)
  } catch {
    // without TLS, or not allowed
    failed()
    return
  }
  setIcon(button, CHECK)
  done()
  setTimeout(() => setIcon(button, COPY), SHOWN)
}
