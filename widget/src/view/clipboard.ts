/** Copies text to the clipboard. */

import { setIcon } from "../shared/dom"
import { CHECK, COPY } from "../shared/icons"

/** Milliseconds for which the button shows that the text was copied. */
const CONFIRMATION_TIME = 1500

/** Copies `text`, shows it on `button`, and calls `done` or `failed`. */
export async function copyText(text: string, button: HTMLElement, done: () => void, failed: () => void): Promise<void> {
  try {
    await navigator.clipboard.writeText(text)
  } catch {
    // the page has no TLS, or the browser refuses
    failed()
    return
  }
  setIcon(button, CHECK)
  done()
  setTimeout(() => setIcon(button, COPY), CONFIRMATION_TIME)
}
