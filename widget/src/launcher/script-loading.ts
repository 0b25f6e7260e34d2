/** Loads the other scripts when they are first needed. */

import type { Part, Parts } from "../shared/launcher-types"

const script = document.currentScript
const installed: Partial<Parts> = {}
const loading: Partial<Record<Part, Promise<unknown> | undefined>> = {}

/** Registers a part. Its script calls this. */
export function installPart(create: unknown, part: Part): void {
  Object.assign(installed, { [part]: create })
}

/**
 * Resolves to the function that creates a part. Rejects if its script can't be loaded; the next call
 * tries again.
 *
 * The address comes from our own script tag, not from the element: people who can add elements to a page
 * must not be able to load scripts.
 */
export function loadPart<P extends Part>(part: P): Promise<Parts[P]> {
  loading[part] ??= fetchPart(part).catch((error: unknown) => {
    loading[part] = undefined
    throw error
  })
  return loading[part] as Promise<Parts[P]>
}

async function fetchPart(part: Part): Promise<unknown> {
  const tag =
    script instanceof HTMLScriptElement ? script : document.querySelector<HTMLScriptElement>("script[data-panel]")
  const url = new URL(tag?.dataset[part] ?? "", document.baseURI)
  try {
    // unlike a script element, `import()` is allowed by Trusted Types; it uses the nonce of this script
    await import(url.href)
  } catch (error) {
    if (url.origin === location.origin) throw error
    // the script is on another host without CORS, so load it as a classic script
    await addScript(url.href, tag?.nonce ?? "")
  }
  return installed[part]
}

/** Adds a script element to the page. Rejects if the script can't be loaded. */
function addScript(url: string, nonce: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const element = document.createElement("script")
    element.nonce = nonce
    element.onload = resolve
    element.onerror = reject
    element.src = url
    document.head.append(element)
  })
}
